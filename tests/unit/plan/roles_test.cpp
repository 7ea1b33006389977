#include "plan/roles.h"

#include <gmock/gmock.h>

#include "api/conditions.h"
#include "api/limits.h"
#include "plan/child_status.h"
#include "plan/labels.h"
#include "unit/plan/builders.h"

namespace processhub::plan {
namespace {

using kube::ConditionStatus;
using testing::at;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Situation;
using testing::told;

// A child with two replicas on two of three nodes; the one in slot 0 leads.
class RolesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    s_.active_passive(2).settle();
    lead_ = s_.pod(0);
    standby_ = s_.pod(1);
    ASSERT_EQ(s_.child.status.active->pod_uid, lead_->meta.uid);
    epoch_ = s_.child.status.epoch;
  }

  std::vector<std::string> plan_and_do() {
    const ChildPlan plan = s_.plan();
    s_.carry_out(plan);
    return told(plan, s_.child);
  }
  const api::Condition& active() {
    return testing::condition_of(s_.child.status.conditions, kActive);
  }
  void remove(const kube::Pod* pod) {
    const Uid uid = pod->meta.uid;
    std::erase_if(s_.pods, [&](const kube::Pod& one) { return one.meta.uid == uid; });
    lead_ = s_.pod(0);
    standby_ = s_.pod(1);
  }
  void http() { s_.hub->spec.redundancy.replication.http = api::RoleHttpSpec{.port = 8080}; }
  void fence() { s_.hub->spec.failover.fence = api::Fence::kNodeConfirmed; }

  Situation s_;
  kube::Pod* lead_ = nullptr;
  kube::Pod* standby_ = nullptr;
  int64_t epoch_ = 0;
};

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

// --- a fence ---

// It may still read from its file that it leads: nobody has told it otherwise.
TEST_F(RolesTest, WithAFenceAPodOfAFormerChildEndsBeforeAnotherIsLabelled) {
  fence();
  kube::Pod former = *lead_;
  former.meta.name = "former";
  former.meta.uid = Uid("former");
  former.meta.owner_uid = Uid("former-child");
  former.meta.annotations[kSlotAnnotation] = "7";
  former.meta.deleted = at(0);
  remove(lead_);
  s_.pods.push_back(former);
  standby_ = s_.pod(1);
  EXPECT_THAT(plan_and_do(), ::testing::Not(::testing::Contains("active 1.1")));
  EXPECT_THAT(plan_and_do(), ::testing::Not(::testing::Contains("active 1.1")));
  EXPECT_EQ(s_.child.status.phase, api::Phase::kPromoting);
  EXPECT_THAT(active().message, HasSubstr("former on node"));
  remove(&s_.pods.back());
  EXPECT_THAT(plan_and_do(), ::testing::Contains("active 1.1"));
}

// A create of a former incarnation that lands late must not start beside its successor.
TEST_F(RolesTest, WithAFenceOnlyTheNewestPodOfASlotIsNamedAndStarted) {
  fence();
  const NodeName node = node_of(*standby_);
  remove(standby_);
  for (const int incarnation : {1, 2}) {
    kube::Pod& pod = s_.run(1, node, incarnation);
    pod.meta.uid = Uid("late-" + std::to_string(incarnation));
    pod.gates = {kFenceGate};
    pod.ready = false;
  }
  for (int i = 0; i < 3; ++i) {
    const ChildPlan plan = s_.plan();
    for (const api::Replica& replica : plan.status.replicas) {
      EXPECT_NE(replica.pod_uid, Uid("late-1"));
    }
    EXPECT_THAT(told(plan, s_.child), ::testing::Not(::testing::Contains("lift 1.1")));
    s_.carry_out(plan);
  }
  EXPECT_THAT(s_.pod(1, 2)->gates, IsEmpty());
}

TEST_F(RolesTest, WithAFenceATaintOnANodeThatIsReadyConfirmsNothing) {
  fence();
  s_.node(node_of(*lead_))
      .taints.push_back(
          {.key = "node.cloudprovider.kubernetes.io/shutdown", .effect = "NoSchedule"});
  s_.child.meta.annotations[kSwitchToAnnotation] = node_of(*standby_).str();
  EXPECT_THAT(plan_and_do(), ElementsAre("status", "passive 0.1", "delete 0.1 NotAnswering"));
}

TEST_F(RolesTest, WithAFenceASuspicionIsNotEnough) {
  fence();
  s_.lose(node_of(*lead_), at(0));
  EXPECT_THAT(plan_and_do(), IsEmpty());
  EXPECT_EQ(active().reason, "AwaitsFence");
  EXPECT_EQ(s_.child.status.phase, api::Phase::kSuspect);
  s_.now = at(100'000);  // time does not confirm anything
  EXPECT_THAT(plan_and_do(), IsEmpty());
}

TEST_F(RolesTest, WithAFenceANodeThatIsDeclaredDeadIsTakenOverFrom) {
  fence();
  s_.lose(node_of(*lead_), at(0));
  s_.node(node_of(*lead_))
      .taints.push_back({.key = "node.kubernetes.io/out-of-service", .effect = "NoExecute"});
  const std::string lost = node_of(*lead_).str();
  const auto actions = plan_and_do();
  ASSERT_FALSE(actions.empty());
  EXPECT_THAT(actions.front(), HasSubstr(lost + " is dead"));
  EXPECT_THAT(actions, ::testing::Contains("active 1.1"));
}

// It may have come back before its pod was sealed, and have started it as active.
TEST_F(RolesTest, WithAFenceThatItIsDeadIsReadAgainAfterItsSeal) {
  fence();
  s_.lose(node_of(*lead_), at(0));
  s_.node(node_of(*lead_))
      .taints.push_back({.key = "node.kubernetes.io/out-of-service", .effect = "NoExecute"});
  const ChildPlan plan = s_.plan();
  std::vector<const SetRole*> sets;
  for (const Action& action : plan.actions) {
    if (const auto* set = std::get_if<SetRole>(&action)) sets.push_back(set);
  }
  ASSERT_EQ(sets.size(), 2U);
  EXPECT_TRUE(sets[0]->only_if.empty()) << "the seal itself needs nothing";
  ASSERT_EQ(sets[1]->only_if.size(), 1U);
  EXPECT_EQ(sets[1]->only_if[0].how, NodeIsDown::How::kDead);
  EXPECT_EQ(sets[1]->only_if[0].node, node_of(*lead_));

  http();
  const ChildPlan by_http = s_.plan();
  const auto told_to_lead =
      std::find_if(by_http.actions.begin(), by_http.actions.end(), [](const Action& action) {
        const auto* tell = std::get_if<TellRole>(&action);
        return tell != nullptr && tell->role.role == redundancy::Role::kActive;
      });
  ASSERT_NE(told_to_lead, by_http.actions.end());
  EXPECT_EQ(std::get<TellRole>(*told_to_lead).only_if, sets[1]->only_if)
      << "who is told by HTTP believes that it leads before it is labelled";
}

// The kubelet of another machine that has its node's name starts what is bound to that name.
TEST_F(RolesTest, WithAFenceAPodOfAReplacedNodeEndsBeforeAnotherIsLabelled) {
  fence();
  s_.node(node_of(*lead_)).meta.uid = Uid("another-machine");
  const auto actions = plan_and_do();
  EXPECT_EQ(s_.child.status.phase, api::Phase::kPromoting);
  EXPECT_THAT(actions, ::testing::Contains("passive 0.1"));
  EXPECT_THAT(actions, ::testing::Not(::testing::Contains("active 1.1")));
  lead_->meta.deleted = at(0);
  EXPECT_THAT(plan_and_do(), ::testing::Not(::testing::Contains("active 1.1")));
  remove(lead_);
  EXPECT_THAT(plan_and_do(), ::testing::Not(::testing::Contains("active 1.1")))
      << "it may have lost its labels: the status has to make sure";
  EXPECT_THAT(plan_and_do(), ::testing::Contains("active 1.1"));
}

// Its role file may still say that it leads when the model is changed back.
TEST_F(RolesTest, WithAFenceWhoLedBeforeAllWerePeersEndsBeforeAnotherIsLabelled) {
  fence();
  const auto change_model = [&](api::ReplicationModel model) {
    s_.hub->spec.redundancy.replication.model = model;
  };
  change_model(api::ReplicationModel::kActiveActive);
  static_cast<void>(plan_and_do());
  lead_->ready = false;
  change_model(api::ReplicationModel::kActivePassive);
  const auto actions = plan_and_do();
  EXPECT_THAT(actions, ::testing::Contains("delete 0.1 NotAnswering"));
  EXPECT_THAT(actions, ::testing::Not(::testing::Contains("active 1.1")));
}

// Without a way to ask it, the old one has to end before the new one is labelled.
TEST_F(RolesTest, WithAFenceAPlannedSwitchEndsTheOldPodFirst) {
  fence();
  s_.child.meta.annotations[kSwitchToAnnotation] = node_of(*standby_).str();
  EXPECT_THAT(plan_and_do(), ElementsAre("status", "passive 0.1", "delete 0.1 NotAnswering"));
  EXPECT_EQ(s_.child.status.phase, api::Phase::kPromoting);
  lead_->meta.deleted = at(0);
  EXPECT_THAT(plan_and_do(), IsEmpty());
  const Uid old = lead_->meta.uid;
  remove(lead_);
  const ChildPlan made_sure = s_.plan();
  ASSERT_TRUE(std::holds_alternative<PutStatus>(made_sure.actions.front()));
  const auto& gone = std::get<PutStatus>(made_sure.actions.front()).gone;
  ASSERT_EQ(gone.size(), 1U);
  EXPECT_EQ(gone[0].uid, old);
  EXPECT_THAT(plan_and_do(), ::testing::Not(::testing::Contains("active 1.1")));
  EXPECT_THAT(plan_and_do(), ::testing::Contains("active 1.1"));
}

TEST_F(RolesTest, WithAFenceAndHttpTheOldPodsAnswerIsEnough) {
  fence();
  http();
  s_.child.meta.annotations[kSwitchToAnnotation] = node_of(*standby_).str();
  EXPECT_THAT(plan_and_do(), ElementsAre("status", "passive 0.1", "tell 0.1 passive",
                                         "tell 1.1 active", "active 1.1"));
}

// A restart in between: the status knows whose answer is still awaited.
TEST_F(RolesTest, WhoHasNotAnsweredIsKeptInTheStatus) {
  fence();
  http();
  s_.child.meta.annotations[kSwitchToAnnotation] = node_of(*standby_).str();
  s_.store(s_.plan());  // and no further
  EXPECT_EQ(s_.child.status.replicas[0].demoted, epoch_ + 1);
  const auto actions = told(s_.plan(), s_.child);
  EXPECT_THAT(actions, ::testing::Contains("tell 0.1 passive"));

  // It said nothing: then it has to end.
  s_.answers.silent[lead_->meta.uid] = {redundancy::Role::kPassive, epoch_ + 1};
  EXPECT_THAT(told(s_.plan(), s_.child), ElementsAre("passive 0.1", "delete 0.1 NotAnswering"));

  s_.answers.silent.clear();
  s_.answers.answered[lead_->meta.uid] = {redundancy::Role::kPassive, epoch_ + 1};
  EXPECT_THAT(told(s_.plan(), s_.child),
              ElementsAre("passive 0.1", "tell 1.1 active", "active 1.1"));
}

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
