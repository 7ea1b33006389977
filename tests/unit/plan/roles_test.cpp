#include "plan/roles.h"

#include <gmock/gmock.h>

#include "api/limits.h"
#include "unit/plan/roles_fixture.h"

namespace processhub::plan {
namespace {

using kube::ConditionStatus;
using testing::at;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Situation;
using testing::told;

TEST_F(RolesTest, TheFirstEpochIsAboveTheChildsCreationInSeconds) {
  EXPECT_EQ(epoch_, at(-7200).time_since_epoch() / std::chrono::seconds(1) + 1);
  EXPECT_EQ(kube::value_of(lead_->meta.labels, kRoleLabel), "active");
  EXPECT_EQ(role_of(*lead_), (redundancy::RoleAt{redundancy::Role::kActive, epoch_}));
  EXPECT_EQ(role_of(*standby_), (redundancy::RoleAt{redundancy::Role::kPassive, epoch_}));
  EXPECT_EQ(active().status, ConditionStatus::kTrue);
  EXPECT_EQ(active().reason, "FirstStart");
  EXPECT_EQ(s_.child.status.phase, api::Phase::kRunning);
}

TEST_F(RolesTest, AtRestThereIsNothingToDo) { EXPECT_THAT(plan_and_do(), IsEmpty()); }

TEST_F(RolesTest, PodsKnowTheirPeers) {
  EXPECT_EQ(kube::value_of(lead_->meta.annotations, kPeersAnnotation),
            R"([{"ip":"10.0.0.2","node":")" + node_of(*standby_).str() + R"(","pod":")" +
                standby_->meta.name + R"("}])");
}

TEST_F(RolesTest, NobodyLeadsBeforeSomebodyIsReady) {
  Situation fresh;
  fresh.active_passive(2);
  for (int slot = 0; const NodeName& node : fresh.ring_nodes()) fresh.run(slot++, node);
  for (kube::Pod& pod : fresh.pods) pod.ready = false;
  ChildPlan plan = fresh.plan();
  EXPECT_THAT(plan.actions, IsEmpty());
  EXPECT_FALSE(plan.status.active);

  fresh.pods[1].ready = true;  // not the preferred master, but the first that can
  plan = fresh.plan();
  EXPECT_THAT(told(plan, fresh.child), ElementsAre("status", "passive 0.1", "active 1.1"));
  EXPECT_EQ(plan.status.active->pod_uid, fresh.pods[1].meta.uid);
}

// The order of writes: the status, the seal of the one before, the label.
TEST_F(RolesTest, ASuspectNodesLeadGoesAtOnceToTheStandby) {
  s_.lose(node_of(*lead_), at(0));
  const std::string lost = node_of(*lead_).str();
  EXPECT_THAT(plan_and_do(),
              ElementsAre("status if " + lost + " is down", "passive 0.1", "active 1.1"));
  EXPECT_EQ(s_.child.status.epoch, epoch_ + 1);
  EXPECT_EQ(active().reason, "NodeNotReady");
  EXPECT_THAT(plan_and_do(), IsEmpty());
}

TEST_F(RolesTest, NothingSwitchesBackByItself) {
  s_.lose(node_of(*lead_), at(0));
  plan_and_do();
  s_.node(node_of(*lead_)).ready = ConditionStatus::kTrue;
  s_.node(node_of(*lead_)).ready_since = at(5);
  s_.now = at(6);
  EXPECT_THAT(plan_and_do(), IsEmpty());
  EXPECT_EQ(s_.child.status.active->pod_uid, standby_->meta.uid);
}

TEST_F(RolesTest, AStandbyThatIsNotReadyDoesNotTakeOver) {
  standby_->ready = false;
  s_.lose(node_of(*lead_), at(0));
  plan_and_do();
  EXPECT_EQ(s_.child.status.epoch, epoch_);
  EXPECT_EQ(active().reason, "NoReadyReplica");
}

TEST_F(RolesTest, ALeadThatIsGoneLeavesThePlaceFree) {
  remove(lead_);
  EXPECT_THAT(plan_and_do(), ::testing::Contains(HasSubstr("active 1.1")));
  EXPECT_EQ(s_.child.status.epoch, epoch_ + 1);
  EXPECT_EQ(active().reason, "PodGone");
}

// What leaves the list is read live before; see PutStatus.
TEST_F(RolesTest, AnEntryLeavesTheStatusOnlyWithALookAtItsPod) {
  const auto uid = lead_->meta.uid;
  const auto name = lead_->meta.name;
  remove(lead_);
  const ChildPlan plan = s_.plan();
  EXPECT_THAT(plan.gone, ElementsAre(redundancy::PodRef{name, uid}));
  EXPECT_EQ(std::get<PutStatus>(plan.actions.front()).gone, plan.gone);
}

TEST_F(RolesTest, ALeadThatIsNotReadyForTooLongHandsOver) {
  lead_->ready = false;
  lead_->ready_since = at(0);
  s_.now = at(4);
  const ChildPlan early = s_.plan();
  EXPECT_FALSE(early.status.epoch > epoch_);
  EXPECT_EQ(early.look_again, at(5));
  s_.now = at(5);
  EXPECT_THAT(plan_and_do(), ElementsAre("status", "passive 0.1", "active 1.1"));
  EXPECT_EQ(active().reason, "PodNotReady");
}

// The node controller calls the pods of a node that it does not hear of not Ready; when the node
// is back, its kubelet takes a moment to say otherwise.
TEST_F(RolesTest, TheLeadOfANodeThatIsBackHasItsTimeToBeReady) {
  lead_->ready = false;
  lead_->ready_since = at(0);
  s_.node(node_of(*lead_)).ready_since = at(100);
  s_.now = at(101);
  EXPECT_THAT(plan_and_do(), IsEmpty());
  EXPECT_EQ(s_.plan().look_again, at(105));
}

TEST_F(RolesTest, ALeadThatIsBeingDeletedHandsOverAtOnce) {
  lead_->meta.deleted = at(0);
  EXPECT_THAT(plan_and_do(), ElementsAre("status", "passive 0.1", "active 1.1"));
  EXPECT_EQ(active().reason, "PodTerminating");
}

// --- a command ---

TEST_F(RolesTest, SwitchToHandsOverAndIsTakenOffWhenItIsDone) {
  s_.child.meta.annotations[kSwitchToAnnotation] = node_of(*standby_).str();
  EXPECT_THAT(plan_and_do(), ElementsAre("status", "passive 0.1", "active 1.1"));
  EXPECT_EQ(active().reason, "SwitchRequested");
  EXPECT_THAT(plan_and_do(), ElementsAre("status"));  // that it is done
  const auto& told_of = testing::condition_of(s_.child.status.conditions, kSwitchRequested);
  EXPECT_EQ(told_of.status, ConditionStatus::kTrue);
  EXPECT_THAT(plan_and_do(), ElementsAre("remove processhub.io/switch-to Switched"));
  s_.child.meta.annotations.clear();
  EXPECT_THAT(plan_and_do(), IsEmpty());
}

TEST_F(RolesTest, SwitchToANodeWithoutAStandbyIsRefused) {
  s_.child.meta.annotations[kSwitchToAnnotation] = "nowhere";
  EXPECT_THAT(plan_and_do(), ElementsAre("status"));
  const auto& told_of = testing::condition_of(s_.child.status.conditions, kSwitchRequested);
  EXPECT_EQ(told_of.status, ConditionStatus::kFalse);
  EXPECT_EQ(told_of.reason, "NoStandby");
  EXPECT_THAT(plan_and_do(), ElementsAre("remove processhub.io/switch-to NoStandby"));
  EXPECT_EQ(s_.child.status.epoch, epoch_);
}

TEST_F(RolesTest, SwitchToIsRefusedWhereAllArePeers) {
  s_.hub->spec.redundancy.replication.model = api::ReplicationModel::kActiveActive;
  plan_and_do();
  s_.child.meta.annotations[kSwitchToAnnotation] = node_of(*standby_).str();
  EXPECT_THAT(plan_and_do(), ElementsAre("status"));
  const auto& told_of = testing::condition_of(s_.child.status.conditions, kSwitchRequested);
  EXPECT_EQ(told_of.status, ConditionStatus::kFalse);
  EXPECT_EQ(told_of.reason, "NoLead");
  EXPECT_THAT(plan_and_do(), ElementsAre("remove processhub.io/switch-to NoLead"));
}

// --- what others have written ---

TEST_F(RolesTest, AnEpochThatWasSetBackIsPassed) {
  s_.child.status.epoch = 3;
  EXPECT_THAT(plan_and_do(), ElementsAre("status", "passive 1.1", "active 0.1"));
  EXPECT_EQ(s_.child.status.epoch, epoch_ + 1);
  EXPECT_EQ(s_.child.status.active->pod_uid, lead_->meta.uid);
  EXPECT_EQ(active().reason, "Repaired");
}

// As it is read where an edit has made it greater than any can be.
TEST_F(RolesTest, ALeadWithoutAnEpochIsNamedAnew) {
  s_.child.status.epoch = 0;
  for (kube::Pod* pod : {lead_, standby_}) {
    pod->meta.annotations[kRoleAnnotation] = "active 9223372036854775807";
  }
  EXPECT_THAT(plan_and_do(), ElementsAre("status", "passive 1.1", "active 0.1"));
  EXPECT_EQ(s_.child.status.epoch, epoch_);
  EXPECT_EQ(active().reason, "Repaired");
  EXPECT_THAT(plan_and_do(), IsEmpty());
}

// There has to be room for those that follow, and they have to be readable.
TEST_F(RolesTest, AGreatEpochIsFollowedByAGreaterOne) {
  const int64_t great = api::kMaxEpochOfPods;
  standby_->meta.annotations[kRoleAnnotation] = "passive " + std::to_string(great);
  EXPECT_THAT(plan_and_do(), ElementsAre("status", "passive 1.1", "active 0.1"));
  EXPECT_EQ(s_.child.status.epoch, great + 1);
  EXPECT_EQ(role_of(*lead_, s_.child.status.epoch),
            (redundancy::RoleAt{redundancy::Role::kActive, great + 1}));
  EXPECT_THAT(plan_and_do(), IsEmpty());
}

TEST_F(RolesTest, AStatusThatNamesAnotherIsNotBelievedAgainstThePodThatLeads) {
  s_.child.status.active->pod_uid = standby_->meta.uid;
  EXPECT_THAT(plan_and_do(), ElementsAre("status", "passive 1.1", "active 0.1"));
  EXPECT_EQ(s_.child.status.active->pod_uid, lead_->meta.uid);
  EXPECT_EQ(s_.child.status.epoch, epoch_ + 1);
}

TEST_F(RolesTest, ALostStatusIsMadeAgainFromThePods) {
  s_.child.status = {};
  plan_and_do();
  EXPECT_EQ(s_.child.status.active->pod_uid, lead_->meta.uid);
  EXPECT_EQ(s_.child.status.epoch, epoch_ + 1);
}

TEST_F(RolesTest, LabelsThatWereMovedAreMovedBack) {
  lead_->meta.labels[kRoleLabel] = "passive";
  standby_->meta.labels[kRoleLabel] = "active";
  EXPECT_THAT(plan_and_do(), ElementsAre("passive 1.1", "active 0.1"));
  EXPECT_THAT(plan_and_do(), IsEmpty());
  EXPECT_EQ(s_.child.status.epoch, epoch_);
}

TEST_F(RolesTest, AHubLabelThatWasChangedIsChangedBack) {
  lead_->meta.labels[kHubLabel] = "another";
  EXPECT_THAT(plan_and_do(), ElementsAre("active 0.1"));
}

// It counts as foreign from then on, and so as deleted; not as gone before that.
TEST_F(RolesTest, ALeadThatHasLostItsSlotIsWaitedFor) {
  lead_->meta.annotations.erase(kSlotAnnotation);
  const Uid old = lead_->meta.uid;
  const ChildPlan plan = s_.plan();
  ASSERT_TRUE(std::holds_alternative<PutStatus>(plan.actions.front()));
  EXPECT_THAT(std::get<PutStatus>(plan.actions.front()).gone, IsEmpty());
  EXPECT_TRUE(std::any_of(plan.actions.begin(), plan.actions.end(), [&](const Action& action) {
    const auto* removal = std::get_if<DeletePod>(&action);
    return removal != nullptr && removal->uid == old;
  }));
}

// Else one plan would name the standby, label it, and delete it.
TEST_F(RolesTest, AStandbyIsNotMovedWhileTheLeadIsUnderSuspicion) {
  s_.not_reached = node_of(*lead_);
  s_.pod_template = testing::make_template("rev2");
  EXPECT_THAT(plan_and_do(), ElementsAre("status", "passive 0.1", "active 1.1"));
}

TEST_F(RolesTest, AForeignPodThatCallsItselfActiveIsDemotedBeforeItGoes) {
  kube::Pod foreign = *standby_;
  foreign.meta.name = "foreign";
  foreign.meta.uid = Uid("foreign");
  foreign.meta.owner_uid = Uid("somebody");
  foreign.meta.labels[kRoleLabel] = "active";
  s_.pods.push_back(foreign);
  EXPECT_THAT(plan_and_do(), ElementsAre("passive foreign", "delete foreign NotOurs"));
}

// --- silence ---

TEST_F(RolesTest, WithoutAFenceSilenceHoldsNothingUp) {
  http();
  s_.child.meta.annotations[kSwitchToAnnotation] = node_of(*standby_).str();
  const ChildPlan plan = s_.plan();
  EXPECT_THAT(told(plan, s_.child), ElementsAre("status", "passive 0.1", "tell 0.1 passive",
                                                "tell 1.1 active", "active 1.1"));
  EXPECT_FALSE(std::get<TellRole>(plan.actions[2]).must_answer);
}

// A pod on a node that is lost is told once the node is back.
TEST_F(RolesTest, AReturnedPodIsToldThatItHasLostTheLead) {
  http();
  s_.lose(node_of(*lead_), at(0));
  EXPECT_THAT(plan_and_do(), ::testing::Not(::testing::Contains("tell 0.1 passive")));
  s_.answers.answered[standby_->meta.uid] = {redundancy::Role::kActive, epoch_ + 1};
  EXPECT_THAT(plan_and_do(), IsEmpty());
  s_.node(node_of(*lead_)).ready = ConditionStatus::kTrue;
  EXPECT_THAT(plan_and_do(), ElementsAre("tell 0.1 passive"));
  s_.answers.answered[lead_->meta.uid] = {redundancy::Role::kPassive, epoch_ + 1};
  EXPECT_THAT(plan_and_do(), IsEmpty());
  EXPECT_EQ(s_.child.status.replicas[0].demoted, 0);
}

// --- pauses, models, moves ---

TEST_F(RolesTest, WhilePausedNobodyIsNamedButWhoWasIsPutInPlace) {
  s_.hub->spec.paused = true;
  s_.lose(node_of(*lead_), at(0));
  EXPECT_THAT(plan_and_do(), IsEmpty());

  s_.hub->spec.paused = false;
  const ChildPlan named = s_.plan();
  s_.store(named);  // and then paused, before anything else was written
  s_.hub->spec.paused = true;
  EXPECT_THAT(plan_and_do(), ElementsAre("passive 0.1", "active 1.1"));
}

// Whatever `signal` says: that is about peers that stay peers.
TEST_F(RolesTest, AChangeToPeersIsToldToAll) {
  http();
  s_.hub->spec.redundancy.replication.model = api::ReplicationModel::kActiveActive;
  EXPECT_THAT(plan_and_do(),
              ElementsAre("status", "tell 0.1 peer", "tell 1.1 peer", "peer 0.1", "peer 1.1"));
  EXPECT_THAT(plan_and_do(), IsEmpty());
}

TEST_F(RolesTest, PeersThatStandByFromNowOnAreTold) {
  s_.hub->spec.redundancy.replication.model = api::ReplicationModel::kActiveActive;
  plan_and_do();
  http();
  s_.hub->spec.redundancy.replication.model = api::ReplicationModel::kActivePassive;
  EXPECT_THAT(plan_and_do(), ElementsAre("status", "passive 1.1", "tell 1.1 passive",
                                         "tell 0.1 active", "active 0.1"));
}

TEST_F(RolesTest, AChangeToPeersEndsTheLead) {
  s_.hub->spec.redundancy.replication.model = api::ReplicationModel::kActiveActive;
  EXPECT_THAT(plan_and_do(), ElementsAre("status", "peer 0.1", "peer 1.1"));
  EXPECT_FALSE(s_.child.status.active);
  EXPECT_EQ(s_.child.status.epoch, epoch_ + 1);
  EXPECT_EQ(api::find_condition(s_.child.status.conditions, kActive), nullptr);
  EXPECT_THAT(plan_and_do(), IsEmpty());

  s_.hub->spec.redundancy.replication.model = api::ReplicationModel::kActivePassive;
  EXPECT_THAT(plan_and_do(), ElementsAre("status", "passive 1.1", "active 0.1"));
  EXPECT_EQ(s_.child.status.epoch, epoch_ + 2);
}

TEST_F(RolesTest, ALeadThatIsToMoveHandsOverFirst) {
  s_.node(node_of(*lead_)).unschedulable = true;
  EXPECT_THAT(plan_and_do(), ElementsAre("status", "passive 0.1", "active 1.1"));
  EXPECT_EQ(active().reason, "NodeDraining");
  EXPECT_THAT(plan_and_do(), ElementsAre("delete 0.1 NodeDraining"));
}

TEST_F(RolesTest, WhenTheFactorFallsTheLeadHandsOverBeforeItGoes) {
  s_.active_passive(1);
  const auto first = s_.ring_nodes();
  ASSERT_EQ(first.front(), node_of(*lead_));
  // The one that stays leads already; the other goes without more ado.
  EXPECT_THAT(plan_and_do(), ElementsAre("delete 1.1 Surplus"));
}

}  // namespace
}  // namespace processhub::plan
