// Who leads where the fence is NodeConfirmed: never two pods that work as the active one.
#include <gmock/gmock.h>

#include "unit/plan/roles_fixture.h"

namespace processhub::plan {
namespace {

using testing::at;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Situation;
using testing::told;

using FenceTest = RolesTest;

// It may still read from its file that it leads: nobody has told it otherwise.
TEST_F(FenceTest, WithAFenceAPodOfAFormerChildEndsBeforeAnotherIsLabelled) {
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
TEST_F(FenceTest, WithAFenceOnlyTheNewestPodOfASlotIsNamedAndStarted) {
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

TEST_F(FenceTest, WithAFenceATaintOnANodeThatIsReadyConfirmsNothing) {
  fence();
  s_.node(node_of(*lead_))
      .taints.push_back(
          {.key = "node.cloudprovider.kubernetes.io/shutdown", .effect = "NoSchedule"});
  s_.child.meta.annotations[kSwitchToAnnotation] = node_of(*standby_).str();
  EXPECT_THAT(plan_and_do(), ElementsAre("status", "passive 0.1", "delete 0.1 NotAnswering"));
}

TEST_F(FenceTest, WithAFenceASuspicionIsNotEnough) {
  fence();
  s_.lose(node_of(*lead_), at(0));
  EXPECT_THAT(plan_and_do(), IsEmpty());
  EXPECT_EQ(active().reason, "AwaitsFence");
  EXPECT_EQ(s_.child.status.phase, api::Phase::kSuspect);
  s_.now = at(100'000);  // time does not confirm anything
  EXPECT_THAT(plan_and_do(), IsEmpty());
}

TEST_F(FenceTest, WithAFenceANodeThatIsDeclaredDeadIsTakenOverFrom) {
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
TEST_F(FenceTest, WithAFenceThatItIsDeadIsReadAgainAfterItsSeal) {
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
TEST_F(FenceTest, WithAFenceAPodOfAReplacedNodeEndsBeforeAnotherIsLabelled) {
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
TEST_F(FenceTest, WithAFenceWhoLedBeforeAllWerePeersEndsBeforeAnotherIsLabelled) {
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
TEST_F(FenceTest, WithAFenceAPlannedSwitchEndsTheOldPodFirst) {
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

TEST_F(FenceTest, WithAFenceAndHttpTheOldPodsAnswerIsEnough) {
  fence();
  http();
  s_.child.meta.annotations[kSwitchToAnnotation] = node_of(*standby_).str();
  EXPECT_THAT(plan_and_do(), ElementsAre("status", "passive 0.1", "tell 0.1 passive",
                                         "tell 1.1 active", "active 1.1"));
}

// A restart in between: the status knows whose answer is still awaited.
TEST_F(FenceTest, WhoHasNotAnsweredIsKeptInTheStatus) {
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

}  // namespace
}  // namespace processhub::plan
