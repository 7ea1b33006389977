// One child's plan when its nodes are lost, come back, vanish or are replaced.
#include <gmock/gmock.h>

#include "plan/child_plan.h"
#include "plan/labels.h"
#include "unit/plan/builders.h"

namespace processhub::plan {
namespace {

using testing::at;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::NodeBuilder;
using testing::Situation;
using testing::told;

class LossTest : public ::testing::Test {
 protected:
  // A settled child of so many replicas; `lost_` is the node of slot 0, `next_` the one that
  // the walk gives in its place.
  void given(int replicas, int nodes = 4) {
    now_ = Situation(nodes);
    now_.replicas(replicas).settle();
    lost_ = now_.pods[0].node;
    const auto nodes_left = now_.ring_nodes({lost_});
    if (!nodes_left.empty()) next_ = nodes_left.back();
  }
  std::vector<std::string> actions(WallTime when) {
    now_.now = when;
    plan_ = now_.plan();
    return told(plan_, now_.child);
  }
  // Each round's status is stored, as the executor does.
  std::vector<std::string> round(WallTime when) {
    const auto lines = actions(when);
    now_.store(plan_);
    return lines;
  }
  Situation now_{4};
  ChildPlan plan_;
  NodeName lost_;
  NodeName next_;
};

TEST_F(LossTest, AChildWithoutAnyReadyReplicaIsPlacedElsewhereAfterRestartAfter) {
  given(1);
  now_.lose(lost_, at(0));
  EXPECT_THAT(actions(at(0)), IsEmpty());
  EXPECT_EQ(plan_.look_again, at(10));
  EXPECT_EQ(plan_.status.phase, api::Phase::kLost);
  EXPECT_THAT(actions(at(10) - Duration(1)), IsEmpty());
  // The exclusion is written first, both on what a live read says of the node.
  EXPECT_THAT(round(at(10)), ElementsAre("status if " + lost_.str() + " is down",
                                         "delete 0.1 NodeLost if " + lost_.str() + " is down"));
  ASSERT_EQ(plan_.status.excluded.size(), 1U);
  EXPECT_EQ(
      plan_.status.excluded[0],
      (api::Exclusion{.node = lost_, .node_uid = now_.node(lost_).meta.uid, .reason = "NodeLost"}));
  // Then the incarnation, once the old pod is Terminating; then the new pod.
  now_.pods[0].meta.deleted = at(10);
  EXPECT_THAT(round(at(10)), ElementsAre("status if " + lost_.str() + " is lost"));
  EXPECT_EQ(plan_.status.replicas.size(), 2U);
  EXPECT_EQ(plan_.status.replicas[1].incarnation, 2);
  EXPECT_EQ(plan_.status.replicas[1].node, next_);
  EXPECT_THAT(round(at(10)), ElementsAre("create 0.2 on " + next_.str()));
}

TEST_F(LossTest, AChildThatStillServesIsRepairedAfterReplaceAfter) {
  given(2);
  now_.lose(lost_, at(0));
  EXPECT_THAT(round(at(119)), IsEmpty());
  EXPECT_EQ(plan_.look_again, at(120));
  EXPECT_EQ(plan_.status.phase, api::Phase::kDegraded);
  EXPECT_THAT(round(at(120)), ElementsAre("delete 0.1 NodeLost if " + lost_.str() + " is down"));
  now_.pods[0].meta.deleted = at(120);
  EXPECT_THAT(round(at(120)), ElementsAre("status if " + lost_.str() + " is lost"));
  EXPECT_THAT(round(at(120)), ElementsAre("create 0.2 on " + next_.str()));
}

TEST_F(LossTest, APodThatIsNotReadyDoesNotCountAsServing) {
  given(2);
  now_.lose(lost_, at(0));
  now_.pods[1].ready = false;
  EXPECT_THAT(actions(at(10)), ElementsAre("status if " + lost_.str() + " is down",
                                           "delete 0.1 NodeLost if " + lost_.str() + " is down"));
}

TEST_F(LossTest, AReplicaThatIsBornMeanwhileDoesNotBringTheOldNodeBack) {
  given(1);
  now_.lose(lost_, at(0));
  round(at(10));
  now_.pods[0].meta.deleted = at(10);
  round(at(10));
  now_.run(0, next_, 2);
  EXPECT_THAT(round(at(20)), IsEmpty());
  EXPECT_EQ(plan_.status.phase, api::Phase::kRunning);
  EXPECT_EQ(plan_.status.excluded.size(), 1U);
  // Once the node has left the members, nothing needs to be remembered.
  EXPECT_THAT(round(at(121)), IsEmpty());
  EXPECT_THAT(plan_.status.excluded, IsEmpty());
}

TEST_F(LossTest, ANodeWhoseKubeletLivesEndsItsPodsItself) {
  given(1);
  now_.node(lost_).ready = kube::ConditionStatus::kFalse;
  now_.node(lost_).ready_since = at(0);
  EXPECT_THAT(actions(at(9)), IsEmpty());
  EXPECT_THAT(round(at(10)), ElementsAre("status if " + lost_.str() + " is down",
                                         "delete 0.1 NodeLost if " + lost_.str() + " is down"));
  now_.pods[0].meta.deleted = at(10);
  EXPECT_THAT(round(at(100)), IsEmpty());  // waited for: no second pod while it may still run
  now_.pods.clear();
  EXPECT_THAT(round(at(101)), ElementsAre("status without 0.1"));
  EXPECT_THAT(round(at(101)), ElementsAre("create 0.2 on " + next_.str()));
}

TEST_F(LossTest, ATerminatingPodOfALossThatHasNotStoodLongEnoughIsWaitedFor) {
  given(1);
  now_.pods[0].meta.deleted = at(0);
  now_.lose(lost_, at(0));
  EXPECT_THAT(actions(at(9)), IsEmpty());
  EXPECT_EQ(plan_.look_again, at(10));
}

TEST_F(LossTest, TheIncarnationRisesOnlyOnce) {
  given(1);
  now_.lose(lost_, at(0));
  round(at(10));
  now_.pods[0].meta.deleted = at(10);
  round(at(10));
  for (int again = 0; again < 3; ++again) {
    EXPECT_THAT(round(at(11 + again)), ElementsAre("create 0.2 on " + next_.str()));
  }
}

TEST_F(LossTest, ASecondLossRaisesItAgain) {
  given(1);
  now_.lose(lost_, at(0));
  round(at(10));
  now_.pods[0].meta.deleted = at(10);
  round(at(10));
  now_.run(0, next_, 2);
  round(at(20));
  now_.lose(next_, at(30));
  EXPECT_THAT(round(at(40)), ElementsAre("status if " + next_.str() + " is down",
                                         "delete 0.2 NodeLost if " + next_.str() + " is down"));
  now_.pods[1].meta.deleted = at(40);
  EXPECT_THAT(round(at(40)), ElementsAre("status if " + next_.str() + " is lost"));
  const auto created = round(at(40));
  ASSERT_EQ(created.size(), 1U);
  EXPECT_EQ(created[0].substr(0, 14), "create 0.3 on ");
}

TEST_F(LossTest, IfTheNodeIsHeardOfAgainBeforeTheNewPodIsMadeTheOldOnesEndIsWaitedFor) {
  given(1);
  now_.lose(lost_, at(0));
  round(at(10));
  now_.pods[0].meta.deleted = at(10);
  round(at(10));
  now_.node(lost_) = NodeBuilder(lost_.str()).ready(at(11)).node;
  EXPECT_THAT(round(at(11)), IsEmpty());
  now_.pods.clear();
  EXPECT_THAT(round(at(12)), ElementsAre("create 0.2 on " + next_.str()));
}

TEST_F(LossTest, ANodeThatCameBackIsTrustedAgainAfterJoinAfter) {
  given(1);
  now_.lose(lost_, at(0));
  round(at(10));
  now_.pods.clear();
  round(at(10));
  now_.run(0, next_, 2);
  round(at(20));
  now_.node(lost_) = NodeBuilder(lost_.str()).ready(at(30)).node;
  EXPECT_THAT(round(at(39)), IsEmpty());
  EXPECT_EQ(plan_.look_again, at(40));
  EXPECT_THAT(round(at(40)), ElementsAre("status", "delete 0.2 RingChanged"));
  EXPECT_THAT(plan_.status.excluded, IsEmpty());
}

TEST_F(LossTest, AnExclusionIsOfOneNodeObjectAndNotOfItsName) {
  given(1);
  now_.lose(lost_, at(0));
  round(at(10));
  ASSERT_EQ(plan_.status.excluded.size(), 1U);
  now_.node(lost_).meta.uid = Uid("another");
  now_.members.clear();  // it has joined at a start of the operator
  actions(at(11));
  EXPECT_EQ(plan_.status.excluded.size(), 1U);
  EXPECT_EQ(plan_.status.excluded[0].node_uid, Uid("another"));  // lost, too
}

TEST_F(LossTest, APodOnANodeThatVanishedIsDeletedAtOnceAndReplacedUnderANewName) {
  given(1);
  now_.remove_node(lost_);
  EXPECT_THAT(round(at(0)), ElementsAre("delete 0.1 NodeGone if " + lost_.str() + " is down"));
  now_.pods[0].meta.deleted = at(0);
  EXPECT_THAT(round(at(0)), ElementsAre("status if " + lost_.str() + " is lost"));
  EXPECT_EQ(round(at(0)).at(0).substr(0, 14), "create 0.2 on ");
}

TEST_F(LossTest, APendingPodWhoseNodeVanishedIsDeleted) {
  given(1);
  now_.pods[0].node = NodeName();
  now_.pods[0].phase = "Pending";
  now_.pods[0].ready = false;
  now_.remove_node(lost_);
  EXPECT_THAT(actions(at(0)), ElementsAre("delete 0.1 NodeGone if " + lost_.str() + " is down"));
}

TEST_F(LossTest, APodOfAReplacedNodeIsDeletedByUidAndWaitedFor) {
  given(1);
  now_.node(lost_).meta.uid = Uid("another");
  EXPECT_THAT(round(at(0)), ElementsAre("delete 0.1 NodeReplaced if " + lost_.str() + " is down"));
  const auto& removal = std::get<DeletePod>(plan_.actions[0]);
  EXPECT_EQ(removal.uid, now_.pods[0].meta.uid);
  EXPECT_EQ(removal.only_if->uid, Uid("uid-" + lost_.str()));  // of the Node that it was made for
  now_.pods[0].meta.deleted = at(0);
  EXPECT_THAT(round(at(300)), IsEmpty());
}

TEST_F(LossTest, APodOfAReplacedNodeThatIsLostItselfIsNotWaitedForForEver) {
  given(1);
  now_.node(lost_).meta.uid = Uid("another");
  round(at(0));
  now_.pods[0].meta.deleted = at(0);
  now_.lose(lost_, at(5));
  EXPECT_THAT(round(at(14)), IsEmpty());
  EXPECT_THAT(round(at(15)),
              ElementsAre("status if " + lost_.str() + " is down and " + lost_.str() + " is lost"));
}

TEST_F(LossTest, WithNowhereToGoAPodStaysOnItsLostNode) {
  given(1, 1);
  now_.lose(lost_, at(0));
  EXPECT_THAT(round(at(10)), ElementsAre("status if " + lost_.str() + " is down"));
  EXPECT_THAT(round(at(10)), IsEmpty());
  EXPECT_THAT(round(at(1000)), IsEmpty());
  EXPECT_EQ(plan_.status.phase, api::Phase::kLost);
  // It comes back, with what ran there.
  now_.node(lost_) = NodeBuilder(lost_.str()).ready(at(2000)).node;
  EXPECT_THAT(round(at(2010)), IsEmpty());
  EXPECT_EQ(plan_.status.phase, api::Phase::kRunning);
}

TEST_F(LossTest, WithFewerNodesThanReplicasTheLostOneKeepsItsPod) {
  given(2, 2);
  now_.lose(lost_, at(0));
  EXPECT_THAT(round(at(500)), IsEmpty());
  EXPECT_EQ(plan_.status.ready, "1/2");
}

TEST_F(LossTest, WithClusterSizeWhatIsLostIsGivenUpWithItsNode) {
  now_ = Situation(4);
  now_.hub->spec.redundancy = {.strategy = api::RedundancyStrategyKind::kReplication,
                               .replication = {.factor = std::nullopt}};
  now_.settle();
  lost_ = now_.pods[2].node;
  now_.lose(lost_, at(0));
  EXPECT_THAT(round(at(119)), IsEmpty());
  EXPECT_THAT(round(at(120)), ElementsAre("delete 2.1 Surplus if " + lost_.str() + " is down"));
  now_.pods[2].meta.deleted = at(120);
  EXPECT_THAT(round(at(120)), IsEmpty());
  EXPECT_EQ(plan_.status.ready, "3/3");
}

// --- MassLoss ---

class MassLossPlanTest : public LossTest {
 protected:
  void lose_all_but_one_of(int nodes, WallTime since) {
    int left = nodes - 1;
    for (kube::Node& node : now_.nodes) {
      if (left-- > 0) now_.lose(NodeName(node.meta.name), since);
    }
  }
};

TEST_F(MassLossPlanTest, NoPodIsDeletedOrReplacedBecauseOfNodes) {
  given(2);
  now_.plan();  // everybody is a member
  lose_all_but_one_of(4, at(0));
  EXPECT_THAT(round(at(10'000)), IsEmpty());
  EXPECT_THAT(plan_.status.excluded, IsEmpty());
  for (kube::Pod& pod : now_.pods) pod.meta.deleted = at(10'000);
  EXPECT_THAT(round(at(20'000)), IsEmpty());  // nor a Terminating one passed over
}

TEST_F(MassLossPlanTest, AnIncarnationThatWasRaisedBeforeWaitsToo) {
  given(1);
  now_.lose(lost_, at(0));
  round(at(10));
  now_.pods[0].meta.deleted = at(10);
  round(at(10));
  lose_all_but_one_of(4, at(10));
  EXPECT_THAT(round(at(11)), IsEmpty());
}

TEST_F(MassLossPlanTest, NodesThatAreGoneOrReplacedAreNotActedOn) {
  given(2, 6);
  lose_all_but_one_of(6, at(0));
  now_.remove_node(now_.pods[0].node);
  now_.node(now_.pods[1].node).meta.uid = Uid("another");
  EXPECT_THAT(round(at(10'000)), IsEmpty());
}

TEST_F(MassLossPlanTest, WithClusterSizeWhatLeavesIsKeptToo) {
  now_ = Situation(5);
  now_.hub->spec.redundancy = {.strategy = api::RedundancyStrategyKind::kReplication,
                               .replication = {.factor = std::nullopt}};
  now_.settle();
  lose_all_but_one_of(5, at(0));
  for (kube::Node& node : now_.nodes) node.unschedulable = true;
  EXPECT_THAT(round(at(10'000)), IsEmpty());
  now_.remove_node(now_.pods[0].node);
  EXPECT_THAT(round(at(10'000)), IsEmpty());
}

TEST_F(MassLossPlanTest, NoVoluntaryMoveBegins) {
  given(1, 5);
  for (kube::Node& node : now_.nodes) {
    if (NodeName(node.meta.name) != lost_) now_.lose(NodeName(node.meta.name), at(0));
  }
  now_.pod_template = testing::make_template("rev2");
  EXPECT_THAT(round(at(10)), IsEmpty());
  EXPECT_FALSE(plan_.wants_move);
}

TEST_F(MassLossPlanTest, WhatNeedsNoLostNodeIsStillDone) {
  given(1, 5);
  for (kube::Node& node : now_.nodes) {
    if (NodeName(node.meta.name) != lost_) now_.lose(NodeName(node.meta.name), at(0));
  }
  now_.pods.clear();  // on a Ready node
  EXPECT_THAT(round(at(10)), ElementsAre("create 0.1 on " + lost_.str()));
}

TEST_F(MassLossPlanTest, ANewChildOfALostNodeWaits) {
  given(1, 4);
  now_.pods.clear();
  now_.child.status = {};
  for (kube::Node& node : now_.nodes) now_.lose(NodeName(node.meta.name), at(0));
  EXPECT_THAT(round(at(100)), IsEmpty());
}

}  // namespace
}  // namespace processhub::plan
