// A child that is to have no pods for now.
#include <gmock/gmock.h>

#include "unit/plan/roles_fixture.h"

namespace processhub::plan {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

class SuspendedTest : public RolesTest {
 protected:
  void suspend() { s_.child.spec.suspended = true; }
};

TEST_F(SuspendedTest, NobodyLeadsBeforeThePodsGo) {
  suspend();
  const auto lines = plan_and_do();
  ASSERT_EQ(lines.size(), 5U);
  EXPECT_EQ(lines[0], "status");
  EXPECT_THAT(std::vector(lines.begin() + 1, lines.begin() + 3),
              UnorderedElementsAre("passive 0.1", "passive 1.1"));
  EXPECT_THAT(std::vector(lines.begin() + 3, lines.end()),
              UnorderedElementsAre("delete 0.1 Suspended", "delete 1.1 Suspended"));
  EXPECT_EQ(s_.child.status.phase, api::Phase::kSuspended);
  EXPECT_EQ(s_.child.status.epoch, epoch_ + 1);
  EXPECT_FALSE(s_.child.status.active);
  EXPECT_EQ(active().reason, "Suspended");
  EXPECT_EQ(testing::condition_of(s_.child.status.conditions, kReady).reason, "Suspended");
}

TEST_F(SuspendedTest, ItsSlotsAndItsEpochAreKept) {
  suspend();
  plan_and_do();
  const std::vector<api::Replica> before = s_.child.status.replicas;
  s_.pods.clear();
  plan_and_do();
  EXPECT_THAT(plan_and_do(), IsEmpty());
  ASSERT_EQ(s_.child.status.replicas.size(), before.size());
  for (size_t i = 0; i < before.size(); ++i) {
    EXPECT_EQ(s_.child.status.replicas[i].slot, before[i].slot);
    EXPECT_EQ(s_.child.status.replicas[i].incarnation, before[i].incarnation);
    EXPECT_EQ(s_.child.status.replicas[i].node, before[i].node);
    EXPECT_TRUE(s_.child.status.replicas[i].pod_uid.empty());
  }
  EXPECT_EQ(s_.child.status.epoch, epoch_ + 1);
  EXPECT_EQ(s_.child.status.ready, "0/0");

  s_.child.spec.suspended = false;
  EXPECT_THAT(plan_and_do(),
              UnorderedElementsAre(StartsWith("create 0.1 on " + before[0].node.str()),
                                   StartsWith("create 1.1 on " + before[1].node.str())));
  EXPECT_EQ(s_.child.status.phase, api::Phase::kPending);
}

TEST_F(SuspendedTest, APausedHubStopsNothing) {
  suspend();
  s_.hub->spec.paused = true;
  EXPECT_THAT(plan_and_do(), IsEmpty());
  EXPECT_EQ(s_.child.status.phase, api::Phase::kRunning);
  EXPECT_TRUE(s_.child.status.active);
}

TEST_F(SuspendedTest, WhoLedIsToldByHttpToo) {
  http();
  lead_->ip = "10.0.0.1";
  suspend();
  EXPECT_THAT(plan_and_do(), Contains("tell 0.1 passive"));
}

TEST_F(SuspendedTest, PeersJustGo) {
  s_ = testing::Situation();
  s_.replicas(2).settle();
  suspend();
  EXPECT_THAT(plan_and_do(), UnorderedElementsAre("delete 0.1 Suspended", "delete 1.1 Suspended"));
}

}  // namespace
}  // namespace processhub::plan
