// What a child's status tells, from the same snapshot as its plan.
#include "plan/child_status.h"

#include <gmock/gmock.h>

#include "unit/plan/builders.h"

namespace processhub::plan {
namespace {

using api::Phase;
using kube::ConditionStatus;
using testing::at;
using testing::condition_of;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Situation;
using ::testing::SizeIs;

class ChildStatusTest : public ::testing::Test {
 protected:
  const api::ChildStatus& status() {
    status_ = now_.plan().status;
    return status_;
  }
  const api::Condition& condition(const std::string& type) {
    status();
    return condition_of(status_.conditions, type);
  }
  Situation now_{3};
  api::ChildStatus status_;
};

TEST_F(ChildStatusTest, ANewChildIsPendingAndNamesThePodThatItWillHave) {
  const NodeName node = now_.ring_nodes()[0];
  EXPECT_EQ(status().phase, Phase::kPending);
  EXPECT_EQ(status_.observed_generation, 1);
  EXPECT_EQ(status_.ready, "0/1");
  EXPECT_EQ(status_.node_names, node.str());
  EXPECT_EQ(status_.master_node, node);
  ASSERT_THAT(status_.replicas, SizeIs(1));
  EXPECT_EQ(status_.replicas[0], (api::Replica{.slot = 0,
                                               .incarnation = 1,
                                               .node = node,
                                               .node_uid = Uid("uid-" + node.str()),
                                               .pod = pod_name(now_.child, 0, 1)}));
  EXPECT_EQ(condition(kReady).status, ConditionStatus::kFalse);
  EXPECT_THAT(condition(kReady).message, HasSubstr("slot 0 has no pod on " + node.str()));
}

TEST_F(ChildStatusTest, AChildThatRunsSaysWhere) {
  now_.replicas(2).settle();
  EXPECT_EQ(status().phase, Phase::kRunning);
  EXPECT_EQ(status_.ready, "2/2");
  EXPECT_EQ(status_.node_names, now_.pods[0].node.str() + "," + now_.pods[1].node.str());
  ASSERT_THAT(status_.replicas, SizeIs(2));
  EXPECT_EQ(status_.replicas[1], (api::Replica{.slot = 1,
                                               .incarnation = 1,
                                               .node = now_.pods[1].node,
                                               .node_uid = Uid("uid-" + now_.pods[1].node.str()),
                                               .pod = now_.pods[1].meta.name,
                                               .pod_uid = now_.pods[1].meta.uid,
                                               .role = "peer",
                                               .revision = "rev1",
                                               .ready = true}));
  EXPECT_EQ(condition(kReady).reason, "AllReplicasReady");
  EXPECT_EQ(condition(kAccepted).status, ConditionStatus::kTrue);
  EXPECT_EQ(condition(kMigrating).status, ConditionStatus::kFalse);
  EXPECT_EQ(condition(kDegraded).status, ConditionStatus::kFalse);
}

TEST_F(ChildStatusTest, WithOneReplicaShortItIsDegradedAndSaysWhatKeepsIt) {
  now_.replicas(2).settle();
  now_.pods[1].ready = false;
  now_.pods[1].message = "CrashLoopBackOff: exit 1";
  EXPECT_EQ(status().phase, Phase::kDegraded);
  EXPECT_EQ(status_.ready, "1/2");
  EXPECT_THAT(condition(kReady).message,
              HasSubstr("1 of 2 replicas Ready; pod " + now_.pods[1].meta.name));
  EXPECT_THAT(condition(kReady).message, HasSubstr("CrashLoopBackOff: exit 1"));
  EXPECT_EQ(condition(kDegraded).status, ConditionStatus::kTrue);
}

TEST_F(ChildStatusTest, WithFewerNodesThanReplicasItSaysSo) {
  now_.replicas(5).settle();
  EXPECT_EQ(status().phase, Phase::kDegraded);
  EXPECT_EQ(condition(kDegraded).reason, "NotEnoughNodes");
  EXPECT_THAT(condition(kDegraded).message, HasSubstr("5 replicas wanted, 3 nodes"));
  EXPECT_THAT(condition(kReady).message, HasSubstr("fewer nodes than replicas"));
}

TEST_F(ChildStatusTest, WithoutAnyNodeItSaysSo) {
  now_.nodes.clear();
  EXPECT_EQ(condition(kReady).reason, "NoNodes");
  EXPECT_EQ(status_.phase, Phase::kPending);
  EXPECT_THAT(status_.replicas, IsEmpty());
  EXPECT_EQ(status_.master_node, NodeName());
}

TEST_F(ChildStatusTest, AChildOnALostNodeIsLost) {
  now_.settle();
  now_.lose(now_.pods[0].node, at(-1));
  EXPECT_EQ(status().phase, Phase::kLost);
  EXPECT_FALSE(status_.replicas[0].ready);
  EXPECT_THAT(condition(kReady).message, HasSubstr("its node is not Ready"));
}

TEST_F(ChildStatusTest, APodThatIsBeingDeletedDoesNotCount) {
  now_.settle();
  now_.pods[0].meta.deleted = at(0);
  EXPECT_EQ(status().ready, "0/1");
  EXPECT_EQ(status_.phase, Phase::kPending);
  EXPECT_THAT(condition(kReady).message, HasSubstr("is being deleted"));
}

TEST_F(ChildStatusTest, ARefusedTemplateIsTold) {
  now_.settle();
  now_.pod_template.state = PodTemplate::State::kInvalid;
  now_.pod_template.message = "spec.containers[0].image: Required value";
  EXPECT_EQ(condition(kAccepted).status, ConditionStatus::kFalse);
  EXPECT_EQ(condition(kAccepted).reason, "TemplateInvalid");
  EXPECT_EQ(condition(kAccepted).message, "spec.containers[0].image: Required value");
  EXPECT_EQ(status_.phase, Phase::kRunning);  // what runs, runs
}

TEST_F(ChildStatusTest, ATemplateThatIsBeingTriedChangesNothingInWhatIsTold) {
  now_.pod_template.state = PodTemplate::State::kUnchecked;
  EXPECT_EQ(condition(kAccepted).status, ConditionStatus::kUnknown);
  now_.pod_template.state = PodTemplate::State::kValid;
  now_.settle();
  now_.pod_template.state = PodTemplate::State::kUnchecked;
  EXPECT_EQ(status(), now_.child.status);
}

TEST_F(ChildStatusTest, AConditionsTimeMovesOnlyWithItsStatus) {
  now_.now = at(100);
  now_.replicas(2).settle();
  now_.now = at(200);
  EXPECT_EQ(condition(kReady).last_transition, at(100));
  now_.pods[0].ready = false;
  EXPECT_EQ(condition(kReady).last_transition, at(200));
  now_.store(now_.plan());
  now_.now = at(300);
  now_.pods[1].ready = false;  // another message, the same status
  EXPECT_NE(condition(kReady).message, condition_of(now_.child.status.conditions, kReady).message);
  EXPECT_EQ(condition(kReady).last_transition, at(200));
}

TEST_F(ChildStatusTest, TimesAreInWholeSecondsAsTheyAreStored) {
  now_.now = at(100) + Duration(123'456);
  EXPECT_EQ(condition(kReady).last_transition, at(100));
}

TEST_F(ChildStatusTest, ANewGenerationIsObservedInEveryCondition) {
  now_.settle();
  now_.child.meta.generation = 5;
  EXPECT_EQ(status().observed_generation, 5);
  for (const api::Condition& c : status_.conditions) EXPECT_EQ(c.observed_generation, 5) << c.type;
}

TEST_F(ChildStatusTest, ConditionsOfOthersAreKept) {
  now_.settle();
  now_.child.status.conditions.insert(
      now_.child.status.conditions.begin(),
      {.type = "A/Theirs", .status = ConditionStatus::kTrue, .reason = "Said"});
  EXPECT_EQ(condition("A/Theirs").reason, "Said");
}

TEST_F(ChildStatusTest, ReplicasAreListedBySlotAndIncarnation) {
  now_.replicas(2).settle();
  now_.run(0, now_.pods[0].node, 2);
  now_.pods[0].meta.deleted = at(0);
  ASSERT_THAT(status().replicas, SizeIs(3));
  EXPECT_EQ(status_.replicas[0].incarnation, 1);
  EXPECT_EQ(status_.replicas[1].incarnation, 2);
  EXPECT_EQ(status_.replicas[2].slot, 1);
}

TEST(ServesTest, OnlyAReadyPodThatStaysOnAReadyNodeServes) {
  Situation now(1);
  now.settle();
  const Membership& membership = now.frame().membership;
  EXPECT_TRUE(serves(now.pods[0], membership));
  kube::Pod pod = now.pods[0];
  pod.ready = false;
  EXPECT_FALSE(serves(pod, membership));
  pod = now.pods[0];
  pod.meta.deleted = at(0);
  EXPECT_FALSE(serves(pod, membership));
  pod = now.pods[0];
  pod.node = NodeName("gone");
  EXPECT_FALSE(serves(pod, membership));
  now.lose(now.pods[0].node, at(0));
  static_cast<void>(now.plan());
  EXPECT_FALSE(serves(now.pods[0], now.frame().membership));
}

TEST(RejectedStatusTest, KeepsWhatIsKnownAndSaysWhyNothingIsDone) {
  Situation now(3);
  now.settle();
  now.child.meta.generation = 2;
  const api::ChildStatus status =
      rejected_status(now.child, "HubNotFound", "there is no hub", at(50));
  EXPECT_EQ(status.phase, Phase::kRejected);
  EXPECT_EQ(status.replicas, now.child.status.replicas);
  EXPECT_EQ(status.observed_generation, 2);
  const auto& accepted = condition_of(status.conditions, kAccepted);
  EXPECT_EQ(accepted.status, ConditionStatus::kFalse);
  EXPECT_EQ(accepted.reason, "HubNotFound");
  EXPECT_EQ(accepted.last_transition, at(50));
  now.child.status = status;
  EXPECT_EQ(rejected_status(now.child, "HubNotFound", "there is no hub", at(90)), status);
}

}  // namespace
}  // namespace processhub::plan
