// A move by ColdSwap whose new pod is not Ready within childTimeoutSeconds.
#include <gmock/gmock.h>

#include "api/conditions.h"
#include "plan/child_placement.h"
#include "plan/child_plan.h"
#include "plan/child_status.h"
#include "unit/plan/builders.h"

namespace processhub::plan {
namespace {

using testing::at;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::Situation;
using testing::told;

constexpr auto kTimeout = std::chrono::seconds(600);

class MoveTimeoutTest : public ::testing::Test {
 protected:
  void SetUp() override { now_.replicas(1).settle(); }

  std::vector<std::string> round() {
    plan_ = now_.plan();
    now_.store(plan_);
    return told(plan_, now_.child);
  }
  // Off its node, to the next one, where the new pod does not become Ready.
  void drain_to_where_it_fails() {
    first_ = now_.pods[0].node;
    now_.node(first_).unschedulable = true;
    round();
    now_.pods.clear();
    round();
    second_ = now_.ring_nodes()[0];
    EXPECT_THAT(round(), ElementsAre("create 0.2 on " + second_.str()));
    begin(0, second_, 2);
  }
  void begin(int slot, const NodeName& node, int incarnation) {
    kube::Pod& pod = now_.run(slot, node, incarnation);
    pod.ready = false;
    pod.meta.created = now_.now;
    pod.message = "container main: ImagePullBackOff";
    EXPECT_THAT(round(), IsEmpty());
  }
  void update_in_vain() {
    node_ = now_.pods[0].node;
    now_.pod_template = testing::make_template("bad");
    EXPECT_THAT(round(), ElementsAre("status", "delete 0.1 TemplateChanged"));
    EXPECT_EQ(plan_.moving, MoveKind::kUpdate);
    now_.pods.clear();
    round();
    begin(0, node_, 1);
    EXPECT_EQ(plan_.look_again, now_.now + kTimeout);
  }
  [[nodiscard]] const api::Condition& condition(const char* type) const {
    return testing::condition_of(plan_.status.conditions, type);
  }

  Situation now_{4};
  ChildPlan plan_;
  NodeName first_, second_, node_;
};

TEST_F(MoveTimeoutTest, AMoveGoesOnToTheNextNodeAndFreesItsPlace) {
  drain_to_where_it_fails();
  EXPECT_EQ(plan_.moving, MoveKind::kOfNodes);
  now_.now += kTimeout - std::chrono::seconds(1);
  EXPECT_THAT(round(), IsEmpty());
  now_.now += std::chrono::seconds(1);
  EXPECT_THAT(round(), ElementsAre("status", "delete 0.2 MoveTimedOut"));
  EXPECT_FALSE(plan_.moving);
  EXPECT_FALSE(api::is_true(plan_.status.conditions, kMigrating));
  ASSERT_EQ(plan_.status.excluded.size(), 1U);
  EXPECT_EQ(plan_.status.excluded[0].node, second_);
  EXPECT_EQ(plan_.status.excluded[0].reason, kMoveTimedOut);
  EXPECT_EQ(condition(kPlaced).reason, "Excluded");
  now_.pods.clear();
  round();
  const NodeName third = now_.ring_nodes({second_})[0];
  EXPECT_THAT(round(), ElementsAre("create 0.3 on " + third.str()));
  now_.run(0, third, 3);
  EXPECT_THAT(round(), IsEmpty());
  EXPECT_EQ(plan_.status.ready, "1/1");
}

TEST_F(MoveTimeoutTest, WithNowhereElseItStaysAndFreesItsPlace) {
  now_ = Situation(2);
  now_.replicas(1).settle();
  drain_to_where_it_fails();
  now_.now += kTimeout;
  EXPECT_THAT(round(), IsEmpty());
  EXPECT_FALSE(plan_.moving);
  EXPECT_THAT(plan_.status.excluded, IsEmpty());
  now_.pods[0].ready = true;
  EXPECT_THAT(round(), IsEmpty());
  EXPECT_EQ(plan_.status.ready, "1/1");
}

TEST_F(MoveTimeoutTest, NotMoreThanThreeNodesAreTried) {
  now_ = Situation(7);
  now_.replicas(1).settle();
  drain_to_where_it_fails();
  int tried = 1;
  for (; tried < 10; ++tried) {
    now_.now += kTimeout;
    if (round().empty()) break;
    now_.pods.clear();
    round();
    round();
    const auto& create = std::get<CreatePod>(plan_.actions.back());
    // A user's move of the child there, as far as its status tells.
    api::set_condition(
        now_.child.status.conditions,
        {.type = kMigrating, .status = kube::ConditionStatus::kTrue, .reason = "NodeDraining"},
        now_.now);
    begin(create.slot, create.node, create.incarnation);
  }
  EXPECT_EQ(tried, 4);
  EXPECT_EQ(plan_.status.excluded.size(), 3U);
}

TEST_F(MoveTimeoutTest, APodThatIsSlowToStartButHasNotMovedIsNotTouched) {
  now_.pods[0].ready = false;
  now_.pods[0].meta.created = now_.now;
  now_.now += 2 * kTimeout;
  EXPECT_THAT(round(), IsEmpty());
  EXPECT_THAT(plan_.status.excluded, IsEmpty());
}

// It is no matter of the move that its sibling has begun.
TEST_F(MoveTimeoutTest, AReplicaThatFailsBesideAMoveIsNotTouched) {
  now_ = Situation(4);
  now_.replicas(2).settle();
  now_.node(now_.pods[0].node).unschedulable = true;
  round();
  EXPECT_EQ(plan_.moving, MoveKind::kOfNodes);
  now_.pods[1].ready = false;
  now_.now += 2 * kTimeout;
  round();
  EXPECT_THAT(plan_.status.excluded, IsEmpty());
}

TEST_F(MoveTimeoutTest, ANewTemplateThatDoesNotComeUpStaysAndIsSaid) {
  update_in_vain();
  now_.now += kTimeout;
  EXPECT_THAT(round(), ElementsAre("status"));
  EXPECT_FALSE(plan_.moving);
  EXPECT_TRUE(plan_.update_failed);
  ASSERT_EQ(plan_.status.excluded.size(), 1U);
  EXPECT_EQ(plan_.status.excluded[0].reason, kUpdateTimedOut);
  EXPECT_EQ(condition(kPlaced).reason, kUpdateTimedOut);
  EXPECT_EQ(plan_.status.node_names, node_.str()) << "another node would do no better";
  EXPECT_THAT(round(), IsEmpty());
  EXPECT_TRUE(plan_.update_failed);
}

TEST_F(MoveTimeoutTest, AMendedTemplateReplacesItAtOnce) {
  update_in_vain();
  now_.now += kTimeout;
  round();
  now_.pod_template = testing::make_template("good");
  now_.may_update = false;  // it serves nobody, so that it needs no place
  EXPECT_THAT(round(), ElementsAre("delete 0.1 TemplateChanged"));
  EXPECT_TRUE(plan_.update_failed) << "until it has come up, no other child is tried with it";
  now_.pods.clear();
  round();
  begin(0, node_, 1);
  EXPECT_TRUE(plan_.update_failed);
  now_.pods[0].ready = true;
  round();
  EXPECT_FALSE(plan_.update_failed);
  EXPECT_THAT(plan_.status.excluded, IsEmpty());
}

TEST_F(MoveTimeoutTest, ATemplateThatIsStillBeingTriedHasNotFailed) {
  update_in_vain();
  now_.now += kTimeout;
  round();
  now_.pod_template = testing::make_template("good");
  now_.pod_template.state = PodTemplate::State::kUnchecked;
  EXPECT_THAT(round(), IsEmpty());
  now_.pod_template.state = PodTemplate::State::kValid;
  EXPECT_THAT(round(), ElementsAre("delete 0.1 TemplateChanged"));
}

TEST_F(MoveTimeoutTest, ASecondBadTemplateIsHeldAgainstTheSameChild) {
  update_in_vain();
  now_.now += kTimeout;
  round();
  const std::string first = plan_.status.excluded.at(0).fingerprint;
  now_.pod_template = testing::make_template("worse");
  round();
  now_.pods.clear();
  round();
  begin(0, node_, 1);
  now_.now += kTimeout;
  EXPECT_THAT(round(), ElementsAre("status"));
  ASSERT_EQ(plan_.status.excluded.size(), 1U);
  EXPECT_NE(plan_.status.excluded[0].fingerprint, first);
}

// The template is no better on another node.
TEST_F(MoveTimeoutTest, ADrainOfItsNodeEndsNoStop) {
  update_in_vain();
  now_.now += kTimeout;
  round();
  now_.node(node_).unschedulable = true;
  round();
  EXPECT_TRUE(plan_.update_failed);
  now_.pods.clear();
  round();
  round();
  EXPECT_TRUE(plan_.update_failed);
}

TEST_F(MoveTimeoutTest, WhileARollOutHasFailedWhatRunsIsNotMovedToTheNewTemplate) {
  now_.pod_template = testing::make_template("bad");
  now_.rollout_failed = true;
  now_.may_update = false;
  now_.node(now_.pods[0].node).unschedulable = true;
  EXPECT_THAT(round(), IsEmpty());
  EXPECT_EQ(condition(kMigrating).reason, "WaitsForTemplate");
  EXPECT_EQ(plan_.wants_move, MoveKind::kUpdate) << "it is woken once that is mended";
  now_.rollout_failed = false;
  EXPECT_THAT(round(), ElementsAre("status", "delete 0.1 NodeDraining"));
}

TEST_F(MoveTimeoutTest, APlaceForANodeIsNoneForATemplate) {
  now_ = Situation(5);
  now_.replicas(2).settle();
  now_.pod_template = testing::make_template("rev2");
  now_.may_update = false;
  const NodeName old = now_.pods[0].node;
  now_.node(old).unschedulable = true;
  round();
  EXPECT_EQ(plan_.moving, MoveKind::kOfNodes);
  std::erase_if(now_.pods, [&](const kube::Pod& pod) { return pod.node == old; });
  round();
  round();
  const auto& create = std::get<CreatePod>(plan_.actions.back());
  now_.run(create.slot, create.node, create.incarnation);
  EXPECT_THAT(round(), IsEmpty());
  EXPECT_FALSE(plan_.moving) << "the node is left, and the other replica waits";
  EXPECT_EQ(plan_.wants_move, MoveKind::kUpdate);
}

TEST_F(MoveTimeoutTest, WhatCannotBeMadeIsNotWaitedForEither) {
  now_.pod_template = testing::make_template("rev2");
  round();
  now_.pods.clear();
  round();  // and the API server refuses the new one, again and again
  EXPECT_TRUE(plan_.moving);
  now_.now += kTimeout;
  round();
  EXPECT_FALSE(plan_.moving);
  EXPECT_TRUE(plan_.update_failed);
}

TEST_F(MoveTimeoutTest, OneThatComesUpAfterAllHasNotFailed) {
  update_in_vain();
  now_.now += kTimeout;
  round();
  now_.pods[0].ready = true;
  EXPECT_THAT(round(), IsEmpty());
  EXPECT_FALSE(plan_.update_failed);
  EXPECT_EQ(condition(kPlaced).reason, "Preferred");
}

TEST_F(MoveTimeoutTest, OfTwoReplicasTheOtherStaysWhatItWas) {
  now_ = Situation(4);
  now_.replicas(2).settle();
  node_ = now_.pods[0].node;
  now_.pod_template = testing::make_template("bad");
  round();
  std::erase_if(now_.pods, [&](const kube::Pod& pod) { return pod.node == node_; });
  round();
  begin(0, node_, 1);
  now_.now += kTimeout;
  round();
  EXPECT_TRUE(plan_.update_failed);
  EXPECT_THAT(round(), IsEmpty());
  EXPECT_EQ(plan_.status.ready, "1/2");
}

TEST_F(MoveTimeoutTest, AnUpdateNeedsItsOwnPlace) {
  now_.pod_template = testing::make_template("rev2");
  now_.may_update = false;
  plan_ = now_.plan();
  EXPECT_THAT(plan_.actions, IsEmpty());
  EXPECT_EQ(plan_.wants_move, MoveKind::kUpdate);
  now_.node(now_.pods[0].node).unschedulable = true;  // a drain needs none
  EXPECT_THAT(round(), ElementsAre("status", "delete 0.1 NodeDraining"));
  EXPECT_EQ(plan_.moving, MoveKind::kOfNodes);
}

TEST_F(MoveTimeoutTest, ASuspendedChildHoldsNoRollOutUp) {
  update_in_vain();
  now_.now += kTimeout;
  round();
  now_.child.spec.suspended = true;
  round();
  EXPECT_FALSE(plan_.update_failed);
}

}  // namespace
}  // namespace processhub::plan
