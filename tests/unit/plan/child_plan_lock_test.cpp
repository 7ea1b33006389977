// One child's plan while its hub is locked: what nodes do changes no pod's place.
#include <gmock/gmock.h>

#include "plan/child_plan.h"
#include "unit/plan/builders.h"

namespace processhub::plan {
namespace {

using testing::at;
using ::testing::IsEmpty;
using testing::Situation;
using testing::told;

class LockedPlanTest : public ::testing::Test {
 protected:
  // A settled child of so many replicas; `lost_` is the node of slot 0.
  void given(int replicas) {
    now_.replicas(replicas).settle();
    lost_ = now_.pods[0].node;
  }
  // The same, of a hub that is locked as soon as one node is not Ready.
  void given_locked(int replicas) {
    given(replicas);
    now_.hub->spec.partition_tolerance = {
        .strategy = api::PartitionToleranceKind::kStaticQuorum,
        .static_quorum = {.size = static_cast<int>(now_.nodes.size()), .startup_confirm = true}};
  }
  // Each round's status is stored, as the executor does.
  std::vector<std::string> round(WallTime when) {
    now_.now = when;
    plan_ = now_.plan();
    now_.store(plan_);
    return told(plan_, now_.child);
  }
  Situation now_{4};
  ChildPlan plan_;
  NodeName lost_;
};

TEST_F(LockedPlanTest, NoPodIsDeletedOrReplacedBecauseOfItsNode) {
  given_locked(2);
  now_.lose(lost_, at(0));
  EXPECT_THAT(round(at(10'000)), IsEmpty());
  EXPECT_THAT(plan_.status.excluded, IsEmpty());
  now_.remove_node(lost_);
  EXPECT_THAT(round(at(20'000)), IsEmpty());
  ASSERT_NE(now_.frame().membership.member(lost_), nullptr);
}

// Its Node was deleted, then its pods by Kubernetes: it has a place, but not one to start at.
TEST_F(LockedPlanTest, NothingIsMadeWhereTheNodeWasDeleted) {
  given_locked(1);
  now_.remove_node(lost_);
  now_.pods.clear();
  EXPECT_THAT(round(at(10'000)), IsEmpty());
  ASSERT_EQ(plan_.status.replicas.size(), 1U);
  EXPECT_EQ(plan_.status.replicas[0].node, lost_);
  EXPECT_FALSE(plan_.status.replicas[0].node_uid.empty());
  EXPECT_THAT(round(at(10'001)), IsEmpty());  // also by that status
}

// A replica that has its place already keeps it, also before it has its pod.
TEST(MassLossPlan, ANewChildIsPlacedOnReadyNodes) {
  Situation now(5);
  now.replicas(2);
  std::vector<NodeName> lost = now.ring_nodes();
  lost.push_back(now.ring_nodes(lost).front());
  for (const NodeName& node : lost) now.lose(node, at(0));
  now.now = at(10);
  const ChildPlan first = now.plan();
  ASSERT_TRUE(now.frame().membership.mass_loss);
  ASSERT_EQ(first.status.replicas.size(), 2U);
  for (const api::Replica& replica : first.status.replicas) {
    EXPECT_EQ(now.node(replica.node).ready, kube::ConditionStatus::kTrue);
  }
  now.store(first);
  now.run(0, first.status.replicas[0].node);
  const ChildPlan second = now.plan();
  ASSERT_EQ(second.status.replicas.size(), 2U);
  EXPECT_EQ(second.status.replicas[1].node, first.status.replicas[1].node);
}

TEST_F(LockedPlanTest, AnExclusionOfANodeThatWasDeletedHolds) {
  given(1);
  now_.lose(lost_, at(0));
  round(at(10));
  ASSERT_EQ(plan_.status.excluded.size(), 1U);
  now_.hub->spec.partition_tolerance = {.strategy = api::PartitionToleranceKind::kStaticQuorum,
                                        .static_quorum = {.size = 100, .startup_confirm = true}};
  now_.remove_node(lost_);
  round(at(11));
  EXPECT_EQ(plan_.status.excluded.size(), 1U);
}

TEST_F(LockedPlanTest, WhatIsOnReadyNodesGoesOn) {
  given_locked(2);
  now_.lose(lost_, at(0));
  std::erase_if(now_.pods, [&](const kube::Pod& pod) { return pod.node != lost_; });
  const auto made = round(at(10'000));
  ASSERT_EQ(made.size(), 1U);
  EXPECT_THAT(made[0], ::testing::StartsWith("create "));
}

TEST_F(LockedPlanTest, NoVoluntaryMoveBegins) {
  given_locked(1);
  now_.lose(NodeName(now_.nodes[now_.nodes[0].meta.name == lost_.str() ? 1 : 0].meta.name), at(0));
  now_.pod_template = testing::make_template("rev2");
  EXPECT_THAT(round(at(10)), IsEmpty());
  EXPECT_FALSE(plan_.wants_move);
}

}  // namespace
}  // namespace processhub::plan
