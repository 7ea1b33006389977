// A HotSwap in which the pod that led gives its state to the one that takes its place.
#include "plan/handover.h"

#include <gmock/gmock.h>

#include "api/conditions.h"
#include "plan/labels.h"
#include "plan/roles.h"
#include "unit/plan/builders.h"

namespace processhub::plan {
namespace {

using testing::at;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::told;

// A child whose one pod is to leave its node, and whose new pod is there.
class HandoverTest : public ::testing::Test {
 protected:
  HandoverTest() {
    now_.active_passive(1);
    api::MigrationSpec& migration = now_.hub->spec.migration;
    migration.strategy = api::MigrationStrategyKind::kHotSwap;
    migration.hot_swap.retention = testing::seconds(0);
    migration.hot_swap.handover = {.enabled = true, .port = 8080};
    now_.settle();
    old_ = now_.child.status.active->node;
    now_.pod(0)->ip = "10.0.0.1";
    round();
    now_.node(old_).unschedulable = true;
    round();
    kube::Pod& pod = now_.run(0, now_.child.status.replicas[1].node, 2);
    pod.ip = "10.0.0.2";
    pod.ready_since = now_.now;
  }
  std::vector<std::string> round() {
    plan_ = now_.plan();
    now_.carry_out(plan_);
    return told(plan_, now_.child);
  }
  [[nodiscard]] kube::Pod& from() { return *now_.pod(0, 1); }
  [[nodiscard]] kube::Pod& to() { return *now_.pod(0, 2); }
  void answer(const std::string& problem = "") {
    now_.answers.handovers[to().meta.uid] = {
        .epoch = now_.child.status.epoch, .over = true, .problem = problem};
  }
  [[nodiscard]] const api::Condition& handed_over() const {
    return testing::condition_of(now_.child.status.conditions, kHandedOver);
  }
  void remove(int incarnation) {
    const std::string name = pod_name(now_.child, 0, incarnation);
    std::erase_if(now_.pods, [&](const kube::Pod& pod) { return pod.meta.name == name; });
  }

  testing::Situation now_{3};
  NodeName old_;
  ChildPlan plan_;
};

TEST_F(HandoverTest, TheStateMovesAfterTheSealAndBeforeTheLabel) {
  EXPECT_THAT(round(), ElementsAre("status", "passive 0.1", "give 0.1 to 0.2"));
  EXPECT_EQ(now_.child.status.active->pod_uid, to().meta.uid);
  EXPECT_EQ(now_.child.status.active->handover_from, from().meta.uid);
  const auto& give = std::get<GiveState>(plan_.actions.back());
  EXPECT_EQ(give.from_ip, "10.0.0.1");
  EXPECT_EQ(give.to_ip, "10.0.0.2");
  EXPECT_EQ(give.epoch, now_.child.status.epoch);
  EXPECT_EQ(handed_over().reason, "GivingState");
  EXPECT_THAT(round(), ElementsAre("give 0.1 to 0.2")) << "asked again after a restart";
  now_.answers.handovers[to().meta.uid] = {.epoch = now_.child.status.epoch};
  EXPECT_THAT(round(), IsEmpty()) << "it is under way";
  EXPECT_EQ(testing::condition_of(now_.child.status.conditions, kActive).status,
            kube::ConditionStatus::kUnknown);

  answer();
  EXPECT_THAT(round(), Contains("active 0.2"));
  EXPECT_TRUE(std::holds_alternative<PutStatus>(plan_.actions.front())) << "that it is over";
  EXPECT_TRUE(now_.child.status.active->handover_from.empty());
  EXPECT_EQ(handed_over().reason, "StateGiven");
  EXPECT_THAT(round(), ElementsAre("delete 0.1 NodeDraining"));
}

TEST_F(HandoverTest, TheOldPodStaysUntilItsStateHasMoved) {
  round();
  now_.now = at(1000);
  EXPECT_THAT(round(), Not(Contains(HasSubstr("delete"))));
}

TEST_F(HandoverTest, WithoutTheStateTheMoveGoesOnAndSaysSo) {
  round();
  answer("pod orders-0-x, asked 3 times: it answered 500");
  EXPECT_THAT(round(), Contains("active 0.2"));
  EXPECT_EQ(handed_over().status, kube::ConditionStatus::kFalse);
  EXPECT_EQ(handed_over().reason, "TimedOut");
  EXPECT_THAT(handed_over().message, HasSubstr("it answered 500"));
}

TEST_F(HandoverTest, AnAnswerUnderAnotherEpochIsNone) {
  round();
  answer();
  now_.answers.handovers.begin()->second.epoch -= 1;
  EXPECT_THAT(round(), ElementsAre("give 0.1 to 0.2"));
}

TEST_F(HandoverTest, WhereTheOldPodEndsInTheMiddleNobodyWaitsForIt) {
  round();
  from().phase = "Failed";
  EXPECT_THAT(round(), Contains("active 0.2"));
  EXPECT_EQ(handed_over().reason, "PodGone");
}

TEST_F(HandoverTest, WhereTheOldPodsNodeIsLostInTheMiddleNobodyWaitsForIt) {
  round();
  now_.lose(old_, at(0));
  EXPECT_THAT(round(), Contains("active 0.2"));
  EXPECT_EQ(handed_over().reason, "PodGone");
}

// It never led, so the old one goes on with what it has.
TEST_F(HandoverTest, WhereTheNewPodFailsBeforeItsLabelTheOldOneLeadsAgain) {
  round();
  const int64_t epoch = now_.child.status.epoch;
  to().phase = "Failed";
  to().ready = false;
  const auto lines = round();
  EXPECT_THAT(lines, Contains("active 0.1"));
  EXPECT_THAT(lines, Not(Contains(HasSubstr("give"))));
  EXPECT_EQ(now_.child.status.epoch, epoch + 1);
  EXPECT_EQ(now_.child.status.active->pod_uid, from().meta.uid);
  EXPECT_TRUE(now_.child.status.active->handover_from.empty());
  EXPECT_EQ(handed_over().reason, "Abandoned");
}

// Its Node still says Ready, so that nothing else does.
TEST_F(HandoverTest, ASuspectNodeIsNotAsked) {
  now_.not_reached = old_;
  now_.hub->spec.failover.detection = api::Detection::kNodeProbe;
  const auto lines = round();
  EXPECT_THAT(lines, Contains("active 0.2"));
  EXPECT_THAT(lines, Not(Contains(HasSubstr("give"))));
}

TEST_F(HandoverTest, ANodeThatBecomesSuspectIsNotWaitedFor) {
  round();
  now_.not_reached = old_;
  now_.hub->spec.failover.detection = api::Detection::kNodeProbe;
  EXPECT_THAT(round(), Contains("active 0.2"));
  EXPECT_EQ(handed_over().reason, "PodGone");
}

// Else who starts next would ask a pod that works already for what it had before.
TEST_F(HandoverTest, ThatItIsOverIsWrittenFirstAlsoWhileTheHubIsPaused) {
  round();
  answer();
  now_.hub->spec.paused = true;
  EXPECT_THAT(round(), ElementsAre("status", "active 0.2"));
  EXPECT_TRUE(now_.child.status.active->handover_from.empty());
}

TEST_F(HandoverTest, TheRetentionBeginsWhenItIsOver) {
  now_.hub->spec.migration.hot_swap.retention = testing::seconds(5);
  round();
  now_.now = at(100);
  answer();
  EXPECT_THAT(round(), Contains("active 0.2"));
  round();
  EXPECT_EQ(plan_.look_again, at(105));
}

TEST_F(HandoverTest, WhereTheHubNoLongerWantsItTheMoveGoesOnWithout) {
  round();
  now_.hub->spec.migration.hot_swap.handover.enabled = false;
  EXPECT_THAT(round(), Contains("active 0.2"));
  EXPECT_EQ(handed_over().reason, "NotWanted");
}

// What is told by HTTP comes before: it has stopped when it is asked.
TEST_F(HandoverTest, TheOldPodIsToldFirstThatItStandsBy) {
  now_.hub->spec.redundancy.replication.http = api::RoleHttpSpec{.port = 8080};
  EXPECT_THAT(round(), ElementsAre("status", "passive 0.1", "tell 0.1 passive", "give 0.1 to 0.2"));
}

// A take-over from a node that is lost has nobody to ask.
TEST_F(HandoverTest, ATakeOverFromALostNodeHasNoHandover) {
  now_.lose(old_, at(0));
  const auto lines = round();
  EXPECT_THAT(lines, Contains("active 0.2"));
  EXPECT_THAT(lines, Not(Contains(HasSubstr("give"))));
}

}  // namespace
}  // namespace processhub::plan
