#include "leader/elector.h"

#include <gmock/gmock.h>

#include "unit/leader/candidate.h"

namespace processhub::leader {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ElectorTest : public ::testing::Test {
 protected:
  // Whether `candidate` leads within `limit`; how long that took.
  std::optional<Duration> leads_within(Candidate& candidate, Duration limit) {
    const SteadyTime before = clock_.steady_now();
    if (!executor_.advance_until([&] { return candidate.leading(); }, limit)) return std::nullopt;
    return clock_.steady_now() - before;
  }

  [[nodiscard]] json spec() const { return server_.lease.value("spec", json()); }

  testing::FakeClock clock_;
  testing::FakeExecutor executor_{clock_};
  LeaseServer server_;
  Candidate a_{server_, executor_, clock_, "a"};
  Candidate b_{server_, executor_, clock_, "b", 0s, 2};
};

TEST_F(ElectorTest, MakesTheLeaseWhereThereIsNone) {
  a_->start();
  executor_.settle();
  EXPECT_TRUE(a_.leading());
  EXPECT_EQ(a_->time_left(), 10s);
  EXPECT_EQ(a_->holder(), "a");
  EXPECT_EQ(spec(), json({{"holderIdentity", "a"},
                          {"leaseDurationSeconds", 15},
                          {"leaseTransitions", 0},
                          {"acquireTime", "2026-01-02T00:00:00.000000Z"},
                          {"renewTime", "2026-01-02T00:00:00.000000Z"}}));
  EXPECT_EQ(server_.lease["metadata"]["namespace"], "sys");
  EXPECT_EQ(server_.lease["metadata"]["name"], "op");
}

TEST_F(ElectorTest, RenewsWithOneRequestAPeriodAndKeepsItsAcquireTime) {
  a_->start();
  executor_.settle();
  const int before = a_.requests();
  executor_.advance(1min);
  EXPECT_TRUE(a_.leading());
  EXPECT_GE(a_->time_left(), 7s);
  EXPECT_THAT(a_.told, ElementsAre("started"));
  EXPECT_LE(a_.requests() - before, 30);
  EXPECT_GE(a_.requests() - before, 24);
  EXPECT_EQ(spec()["acquireTime"], "2026-01-02T00:00:00.000000Z");
  EXPECT_EQ(spec()["leaseTransitions"], 0);
}

TEST_F(ElectorTest, TimeLeftCountsFromTheSendingOfTheRenewal) {
  a_.there = 1s;
  a_.back = 1s;
  a_->start();
  ASSERT_TRUE(leads_within(a_, 10s));
  EXPECT_EQ(a_->time_left(), 8s);
}

TEST_F(ElectorTest, TheWriteGuardTellsTheTimeLeft) {
  const kube::WriteGuard guard = a_->write_guard();
  EXPECT_EQ(guard(), std::nullopt);
  a_->start();
  executor_.settle();
  EXPECT_EQ(guard(), 10s);
  executor_.advance(1500ms);
  EXPECT_EQ(guard(), 8500ms);
}

TEST_F(ElectorTest, AnotherCandidateWaits) {
  a_->start();
  executor_.settle();
  b_->start();
  executor_.advance(5min);
  EXPECT_TRUE(a_.leading());
  EXPECT_FALSE(b_.leading());
  EXPECT_EQ(b_->holder(), "a");
  EXPECT_THAT(b_.told, IsEmpty());
}

TEST_F(ElectorTest, AfterACrashAnotherTakesOverOnceTheDurationHasPassed) {
  a_->start();
  executor_.settle();
  b_->start();
  executor_.advance(1min);
  a_.crash();
  const auto took = leads_within(b_, 1min);
  ASSERT_TRUE(took);
  EXPECT_GE(*took, 12s);  // the last renewal was up to 2.4 s before the crash
  EXPECT_LE(*took, 15s + 2400ms + 2400ms);
  EXPECT_EQ(spec()["holderIdentity"], "b");
  EXPECT_EQ(spec()["leaseTransitions"], 1);
}

TEST_F(ElectorTest, ClocksOfTwoMachinesAreNeverCompared) {
  Candidate ahead(server_, executor_, clock_, "ahead", 24h * 365);
  Candidate behind(server_, executor_, clock_, "behind", -24h * 365);
  ahead->start();
  executor_.settle();
  behind->start();
  executor_.advance(5min);
  EXPECT_TRUE(ahead.leading());
  EXPECT_FALSE(behind.leading());
  ahead.crash();
  EXPECT_LE(leads_within(behind, 1min), 20s);
}

TEST_F(ElectorTest, RenewalsAreSeenAlsoWhenTheMachinesClockIsSetBack) {
  a_->start();
  executor_.settle();
  b_->start();
  executor_.advance(10s);
  const std::string before = spec()["renewTime"];
  clock_.set_wall(clock_.wall_now() - 1h);
  executor_.advance(1min);
  EXPECT_GT(spec()["renewTime"].get<std::string>(), before);
  EXPECT_TRUE(a_.leading());
  EXPECT_FALSE(b_.leading());
}

TEST_F(ElectorTest, ALeaderThatIsCutOffStepsDownAtItsDeadlineBeforeAnotherLeads) {
  a_->start();
  executor_.settle();
  b_->start();
  executor_.advance(1min);
  a_.cut = true;
  ASSERT_TRUE(executor_.advance_until([&] { return !a_.leading(); }, 1min));
  EXPECT_FALSE(b_.leading());
  EXPECT_THAT(a_.told, ElementsAre("started", "stopped"));
  ASSERT_TRUE(leads_within(b_, 20s));
  a_.cut = false;
  executor_.advance(1min);
  EXPECT_FALSE(a_.leading());
  EXPECT_EQ(a_->holder(), "b");
}

TEST_F(ElectorTest, ADeposedLeaderIsACandidateAgain) {
  a_->start();
  executor_.settle();
  b_->start();
  a_.cut = true;
  ASSERT_TRUE(leads_within(b_, 1min));
  a_.cut = false;
  executor_.advance(1min);
  b_.crash();
  ASSERT_TRUE(leads_within(a_, 1min));
  EXPECT_THAT(a_.told, ElementsAre("started", "stopped", "started"));
  EXPECT_EQ(spec()["leaseTransitions"], 2);
}

TEST_F(ElectorTest, ALeaderThatNobodyReplacedLeadsAgainWithoutATransition) {
  a_->start();
  executor_.settle();
  a_.cut = true;
  executor_.advance(1min);
  EXPECT_FALSE(a_.leading());
  a_.cut = false;
  ASSERT_TRUE(leads_within(a_, 30s));
  EXPECT_EQ(spec()["leaseTransitions"], 0);
}

TEST_F(ElectorTest, ARenewalWhoseAnswerWasLostIsFoundAgain) {
  a_->start();
  executor_.settle();
  a_.lose_answers = true;
  executor_.advance(3s);  // one renewal was carried out
  a_.lose_answers = false;
  executor_.advance(1min);
  EXPECT_TRUE(a_.leading());
  EXPECT_THAT(a_.told, ElementsAre("started"));
}

TEST_F(ElectorTest, AnswersThatComeTooLateGiveNoTime) {
  a_.back = 11s;
  a_->start();
  executor_.advance(1min);
  EXPECT_FALSE(a_.leading());
  EXPECT_THAT(a_.told, IsEmpty());
  a_.back = 0s;
  EXPECT_TRUE(leads_within(a_, 30s));
}

TEST_F(ElectorTest, StepsDownAtOnceWhenAnotherHoldsTheLease) {
  a_->start();
  executor_.settle();
  server_.set_spec({{"holderIdentity", "thief"}, {"leaseDurationSeconds", 15}});
  executor_.advance(2400ms);
  EXPECT_FALSE(a_.leading());
  EXPECT_EQ(a_->holder(), "thief");
}

TEST_F(ElectorTest, ADeletedLeaseIsMadeAgainByItsHolder) {
  a_->start();
  executor_.settle();
  b_->start();
  executor_.advance(1min);
  server_.lease = nullptr;
  executor_.advance(1min);
  EXPECT_TRUE(a_.leading());
  EXPECT_FALSE(b_.leading());
  EXPECT_THAT(a_.told, ElementsAre("started"));
  EXPECT_EQ(spec()["holderIdentity"], "a");
}

TEST_F(ElectorTest, ALeaseDeletedUnderALeaderThatIsCutOffIsTakenOnlyAfterItsDuration) {
  a_->start();
  executor_.settle();
  b_->start();
  executor_.advance(1min);
  a_.cut = true;
  server_.lease = nullptr;
  ASSERT_TRUE(executor_.advance_until([&] { return !a_.leading(); }, 1min));
  EXPECT_FALSE(b_.leading());
  EXPECT_TRUE(leads_within(b_, 20s));
}

TEST_F(ElectorTest, AFormerHolderDoesNotTakeADeletedLeaseAtOnce) {
  a_->start();
  executor_.settle();
  b_->start();
  a_.cut = true;
  ASSERT_TRUE(leads_within(b_, 1min));
  executor_.advance(10s);
  server_.lease = nullptr;
  b_.cut = true;
  a_.cut = false;
  ASSERT_TRUE(leads_within(a_, 1min));
  EXPECT_FALSE(b_.leading());
}

// Its first request to make the lease arrives when somebody has deleted that of another.
TEST_F(ElectorTest, ALeaseOfItsOwnThatItDidNotKnowOfLeavesAnotherItsTime) {
  b_.there = 9s;
  b_.lose_answers = true;
  b_->start();
  executor_.advance(4s);
  b_.lose_answers = false;
  a_->start();
  executor_.settle();
  ASSERT_TRUE(a_.leading());
  b_.there = 0s;
  executor_.advance(4s);
  ASSERT_EQ(b_->holder(), "a");
  server_.lease = nullptr;
  server_.set_spec({{"holderIdentity", "b"}, {"leaseDurationSeconds", 15}});
  a_.cut = true;  // and so does not learn of it
  ASSERT_TRUE(leads_within(b_, 1min));
  EXPECT_FALSE(a_.leading());
}

TEST_F(ElectorTest, ReleasedLeasesAreTakenAtOnce) {
  a_->start();
  executor_.settle();
  b_->start();
  executor_.advance(1min);
  bool released = false;
  a_->release([&] { released = true; });
  EXPECT_FALSE(a_.leading());
  EXPECT_FALSE(released);
  executor_.settle();
  EXPECT_TRUE(released);
  EXPECT_EQ(spec()["holderIdentity"], "");
  EXPECT_EQ(spec()["leaseDurationSeconds"], 1);
  EXPECT_LE(leads_within(b_, 1min), 2400ms);
  EXPECT_EQ(spec()["leaseTransitions"], 1);
  EXPECT_EQ(spec()["leaseDurationSeconds"], 15);
  executor_.advance(1min);
  EXPECT_FALSE(a_.leading());
  EXPECT_THAT(a_.told, ElementsAre("started", "stopped"));
}

TEST_F(ElectorTest, ReleaseLeavesAnothersLeaseAlone) {
  a_->start();
  executor_.settle();
  b_->start();
  executor_.advance(10s);
  const int writes = server_.writes;
  bool released = false;
  b_->release([&] { released = true; });
  executor_.settle();
  EXPECT_TRUE(released);
  EXPECT_EQ(server_.writes, writes);
  EXPECT_TRUE(a_.leading());
}

TEST_F(ElectorTest, ReleaseGivesBackALeaseThatWasTakenWithoutAnAnswer) {
  a_.lose_answers = true;
  a_->start();
  executor_.advance(1s);
  ASSERT_TRUE(server_.lease.is_null());  // the read was lost
  a_.lose_answers = false;
  a_.back = 4900ms;
  executor_.advance(11s);
  ASSERT_EQ(spec()["holderIdentity"], "a");
  a_.back = 0s;
  bool released = false;
  a_->release([&] { released = true; });
  executor_.advance(1s);
  EXPECT_TRUE(released);
  EXPECT_EQ(spec()["holderIdentity"], "");
}

TEST_F(ElectorTest, ReleaseEndsAlsoWhenTheServerDoesNotAnswer) {
  a_->start();
  executor_.settle();
  a_.cut = true;
  int released = 0;
  a_->release([&] { ++released; });
  executor_.advance(4999ms);
  EXPECT_EQ(released, 0);
  executor_.advance(1ms);
  EXPECT_EQ(released, 1);
  executor_.advance(1min);
  EXPECT_EQ(released, 1);
}

TEST_F(ElectorTest, AfterResigningItIsNoCandidate) {
  a_->start();
  executor_.settle();
  a_->resign();
  EXPECT_EQ(a_->time_left(), std::nullopt);
  EXPECT_THAT(a_.told, ElementsAre("started", "stopped"));
  const int before = a_.requests();
  executor_.advance(1min);
  EXPECT_EQ(a_.requests(), before);
  EXPECT_EQ(spec()["holderIdentity"], "a");
}

TEST_F(ElectorTest, MalformedLeasesAreTakenOnlyAfterTheirDurationOrADefault) {
  const std::vector<std::pair<json, Duration>> cases = {
      {{{"holderIdentity", "x"}}, 15s},
      {{{"holderIdentity", "x"}, {"leaseDurationSeconds", "soon"}}, 15s},
      {{{"holderIdentity", "x"}, {"leaseDurationSeconds", -3}}, 15s},
      {{{"holderIdentity", "x"}, {"leaseDurationSeconds", 40}, {"renewTime", "yesterday"}}, 40s},
      {{{"holderIdentity", 7}}, 15s},
      {json::array({1}), 15s},
      {{{"holderIdentity", ""}, {"leaseDurationSeconds", 40}}, 0s},
      {{{"leaseTransitions", "many"}}, 0s},
      {json(), 0s},
  };
  for (const auto& [lease_spec, least] : cases) {
    SCOPED_TRACE(lease_spec.dump());
    server_.set_spec(lease_spec);
    Candidate candidate(server_, executor_, clock_, "c");
    candidate->start();
    const auto took = leads_within(candidate, 2min);
    ASSERT_TRUE(took);
    EXPECT_GE(*took, least);
    EXPECT_LE(*took, least + 3s);
  }
}

TEST_F(ElectorTest, NothingHappensAfterItsEnd) {
  a_.back = 1s;
  a_->start();
  executor_.advance(500ms);
  a_.crash();
  const int before = a_.requests();
  executor_.advance(1min);
  EXPECT_EQ(a_.requests(), before);
  EXPECT_THAT(a_.told, IsEmpty());
}

}  // namespace
}  // namespace processhub::leader
