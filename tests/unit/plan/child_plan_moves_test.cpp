// Voluntary moves of one child: drains, joins, new templates, and the budget they need.
#include <gmock/gmock.h>

#include "api/conditions.h"
#include "plan/child_plan.h"
#include "plan/child_status.h"
#include "unit/plan/builders.h"

namespace processhub::plan {
namespace {

using testing::at;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::NodeBuilder;
using testing::Situation;
using testing::told;

class MoveTest : public ::testing::Test {
 protected:
  void given(int replicas, int nodes = 4) {
    now_ = Situation(nodes);
    now_.replicas(replicas).settle();
  }
  std::vector<std::string> round() {
    plan_ = now_.plan();
    if (now_.may_move || !plan_.wants_move) now_.store(plan_);
    return told(plan_, now_.child);
  }
  void cordon(const NodeName& name) { now_.node(name).unschedulable = true; }
  // The deletions of the last plan have ended.
  void end_deleted() {
    for (const Action& action : plan_.actions) {
      const auto* removal = std::get_if<DeletePod>(&action);
      if (removal == nullptr) continue;
      std::erase_if(now_.pods, [&](const kube::Pod& p) { return p.meta.uid == removal->uid; });
    }
  }
  Situation now_{4};
  ChildPlan plan_;
};

TEST_F(MoveTest, ADrainedNodesChildMovesByColdSwap) {
  given(1);
  const NodeName old = now_.pods[0].node;
  cordon(old);
  EXPECT_THAT(round(), ElementsAre("status", "delete 0.1 NodeDraining"));
  EXPECT_TRUE(plan_.moving);
  EXPECT_EQ(plan_.status.phase, api::Phase::kMigrating);
  EXPECT_EQ(testing::condition_of(plan_.status.conditions, kMigrating).reason, "NodeDraining");
  now_.pods[0].meta.deleted = at(0);
  EXPECT_THAT(round(), IsEmpty());  // the old one is gone before the new one is made
  EXPECT_TRUE(plan_.moving);
  end_deleted();
  now_.pods.clear();
  const NodeName target = now_.ring_nodes()[0];
  EXPECT_NE(target, old);
  EXPECT_THAT(round(), ElementsAre("status without 0.1")) << "it gets another name";
  EXPECT_THAT(round(), ElementsAre("create 0.2 on " + target.str()));
  now_.run(0, target, 2).ready = false;
  EXPECT_THAT(round(), IsEmpty());
  EXPECT_TRUE(plan_.moving);  // until it serves
  now_.pods[0].ready = true;
  EXPECT_THAT(round(), IsEmpty());
  EXPECT_FALSE(plan_.moving);
  EXPECT_EQ(plan_.status.phase, api::Phase::kRunning);
  EXPECT_FALSE(api::is_true(plan_.status.conditions, kMigrating));
}

TEST_F(MoveTest, EachCauseHasItsReason) {
  given(1);
  now_.node(now_.pods[0].node).meta.labels = {};
  now_.hub->spec.nodes.selector.match_expressions = {
      {.key = "out", .op = api::LabelRequirement::Op::kDoesNotExist}};
  now_.node(now_.pods[0].node).meta.labels["out"] = "";
  EXPECT_THAT(round(), ElementsAre("status", "delete 0.1 NodeLeft"));

  given(1);
  now_.pod_template = testing::make_template("rev2");
  EXPECT_THAT(round(), ElementsAre("status", "delete 0.1 TemplateChanged"));

  given(1);  // a weight that draws the child elsewhere
  now_.hub->spec.nodes.weight_label = "weight";
  for (kube::Node& node : now_.nodes) {
    node.meta.labels["weight"] = NodeName(node.meta.name) == now_.pods[0].node ? "1" : "10000";
  }
  EXPECT_THAT(round(), ElementsAre("status", "delete 0.1 RingChanged"));
}

TEST_F(MoveTest, WithoutAPlaceInTheBudgetItWaitsAndSaysSo) {
  given(1);
  cordon(now_.pods[0].node);
  now_.may_move = false;
  EXPECT_THAT(round(), IsEmpty());
  EXPECT_TRUE(plan_.wants_move);
  EXPECT_FALSE(plan_.moving);
  EXPECT_EQ(plan_.status.phase, api::Phase::kRunning);
}

TEST_F(MoveTest, AMoveThatHasBegunNeedsNoSecondPlace) {
  given(2);
  now_.pod_template = testing::make_template("rev2");
  EXPECT_THAT(round(), ElementsAre("status", "delete 0.1 TemplateChanged"));
  end_deleted();
  round();
  now_.run(0, now_.ring_nodes()[0]);
  now_.may_move = false;
  EXPECT_THAT(round(), ElementsAre("delete 1.1 TemplateChanged"));
}

TEST_F(MoveTest, ReplicasMoveOneAtATime) {
  given(3);
  now_.pod_template = testing::make_template("rev2");
  for (int slot = 0; slot < 3; ++slot) {
    const std::string name = std::to_string(slot) + ".1";
    const auto lines = round();
    ASSERT_FALSE(lines.empty());
    EXPECT_EQ(lines.back(), "delete " + name + " TemplateChanged");
    const NodeName node = now_.pod(slot)->node;
    now_.pod(slot)->meta.deleted = at(0);
    EXPECT_THAT(round(), IsEmpty());
    std::erase_if(now_.pods, [](const kube::Pod& pod) { return pod.meta.deleted.has_value(); });
    EXPECT_THAT(round(), ElementsAre("create " + name + " on " + node.str()));
    now_.run(slot, node).ready = false;
    EXPECT_THAT(round(), IsEmpty());
    now_.pod(slot)->ready = true;
  }
  EXPECT_THAT(round(), IsEmpty());
  EXPECT_FALSE(plan_.moving);
}

TEST_F(MoveTest, NoReplicaMovesWhileAnotherDoesNotServe) {
  given(2);
  cordon(now_.pods[0].node);
  now_.pods[1].ready = false;
  EXPECT_THAT(round(), IsEmpty());
  EXPECT_FALSE(plan_.wants_move);  // it asks for no place that it could not use
  EXPECT_EQ(testing::condition_of(plan_.status.conditions, kMigrating).reason, "WaitsForReplicas");
  now_.pods[1].ready = true;
  EXPECT_THAT(round(), ElementsAre("status", "delete 0.1 NodeDraining"));
}

TEST_F(MoveTest, APodThatDoesNotServeHasNothingToLoseAndMovesAtOnce) {
  given(2);
  now_.may_move = false;
  now_.pod_template = testing::make_template("rev2");
  now_.pods[0].ready = false;
  EXPECT_THAT(round(), ElementsAre("delete 0.1 TemplateChanged"));
  EXPECT_FALSE(plan_.moving);
}

TEST_F(MoveTest, ABadTemplateStopsAtTheFirstReplicaAndAGoodOneGoesOn) {
  given(2);
  now_.pod_template = testing::make_template("bad");
  round();
  end_deleted();
  round();
  now_.run(0, now_.ring_nodes()[0]).ready = false;
  EXPECT_THAT(round(), IsEmpty());
  EXPECT_TRUE(plan_.moving);  // and holds its place: no other child begins
  now_.pod_template = testing::make_template("good");
  now_.may_move = false;
  EXPECT_THAT(round(), ElementsAre("delete 0.1 TemplateChanged"));
  EXPECT_TRUE(plan_.moving);
}

TEST_F(MoveTest, AMoveKeepsTheReasonItBeganWith) {
  given(2);
  cordon(now_.pods[0].node);
  now_.now = at(7);
  round();
  now_.now = at(20);
  now_.pod_template = testing::make_template("rev2");
  round();
  const auto& migrating = testing::condition_of(plan_.status.conditions, kMigrating);
  EXPECT_EQ(migrating.reason, "NodeDraining");
  EXPECT_EQ(migrating.last_transition, at(7));
}

TEST_F(MoveTest, AMoveWhoseCauseVanishesIsOver) {
  given(1);
  const NodeName node = now_.pods[0].node;
  cordon(node);
  round();
  now_.node(node).unschedulable = false;  // before the pod was deleted
  now_.members.clear();
  EXPECT_THAT(round(), IsEmpty());
  EXPECT_FALSE(plan_.moving);
}

// Else its place in the budget would be lost for as long as the node is.
TEST_F(MoveTest, AMoveDoesNotWaitForWhatALostNodeHolds) {
  given(1);
  const NodeName old = now_.pods[0].node;
  cordon(old);
  round();
  now_.pods[0].meta.deleted = at(0);
  now_.lose(old, at(0));
  now_.now = at(10);
  EXPECT_THAT(round(), ElementsAre("status if " + old.str() + " is lost"));
  const NodeName target = now_.ring_nodes()[0];
  EXPECT_THAT(round(), ElementsAre("create 0.2 on " + target.str()));
  now_.run(0, target, 2);
  EXPECT_THAT(round(), IsEmpty());
  EXPECT_FALSE(plan_.moving);
  EXPECT_EQ(plan_.status.phase, api::Phase::kRunning);
}

TEST_F(MoveTest, WithNowhereToGoADrainedChildStays) {
  given(1, 1);
  cordon(now_.pods[0].node);
  EXPECT_THAT(round(), IsEmpty());
  EXPECT_FALSE(plan_.wants_move);
  EXPECT_EQ(plan_.status.ready, "1/1");
}

TEST_F(MoveTest, WithOneNodeTooFewOnlyOneStays) {
  given(2, 3);
  for (const kube::Pod& pod : now_.pods) cordon(pod.node);  // one node is left
  const auto lines = round();
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[1], "delete 0.1 NodeDraining");
  end_deleted();
  round();
  EXPECT_THAT(round(), ElementsAre("create 0.2 on " + now_.ring_nodes()[0].str()));
  now_.run(0, now_.ring_nodes()[0], 2);
  EXPECT_THAT(round(), IsEmpty());
  EXPECT_NE(now_.pod(1), nullptr);
}

TEST_F(MoveTest, WithClusterSizeADrainedNodesReplicaGoesWithinTheBudget) {
  now_ = Situation(3);
  now_.hub->spec.redundancy = {.strategy = api::RedundancyStrategyKind::kReplication,
                               .replication = {.factor = std::nullopt}};
  now_.settle();
  cordon(now_.pods[1].node);
  now_.may_move = false;
  EXPECT_THAT(round(), IsEmpty());
  EXPECT_TRUE(plan_.wants_move);
  now_.may_move = true;
  EXPECT_THAT(round(), ElementsAre("status", "delete 1.1 NodeDraining"));
  EXPECT_TRUE(plan_.moving);
  end_deleted();
  EXPECT_THAT(round(), IsEmpty());
  EXPECT_FALSE(plan_.moving);
  EXPECT_EQ(plan_.status.ready, "2/2");
}

TEST_F(MoveTest, AJoinMovesOnlyChildrenOfTheNewNode) {
  int moved = 0;
  for (int i = 0; i < 40; ++i) {
    now_ = Situation(4);
    now_.child = testing::make_child("child-" + std::to_string(i));
    now_.settle();
    now_.nodes.push_back(NodeBuilder("node-e").node);
    const NodeName target = now_.ring_nodes()[0];
    const auto lines = round();
    if (lines.empty()) continue;
    ++moved;
    EXPECT_EQ(target, NodeName("node-e"));
    EXPECT_THAT(lines, ElementsAre("status", "delete 0.1 RingChanged"));
  }
  EXPECT_GT(moved, 2);
  EXPECT_LT(moved, 20);
}

TEST_F(MoveTest, WhileANodeIsNotReadyNothingThereIsMovedVoluntarily) {
  given(1);
  now_.lose(now_.pods[0].node, at(0));
  now_.pod_template = testing::make_template("rev2");
  now_.now = at(5);
  EXPECT_THAT(round(), IsEmpty());
}

}  // namespace
}  // namespace processhub::plan
