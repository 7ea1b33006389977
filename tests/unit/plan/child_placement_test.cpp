// Where a child belongs and why: pods that cannot be scheduled, lists of nodes, full nodes.
#include "plan/child_placement.h"

#include <algorithm>
#include <gmock/gmock.h>

#include "plan/child_status.h"
#include "plan/placed_condition.h"
#include "unit/plan/builders.h"

namespace processhub::plan {
namespace {

using kube::ConditionStatus;
using testing::at;
using testing::condition_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Situation;
using ::testing::SizeIs;
using ::testing::StartsWith;
using testing::told;

// A child of one replica whose pod the scheduler has found no room for since second 0.
class SpillTest : public ::testing::Test {
 protected:
  SpillTest() {
    now_.settle();
    get_stuck(at(0));
    walk_ = now_.ring_nodes();
    now_.replicas(5);
    walk_ = now_.ring_nodes();
    now_.replicas(1);
  }
  void get_stuck(WallTime since) {
    kube::Pod& pod = now_.pods[0];
    pod.node = NodeName();
    pod.phase = "Pending";
    pod.ready = false;
    pod.unschedulable_since = since;
    pod.message = "0/5 nodes are available: insufficient cpu";
    stuck_ = pod.pinned_node;
  }
  // The actions of second `second`; the status is stored, as the executor does.
  std::vector<std::string> round(int second) {
    now_.now = at(second);
    plan_ = now_.plan();
    auto lines = told(plan_, now_.child);
    now_.store(plan_);
    return lines;
  }
  // The pod is where the child belongs now, and stuck there as well.
  void move_stuck_pod(int second) {
    now_.pods.clear();
    now_.run(0, now_.ring_nodes(names_of(now_.child.status.excluded))[0]);
    get_stuck(at(second));
  }
  [[nodiscard]] const api::Condition& placed() const {
    return condition_of(now_.child.status.conditions, kPlaced);
  }

  Situation now_{5};
  std::vector<NodeName> walk_;
  NodeName stuck_;
  ChildPlan plan_;
};

TEST_F(SpillTest, APodThatStaysUnschedulableFreesItsNodeAndTheWalkGoesOn) {
  EXPECT_THAT(round(29), IsEmpty());
  EXPECT_EQ(plan_.look_again, at(30));
  EXPECT_THAT(round(30), ElementsAre("status", "delete 0.1 Unschedulable"));
  EXPECT_THAT(std::get<PutStatus>(plan_.actions[0]).unbound, SizeIs(1))
      << "the cache may be behind: it is read once more";
  ASSERT_THAT(now_.child.status.excluded, SizeIs(1));
  const api::Exclusion& exclusion = now_.child.status.excluded[0];
  EXPECT_EQ(exclusion.node, stuck_);
  EXPECT_EQ(exclusion.node_uid, now_.node(stuck_).meta.uid);
  EXPECT_EQ(exclusion.reason, "Spill");
  EXPECT_EQ(exclusion.slot, 0);
  EXPECT_FALSE(exclusion.fingerprint.empty());
  EXPECT_EQ(placed().status, ConditionStatus::kTrue);
  EXPECT_EQ(placed().reason, "Excluded");
  EXPECT_THAT(placed().message, StartsWith(stuck_.str() + " is left out"));
  now_.pods.clear();
  EXPECT_THAT(round(31), ElementsAre("status without 0.1"));
  EXPECT_THAT(round(31), ElementsAre("create 0.2 on " + walk_[1].str()));
}

TEST_F(SpillTest, ItNeedsNoPlaceInTheBudgetOfMoves) {
  now_.may_move = false;
  EXPECT_THAT(round(30), ElementsAre("status", "delete 0.1 Unschedulable"));
  EXPECT_FALSE(plan_.moving);
}

TEST_F(SpillTest, TimeAloneNeverEndsIt) {
  round(30);
  now_.pods.clear();
  now_.run(0, walk_[1]);
  EXPECT_THAT(round(1'000'000), IsEmpty());
  EXPECT_THAT(now_.child.status.excluded, SizeIs(1));
  EXPECT_EQ(plan_.look_again, std::nullopt);
}

TEST_F(SpillTest, ItEndsWhenTheNodeChangesInWhatCouldLetThePodIn) {
  round(30);
  now_.pods.clear();
  now_.run(0, walk_[1]);
  now_.node(stuck_).fingerprint += 1;
  EXPECT_THAT(round(60), ElementsAre("status", "delete 0.1 RingChanged"));
  EXPECT_THAT(now_.child.status.excluded, IsEmpty());
}

TEST_F(SpillTest, ItEndsWithAnotherTemplateButNotWithOneThatIsNotAcceptedYet) {
  round(30);
  now_.pods.clear();
  now_.run(0, walk_[1]);
  const PodTemplate accepted = now_.pod_template;
  now_.pod_template = testing::make_template("rev2");
  now_.pod_template.state = PodTemplate::State::kInvalid;
  now_.pod_template.accepted = std::make_shared<const PodTemplate>(accepted);
  round(60);
  EXPECT_THAT(now_.child.status.excluded, SizeIs(1));
  now_.pod_template = testing::make_template("rev2");
  round(61);
  EXPECT_THAT(now_.child.status.excluded, IsEmpty());
}

TEST_F(SpillTest, ItEndsWithTheNode) {
  round(30);
  now_.remove_node(stuck_);
  round(31);
  EXPECT_THAT(now_.child.status.excluded, IsEmpty());
}

TEST_F(SpillTest, ThreeNodesAreTriedForASlotAndThenItWaitsAndSaysSo) {
  for (int spill = 0; spill < 3; ++spill) {
    EXPECT_THAT(round(1000 * spill + 30), ElementsAre("status", "delete 0.1 Unschedulable"));
    move_stuck_pod(1000 * (spill + 1));
  }
  EXPECT_THAT(round(10'000), IsEmpty());
  EXPECT_THAT(now_.child.status.excluded, SizeIs(3));
  EXPECT_EQ(placed().status, ConditionStatus::kFalse);
  EXPECT_EQ(placed().reason, "Unschedulable");
  EXPECT_THAT(placed().message, HasSubstr("insufficient cpu"));
  EXPECT_EQ(plan_.look_again, std::nullopt);
}

TEST_F(SpillTest, WithNoOtherNodeThePodWaitsWhereItIs) {
  while (now_.nodes.size() > 1) {
    const auto other = std::find_if(now_.nodes.begin(), now_.nodes.end(), [&](const auto& node) {
      return node.meta.name != stuck_.str();
    });
    now_.nodes.erase(other);
  }
  EXPECT_THAT(round(100), IsEmpty());
  EXPECT_EQ(placed().reason, "Unschedulable");
  EXPECT_THAT(now_.child.status.excluded, IsEmpty());
}

TEST_F(SpillTest, WithOneReplicaOnEachNodeThereIsNoSpill) {
  auto hub = std::make_shared<api::ProcessHub>(*now_.hub);
  hub->spec.redundancy.strategy = api::RedundancyStrategyKind::kReplication;
  hub->spec.redundancy.replication.factor = std::nullopt;
  now_.hub = hub;
  round(100);
  EXPECT_THAT(now_.child.status.excluded, IsEmpty());
  EXPECT_EQ(placed().reason, "Unschedulable");
}

TEST_F(SpillTest, OnANodeThatIsNotReadyItIsTheNodeThatIsWaitedFor) {
  now_.lose(stuck_, at(20));
  round(49);
  EXPECT_THAT(now_.child.status.excluded,
              ElementsAre(::testing::Field(&api::Exclusion::reason, "NodeLost")));
}

// The scheduler found room between the status that told of the spill and the pod's deletion.
TEST_F(SpillTest, APodThatGotRoomAfterAllStays) {
  round(30);
  kube::Pod& pod = now_.pods[0];
  pod.node = stuck_;
  pod.ready = true;
  pod.phase = "Running";
  pod.unschedulable_since.reset();
  EXPECT_THAT(round(31), IsEmpty());
  EXPECT_THAT(now_.child.status.excluded, IsEmpty());
}

// What one template could not get, another may.
TEST_F(SpillTest, APodOfAnotherTemplateDoesNotSpillForTheNewOne) {
  now_.pod_template = testing::make_template("rev2");
  EXPECT_THAT(round(1000), ElementsAre("delete 0.1 TemplateChanged"));
  EXPECT_THAT(now_.child.status.excluded, IsEmpty());
}

TEST_F(SpillTest, APausedHubDoesNotSpill) {
  auto hub = std::make_shared<api::ProcessHub>(*now_.hub);
  hub->spec.paused = true;
  now_.hub = hub;
  EXPECT_THAT(round(100), IsEmpty());
}

class GuidedChildTest : public ::testing::Test {
 protected:
  GuidedChildTest() {
    auto hub = std::make_shared<api::ProcessHub>(*now_.hub);
    hub->spec.distribution.strategy = api::DistributionStrategyKind::kGuided;
    now_.hub = hub;
    now_.child.spec.nodes = {NodeName("node-c"), NodeName("node-a")};
  }
  std::vector<std::string> round() {
    plan_ = now_.plan();
    now_.store(plan_);
    return told(plan_, now_.child);
  }
  [[nodiscard]] const api::Condition& degraded() const {
    return condition_of(now_.child.status.conditions, kDegraded);
  }
  Situation now_{3};
  ChildPlan plan_;
};

TEST_F(GuidedChildTest, ItIsOnTheFirstOfItsNodes) {
  EXPECT_THAT(round(), ElementsAre("create 0.1 on node-c"));
  EXPECT_NE(degraded().reason, "ListedNodesAway");
}

TEST_F(GuidedChildTest, ANodeThatIsAwayIsNamedAndItComesBackToIt) {
  now_.remove_node(NodeName("node-c"));
  EXPECT_THAT(round(), ElementsAre("create 0.1 on node-a"));
  EXPECT_EQ(degraded().status, ConditionStatus::kTrue);
  EXPECT_EQ(degraded().reason, "ListedNodesAway");
  EXPECT_THAT(degraded().message, HasSubstr("spec.nodes: there is no Node node-c"));
  now_.run(0, NodeName("node-a"));
  now_.nodes.push_back(testing::NodeBuilder("node-c").ready(at(-3600)).node);
  EXPECT_THAT(round(), ElementsAre("status", "delete 0.1 RingChanged"));
  EXPECT_NE(degraded().reason, "ListedNodesAway");
}

TEST_F(GuidedChildTest, AShortListIsToldAndWhatItNamesIsUsed) {
  now_.replicas(3);
  EXPECT_THAT(round(), ElementsAre("create 0.1 on node-c", "create 1.1 on node-a"));
  EXPECT_EQ(degraded().reason, "ListTooShort");
  EXPECT_THAT(degraded().message, HasSubstr("names 2 of at least 3 nodes"));
}

TEST_F(GuidedChildTest, WithoutAListNothingIsMadeAndNothingThatRunsIsStopped) {
  now_.run(0, NodeName("node-b"));
  now_.child.spec.nodes.clear();
  EXPECT_THAT(round(), IsEmpty());
  EXPECT_EQ(degraded().reason, "ListTooShort");
  EXPECT_EQ(condition_of(now_.child.status.conditions, kPlaced).reason, "ListTooShort");
}

// Three children on two nodes that may hold two each: the other two have this one's home.
class BoundedChildTest : public ::testing::Test {
 protected:
  BoundedChildTest() {
    auto hub = std::make_shared<api::ProcessHub>(*now_.hub);
    hub->spec.distribution.consistent_hashing.bound = api::Bound::kStrict;
    hub->spec.distribution.consistent_hashing.load_factor_percent = 100;
    now_.hub = hub;
    home_ = now_.ring_nodes()[0];
    other_ = NodeName(home_.str() == "node-a" ? "node-b" : "node-a");
    const std::string name = now_.child.meta.name;
    for (int i = 0; now_.ledger.size() < 2; ++i) {
      now_.child.meta.name = "other-" + std::to_string(i);
      if (now_.ring_nodes()[0] != home_) continue;
      others_.push_back(placement_key(hub->key(), now_.child.meta.name));
      now_.ledger.add(others_.back(), {.seats = {{.node = home_}}});
    }
    now_.child.meta.name = name;
  }
  Situation now_{2};
  NodeName home_;
  NodeName other_;
  std::vector<std::string> others_;
};

TEST_F(BoundedChildTest, AReplicaWhoseHomeWasFullSaysSo) {
  const ChildPlan plan = now_.plan();
  EXPECT_THAT(told(plan, now_.child), ElementsAre("create 0.1 on " + other_.str()));
  ASSERT_THAT(plan.status.replicas, SizeIs(1));
  EXPECT_EQ(plan.status.replicas[0].home, home_);
  const api::Condition& placed = condition_of(plan.status.conditions, kPlaced);
  EXPECT_EQ(placed.status, ConditionStatus::kTrue);
  EXPECT_EQ(placed.reason, "BoundReached");
  EXPECT_EQ(placed.message, home_.str() + " was full, so it is on " + other_.str());
}

// The operator ends after it has made the pod and before it has written the status; meanwhile
// the others go, and there is room again.
TEST_F(BoundedChildTest, ThatItsHomeWasFullIsKnownFromItsPodAlone) {
  const auto actions = now_.plan().actions;
  ASSERT_THAT(actions, SizeIs(1));
  kube::Pod pod = testing::pod_of(*std::get<CreatePod>(actions[0]).body, "uid-of-pod");
  pod.node = other_;
  pod.ready = true;
  now_.pods = {pod};
  for (const std::string& key : others_) now_.ledger.erase(key);

  const ChildPlan plan = now_.plan();
  EXPECT_THAT(plan.actions, IsEmpty());
  EXPECT_FALSE(plan.wants_move);
  ASSERT_THAT(plan.status.replicas, SizeIs(1));
  EXPECT_EQ(plan.status.replicas[0].home, home_);

  // What the status says counts more: it has followed the ring since.
  now_.store(plan);
  now_.child.status.replicas[0].home = NodeName();
  EXPECT_THAT(told(now_.plan(), now_.child), ElementsAre("status", "delete 0.1 RingChanged"));
}

TEST(PlacedConditionTest, ZonesThatCannotBeEvenAreTold) {
  Situation now(4);
  for (size_t i = 0; i < 4; ++i) {
    now.nodes[i].meta.labels["topology.kubernetes.io/zone"] = i == 0 ? "small" : "big";
  }
  now.replicas(4);
  const ChildPlan plan = now.plan();
  EXPECT_EQ(condition_of(plan.status.conditions, kPlaced).reason, "ZoneRelaxed");
  now.replicas(3);
  EXPECT_EQ(condition_of(now.plan().status.conditions, kPlaced).reason, "Preferred");
}

TEST(PlacedConditionTest, SeveralObstaclesAreAllTold) {
  Situation now(3);
  static_cast<void>(now.ring_nodes());
  const ChildInput input{.frame = now.frame(),
                         .child = now.child,
                         .pods = {},
                         .pod_template = now.pod_template,
                         .now = at(0)};
  const ChildPlacement placed{
      .placement = {.seats = {{.node = NodeName("a"), .over_bound = true},
                              {.node = NodeName("b"), .home = NodeName("c")}}},
      .nodes = {NodeName("a"), NodeName("b")},
      .excluded = {{.node = NodeName("d"), .node_uid = Uid("u"), .reason = kNodeLost}}};
  const api::Condition condition = placed_condition(input, placed);
  EXPECT_EQ(condition.reason, "BoundRelaxed");
  EXPECT_THAT(condition.message, HasSubstr("a holds more than its bound"));
  EXPECT_THAT(condition.message, HasSubstr("c was full, so it is on b"));
  EXPECT_THAT(condition.message, HasSubstr("d is left out: it is lost (NodeLost)"));
}

// A node that drains for a moment: what was decided meanwhile moves nobody whose pod is still
// there, and could stay.
TEST(LedgerOfAHubTest, ADecisionThatWasNotCarriedOutIsForgotten) {
  Situation now(3);
  auto hub = std::make_shared<api::ProcessHub>(*now.hub);
  hub->spec.distribution.strategy = api::DistributionStrategyKind::kCentralizedLoadBalancer;
  now.hub = hub;
  static_cast<void>(now.ring_nodes());
  now.run(0, NodeName("node-c"));
  now.store(now.plan());
  const std::vector<placement::Seat> decided{{.node = NodeName("node-a")}};
  const placement::Loads loads(3);
  const std::vector<const kube::Pod*> pods{&now.pods[0]};
  const ChildPlan plan = plan_child({.frame = now.frame(),
                                     .child = now.child,
                                     .pods = pods,
                                     .pod_template = now.pod_template,
                                     .may_move = true,
                                     .now = at(0),
                                     .seats = decided,
                                     .loads = &loads});
  EXPECT_THAT(plan.actions, IsEmpty());
  EXPECT_EQ(placement::nodes_of(plan.seats), std::vector{NodeName("node-c")});
}

TEST(RecordTest, WhatAChildHasIsReadFromItsPodsAndItsStatus) {
  Situation now(3);
  now.replicas(2);
  static_cast<void>(now.ring_nodes());
  now.run(1, NodeName("node-a"));
  now.child.status.replicas = {
      {.slot = 0, .node = NodeName("node-b"), .home = NodeName("node-c"), .over_bound = true},
      {.slot = 1, .node = NodeName("node-a")}};
  now.child.status.excluded = {
      {.node = NodeName("node-c"), .node_uid = Uid("u"), .reason = kNodeLost}};
  const std::vector<const kube::Pod*> pods{&now.pods[0]};
  const auto record = record_of(now.child, pods);
  EXPECT_THAT(record.seats, ElementsAre(placement::Seat{.node = NodeName("node-b"),
                                                        .home = NodeName("node-c"),
                                                        .over_bound = true},
                                        placement::Seat{.node = NodeName("node-a")}));
  EXPECT_THAT(record.excluded, ElementsAre(NodeName("node-c")));
}

}  // namespace
}  // namespace processhub::plan
