// One child's plan where its nodes are well: starts, slots, pods that end, foreign pods.
#include "plan/child_plan.h"

#include <algorithm>
#include <gmock/gmock.h>

#include "plan/labels.h"
#include "unit/plan/builders.h"

namespace processhub::plan {
namespace {

using testing::at;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::Situation;
using ::testing::SizeIs;
using testing::told;

class ChildPlanTest : public ::testing::Test {
 protected:
  std::vector<std::string> actions() {
    plan_ = now_.plan();
    return told(plan_, now_.child);
  }
  Situation now_{3};
  ChildPlan plan_;
};

TEST_F(ChildPlanTest, ANewChildsPodIsMadeWhereTheRingPutsIt) {
  const std::string node = now_.ring_nodes()[0].str();
  EXPECT_THAT(actions(), ElementsAre("create 0.1 on " + node));
  const auto& create = std::get<CreatePod>(plan_.actions[0]);
  EXPECT_EQ(create.child, now_.child.key());
  EXPECT_EQ(create.owner, now_.child.meta.uid);
  EXPECT_EQ(create.pod, (PodKey{"default", pod_name(now_.child, 0, 1)}));
  EXPECT_EQ((*create.body)["metadata"]["name"], create.pod.name);
  EXPECT_FALSE(plan_.moving);
  EXPECT_EQ(plan_.look_again, std::nullopt);
}

TEST_F(ChildPlanTest, EachReplicaHasASlotAndANodeOfItsOwn) {
  now_.replicas(2);
  const auto nodes = now_.ring_nodes();
  EXPECT_THAT(actions(),
              ElementsAre("create 0.1 on " + nodes[0].str(), "create 1.1 on " + nodes[1].str()));
}

TEST_F(ChildPlanTest, WithFewerNodesThanReplicasThereIsOneOnEachNode) {
  now_.replicas(5);
  EXPECT_THAT(actions(), SizeIs(3));
}

TEST_F(ChildPlanTest, WithoutNodesNothingCanBeDone) {
  now_.nodes.clear();
  EXPECT_THAT(actions(), IsEmpty());
}

TEST_F(ChildPlanTest, WhatRunsWhereItShouldIsLeftAlone) {
  now_.replicas(3).settle();
  EXPECT_THAT(actions(), IsEmpty());
  EXPECT_EQ(plan_.status, now_.child.status);
  EXPECT_EQ(plan_.look_again, std::nullopt);
}

TEST_F(ChildPlanTest, APodThatIsNotReadyYetIsWaitedFor) {
  now_.settle();
  now_.pods[0].ready = false;
  now_.pods[0].phase = "Pending";
  EXPECT_THAT(actions(), IsEmpty());
}

TEST_F(ChildPlanTest, APodThatSomebodyDeletesIsWaitedForAndMadeAgainUnderItsName) {
  now_.settle();
  now_.pods[0].meta.deleted = at(-1);
  EXPECT_THAT(actions(), IsEmpty());
  const std::string node = now_.pods[0].node.str();
  now_.pods.clear();
  EXPECT_THAT(actions(), ElementsAre("create 0.1 on " + node));
}

TEST_F(ChildPlanTest, APodThatEndedByItselfIsDeletedButNotFasterThanEveryTenSeconds) {
  for (const char* phase : {"Failed", "Succeeded"}) {
    now_ = Situation(3);
    now_.settle();
    now_.pods[0].phase = phase;
    now_.pods[0].ready = false;
    now_.pods[0].meta.created = at(-4);
    EXPECT_THAT(actions(), IsEmpty());
    EXPECT_EQ(plan_.look_again, at(6));
    now_.now = at(6);
    EXPECT_THAT(actions(), ElementsAre("delete 0.1 PodFailed"));
    EXPECT_EQ(std::get<DeletePod>(plan_.actions[0]).uid, now_.pods[0].meta.uid);
    EXPECT_EQ(plan_.look_again, std::nullopt);
  }
}

TEST_F(ChildPlanTest, APodThatEndsAgainAndAgainIsMadeAgainMoreAndMoreSlowly) {
  now_.settle();
  now_.pods[0].phase = "Failed";
  now_.pods[0].ready = false;
  now_.pods[0].meta.created = at(0);
  for (const auto& [failures, seconds] : {std::pair{1, 20}, {3, 80}, {5, 300}, {1000, 300}}) {
    now_.failures = failures;
    EXPECT_THAT(actions(), IsEmpty());
    EXPECT_EQ(plan_.look_again, at(seconds)) << failures << " failures";
  }
}

TEST_F(ChildPlanTest, APodOnANodeThatIsNotReadyStaysWhileNoSuccessorCanBeMade) {
  for (const auto ready : {kube::ConditionStatus::kFalse, kube::ConditionStatus::kUnknown}) {
    now_ = Situation(3);
    now_.settle();
    now_.node(now_.pods[0].node).ready = ready;
    now_.node(now_.pods[0].node).ready_since = at(0);
    now_.now = at(3600);
    now_.pod_template.state = PodTemplate::State::kInvalid;
    EXPECT_THAT(actions(), Not(Contains(HasSubstr("delete"))));
    now_.pod_template.state = PodTemplate::State::kValid;
    EXPECT_THAT(actions(), Contains(HasSubstr("delete")));
  }
}

TEST_F(ChildPlanTest, APodThatCannotBeDeletedHoldsUpNoOther) {
  now_.replicas(3).settle();
  now_.pods.resize(2);
  now_.pods[0].meta.owner_uid = Uid("another");
  ASSERT_THAT(actions(), SizeIs(2));
  EXPECT_THAT(actions()[0], HasSubstr("create 2.1"));
  EXPECT_EQ(actions()[1], "delete 0.1 NotOurs");
}

TEST_F(ChildPlanTest, LooksAgainAtTheEarliestOfAllInstants) {
  now_.replicas(2).settle();
  for (const int first : {0, 1}) {
    for (const int slot : {0, 1}) {
      now_.pods[slot].phase = "Failed";
      now_.pods[slot].ready = false;
      now_.pods[slot].meta.created = at(slot == first ? -7 : -2);
    }
    EXPECT_THAT(actions(), IsEmpty());
    EXPECT_EQ(plan_.look_again, at(3));
  }
}

TEST_F(ChildPlanTest, APodOfAnotherOwnerGoesFirst) {
  now_.settle();
  now_.pods[0].meta.owner_uid = Uid("of a child that was deleted");
  EXPECT_THAT(actions(), ElementsAre("delete 0.1 NotOurs"));
  EXPECT_EQ(std::get<DeletePod>(plan_.actions[0]).uid, now_.pods[0].meta.uid);
  now_.pods[0].meta.deleted = at(0);
  EXPECT_THAT(actions(), IsEmpty());  // the slot is not free yet
  const std::string node = now_.pods[0].node.str();
  now_.pods.clear();
  EXPECT_THAT(actions(), ElementsAre("create 0.1 on " + node));
}

TEST_F(ChildPlanTest, AForeignPodOccupiesItsOwnSlotAlone) {
  now_.replicas(2).settle();
  now_.pods[1].meta.owner_uid = Uid("another");
  now_.pods[1].meta.deleted = at(0);
  now_.pods.erase(now_.pods.begin());
  EXPECT_THAT(actions(), ElementsAre("create 0.1 on " + now_.ring_nodes()[0].str()));
}

TEST_F(ChildPlanTest, APodOfWhichNobodyKnowsTheSlotOccupiesAllAndGoes) {
  now_.settle();
  now_.pods[0].meta.annotations.clear();  // somebody has removed them
  EXPECT_THAT(actions(), ElementsAre("delete 0.1 NotOurs"));
}

TEST_F(ChildPlanTest, APodOfAnotherOwnerThatALostNodeHoldsIsPassedOver) {
  now_ = Situation(4);
  now_.settle();
  now_.pods[0].meta.owner_uid = Uid("of a child that was deleted and made again");
  now_.pods[0].meta.deleted = at(0);
  now_.child.status = {};
  const NodeName lost = now_.pods[0].node;
  now_.lose(lost, at(0));
  EXPECT_THAT(actions(), IsEmpty());  // not lost for long enough
  now_.now = at(10);
  EXPECT_THAT(actions(),
              ElementsAre("status if " + lost.str() + " is down and " + lost.str() + " is lost"));
  now_.store(plan_);
  ASSERT_THAT(actions(), ElementsAre(HasSubstr("create 0.2 on ")));
  EXPECT_NE(std::get<CreatePod>(plan_.actions[0]).node, lost);
}

TEST_F(ChildPlanTest, ASecondPodInASlotIsSurplus) {
  now_.settle();
  const NodeName here = now_.pods[0].node;
  now_.run(0, here, 2);
  EXPECT_THAT(actions(), ElementsAre("delete 0.1 Surplus"));
}

TEST_F(ChildPlanTest, APodWhoseIncarnationWasPassedIsDeletedOnSight) {
  now_.settle();
  now_.child.status.replicas[0].incarnation = 2;
  EXPECT_THAT(actions(), ElementsAre("delete 0.1 Surplus"));
  now_.pods[0].meta.deleted = at(0);
  EXPECT_THAT(actions(), IsEmpty());  // its node is Ready, so its end is waited for
  now_.pods.clear();
  EXPECT_THAT(actions(), ElementsAre("create 0.2 on " + now_.ring_nodes()[0].str()));
}

TEST_F(ChildPlanTest, WhenTheFactorFallsTheReplicasOutsideTheNewSetGo) {
  now_.replicas(3).settle();
  now_.replicas(1);
  const NodeName stays = now_.ring_nodes()[0];
  std::vector<std::string> expected;
  for (int slot = 0; slot < 3; ++slot) {
    if (now_.pod(slot)->node != stays) {
      expected.push_back("delete " + std::to_string(slot) + ".1 Surplus");
    }
  }
  EXPECT_EQ(actions(), expected);
  EXPECT_FALSE(plan_.moving);  // it is no move and needs no place in the budget
}

TEST_F(ChildPlanTest, WhenTheFactorFallsTheReplicasThatGoServeUntilThoseThatStayDo) {
  now_.replicas(2).settle();
  now_.replicas(1);
  kube::Pod& stays = *now_.pod(now_.pod(0)->node == now_.ring_nodes()[0] ? 0 : 1);
  stays.ready = false;
  EXPECT_THAT(actions(), IsEmpty());
  stays.ready = true;
  EXPECT_THAT(actions(), SizeIs(1));
}

TEST_F(ChildPlanTest, WhenTheFactorFallsWhileTheRingChangesAPodServesAllTheTime) {
  now_ = Situation(5);
  now_.replicas(2).settle();
  now_.replicas(1);
  // The one that is left has to move, and the other one serves meanwhile.
  now_.node(now_.pods[0].node).unschedulable = true;
  now_.node(now_.pods[1].node).unschedulable = true;
  for (int round = 0; round < 8; ++round) {
    ChildPlan plan = now_.plan();
    now_.store(plan);
    for (const Action& action : plan.actions) {
      if (const auto* create = std::get_if<CreatePod>(&action))
        now_.run(create->slot, create->node, create->incarnation);
      const auto* removal = std::get_if<DeletePod>(&action);
      if (removal == nullptr) continue;
      std::erase_if(now_.pods, [&](const kube::Pod& p) { return p.meta.uid == removal->uid; });
    }
    ASSERT_FALSE(now_.pods.empty()) << "in round " << round;
  }
  ASSERT_THAT(now_.pods, SizeIs(1));
  EXPECT_EQ(now_.pods[0].node, now_.ring_nodes()[0]);
}

TEST_F(ChildPlanTest, WhenTheFactorRisesTheNewReplicasAreMade) {
  now_.replicas(1).settle();
  now_.replicas(2);
  EXPECT_THAT(actions(), ElementsAre("create 1.1 on " + now_.ring_nodes()[1].str()));
}

TEST_F(ChildPlanTest, WithClusterSizeThereIsAReplicaOnEveryMember) {
  now_.hub->spec.redundancy = {.strategy = api::RedundancyStrategyKind::kReplication,
                               .replication = {.factor = std::nullopt}};
  EXPECT_THAT(actions(), SizeIs(3));
  now_.settle();
  now_.nodes.push_back(testing::NodeBuilder("node-d").node);
  EXPECT_THAT(actions(), ElementsAre("create 3.1 on node-d"));
}

TEST_F(ChildPlanTest, WithoutAValidTemplateNothingIsMadeAndNothingThatRunsIsTouched) {
  for (const auto state : {PodTemplate::State::kInvalid, PodTemplate::State::kUnchecked}) {
    now_ = Situation(3);
    now_.pod_template.state = state;
    EXPECT_THAT(actions(), IsEmpty());
    now_.pod_template = testing::make_template();
    now_.settle();
    now_.pod_template = testing::make_template("rev2");
    now_.pod_template.state = state;
    EXPECT_THAT(actions(), IsEmpty());
    EXPECT_FALSE(plan_.wants_move);
  }
}

TEST_F(ChildPlanTest, WhileATemplateIsRefusedLostPodsAreMadeOfTheOneBefore) {
  now_.settle();
  PodTemplate refused = testing::make_template("rev2");
  refused.state = PodTemplate::State::kInvalid;
  refused.accepted = std::make_shared<const PodTemplate>(now_.pod_template);
  now_.pod_template = refused;
  EXPECT_THAT(actions(), IsEmpty());  // nothing is rolled out, nor back
  now_.pods.clear();
  ASSERT_THAT(actions(), ElementsAre(HasSubstr("create 0.1 on")));
  const auto& create = std::get<CreatePod>(plan_.actions[0]);
  EXPECT_EQ((*create.body)["metadata"]["labels"][kRevisionLabel], "rev1");
}

TEST_F(ChildPlanTest, WhilePausedNothingIsStartedMovedOrStopped) {
  now_.hub->spec.paused = true;
  EXPECT_THAT(actions(), IsEmpty());
  now_.hub->spec.paused = false;
  now_.replicas(2).settle();
  now_.hub->spec.paused = true;
  now_.pod_template = testing::make_template("rev2");
  now_.pods[0].phase = "Failed";
  now_.pods[1].meta.owner_uid = Uid("foreign");
  now_.now = at(1000);
  EXPECT_THAT(actions(), IsEmpty());
}

TEST_F(ChildPlanTest, WhilePausedALossIsReportedButNotDecidedOn) {
  now_.settle();
  now_.hub->spec.paused = true;
  now_.lose(now_.pods[0].node, at(0));
  now_.now = at(60);
  EXPECT_THAT(actions(), IsEmpty());
  EXPECT_THAT(plan_.status.excluded, IsEmpty());
  EXPECT_EQ(plan_.status.phase, api::Phase::kLost);
}

TEST_F(ChildPlanTest, TheOrderInWhichPodsAreGivenDoesNotMatter) {
  now_.replicas(3).settle();
  now_.run(0, now_.pods[0].node, 2);
  now_.pods[1].phase = "Failed";
  for (const char* name : {"stray-b", "stray-a"}) {
    kube::Pod stray = now_.pods[2];
    stray.meta.name = name;
    stray.meta.uid = Uid(name);
    stray.meta.owner_uid = Uid("somebody else");
    now_.pods.push_back(stray);
  }
  now_.now = at(100);
  const ChildPlan first = now_.plan();
  const auto by_name = [](const auto& a, const auto& b) { return a.meta.name < b.meta.name; };
  std::sort(now_.pods.begin(), now_.pods.end(), by_name);
  int permutations = 0;
  do {
    const ChildPlan other = now_.plan();
    ASSERT_EQ(told(other, now_.child), told(first, now_.child));
    ASSERT_EQ(other.status, first.status);
    ASSERT_EQ(other.look_again, first.look_again);
    ++permutations;
  } while (std::next_permutation(now_.pods.begin(), now_.pods.end(), by_name));
  EXPECT_EQ(permutations, 720);
}

TEST(ReasonTest, EveryReasonHasAName) {
  for (int reason = 0; reason <= static_cast<int>(Reason::kNotOurs); ++reason) {
    EXPECT_NE(to_string(static_cast<Reason>(reason)), "");
  }
}

}  // namespace
}  // namespace processhub::plan
