// Moves by HotSwap: never none that serves, never two that lead.
#include "plan/hot_swap.h"

#include <gmock/gmock.h>

#include "api/conditions.h"
#include "plan/child_status.h"
#include "plan/labels.h"
#include "plan/lead.h"
#include "unit/plan/builders.h"

namespace processhub::plan {
namespace {

using testing::at;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::Situation;
using testing::told;

class HotSwapTest : public ::testing::Test {
 protected:
  void given(int replicas) {
    now_.active_passive(replicas);
    now_.hub->spec.migration.strategy = api::MigrationStrategyKind::kHotSwap;
    now_.hub->spec.migration.hot_swap.retention = testing::seconds(5);
    now_.settle();
    old_ = now_.child.status.active->node;
    ASSERT_THAT(round(), IsEmpty());
  }
  std::vector<std::string> round() {
    plan_ = now_.plan();
    now_.carry_out(plan_);
    return told(plan_, now_.child);
  }
  void drain() { now_.node(old_).unschedulable = true; }
  void update() { now_.pod_template = testing::make_template("rev2"); }
  // The new pod of slot 0, as it was just made.
  kube::Pod& made(const NodeName& node) {
    kube::Pod& pod = now_.run(0, node, 2);
    pod.ready = false;
    pod.meta.created = now_.now;
    return pod;
  }
  void become_ready(kube::Pod& pod) {
    pod.ready = true;
    pod.ready_since = now_.now;
  }
  void remove(int slot, int incarnation) {
    const std::string name = pod_name(now_.child, slot, incarnation);
    std::erase_if(now_.pods, [&](const kube::Pod& pod) { return pod.meta.name == name; });
  }
  [[nodiscard]] const api::Condition& condition(const char* type) const {
    return testing::condition_of(now_.child.status.conditions, type);
  }

  Situation now_{4};
  NodeName old_;
  ChildPlan plan_;
};

TEST_F(HotSwapTest, TheNewPodLeadsBeforeTheOldOneGoes) {
  given(1);
  drain();
  EXPECT_THAT(round(), ElementsAre("status"));
  ASSERT_EQ(now_.child.status.replicas.size(), 2U);
  const api::Replica& fresh = now_.child.status.replicas[1];
  EXPECT_EQ(fresh.incarnation, 2);
  EXPECT_EQ(fresh.replaces, now_.pod(0)->meta.uid);
  EXPECT_TRUE(plan_.moving);
  const NodeName target = fresh.node;
  EXPECT_NE(target, old_);

  EXPECT_THAT(round(), ElementsAre("create 0.2 on " + target.str()));
  const auto& create = std::get<CreatePod>(plan_.actions[0]);
  EXPECT_EQ(create.beside, now_.pod(0)->meta.uid);
  kube::Pod& pod = made(target);
  EXPECT_THAT(round(), Not(Contains("delete 0.1 NodeDraining")));
  EXPECT_EQ(now_.child.status.ready, "1/1") << "the old one serves";

  now_.now = at(20);
  become_ready(pod);
  EXPECT_THAT(round(), ElementsAre("status", "passive 0.1", "active 0.2"));
  EXPECT_EQ(condition("Active").reason, "NodeDraining");
  EXPECT_THAT(round(), IsEmpty()) << "the old one is retained";
  EXPECT_EQ(plan_.look_again, at(25));
  EXPECT_TRUE(plan_.moving);

  now_.now = at(25);
  EXPECT_THAT(round(), ElementsAre("delete 0.1 NodeDraining"));
  now_.pod(0)->meta.deleted = at(25);
  EXPECT_THAT(round(), IsEmpty());
  EXPECT_TRUE(plan_.moving) << "until it is gone";
  remove(0, 1);
  round();
  EXPECT_FALSE(plan_.moving);
  ASSERT_EQ(now_.child.status.replicas.size(), 1U);
  EXPECT_TRUE(now_.child.status.replicas[0].replaces.empty());
  EXPECT_THAT(round(), IsEmpty());
}

TEST_F(HotSwapTest, AnUpdateIsASwapOnTheSameNode) {
  given(1);
  update();
  EXPECT_THAT(round(), ElementsAre("status"));
  EXPECT_THAT(round(), ElementsAre("create 0.2 on " + old_.str()));
  kube::Pod& pod = made(old_);
  round();
  become_ready(pod);
  EXPECT_THAT(round(), ElementsAre("status", "passive 0.1", "active 0.2"));
  EXPECT_EQ(now_.child.status.node_names, old_.str()) << "told once";
  now_.now = at(10);
  EXPECT_THAT(round(), ElementsAre("delete 0.1 TemplateChanged"));
}

TEST_F(HotSwapTest, StandbysAreSwappedFirstAndOneAtATime) {
  given(2);
  update();
  EXPECT_THAT(round(), ElementsAre("status"));
  std::vector<int> swapping;
  for (const api::Replica& replica : now_.child.status.replicas) {
    if (!replica.replaces.empty()) swapping.push_back(replica.slot);
  }
  EXPECT_THAT(swapping, ElementsAre(1));
}

// One entry of a reason and a node is all that the API server takes.
TEST_F(HotSwapTest, ASecondTemplateThatFailsTakesThePlaceOfTheFirst) {
  given(1);
  for (const char* revision : {"bad", "worse"}) {
    now_.pod_template = testing::make_template(revision);
    round();
    round();
    made(old_);
    now_.now += std::chrono::seconds(600);
    round();
    remove(0, 2);
    round();
    ASSERT_EQ(now_.child.status.excluded.size(), 1U) << revision;
    EXPECT_EQ(now_.child.status.excluded[0].fingerprint, now_.pod_template.revision);
  }
}

// The move goes on as it began.
TEST_F(HotSwapTest, AChangedStrategyIsForTheNextMove) {
  given(1);
  drain();
  round();
  now_.hub->spec.migration.strategy = api::MigrationStrategyKind::kColdSwap;
  EXPECT_THAT(told(now_.plan(), now_.child), ElementsAre(::testing::StartsWith("create 0.2")));
}

TEST_F(HotSwapTest, ANewPodThatIsNotReadyInTimeGoesAndItsNodeIsLeftOut) {
  given(1);
  drain();
  round();
  const NodeName target = now_.child.status.replicas[1].node;
  made(target);
  now_.now = at(599);
  EXPECT_THAT(round(), IsEmpty());
  EXPECT_EQ(plan_.look_again, at(600));
  now_.now = at(600);
  EXPECT_THAT(round(), ElementsAre("status", "delete 0.2 MoveTimedOut"));
  ASSERT_EQ(now_.child.status.excluded.size(), 1U);
  EXPECT_EQ(now_.child.status.excluded[0].node, target);
  EXPECT_EQ(now_.child.status.excluded[0].reason, "MoveTimedOut");
  EXPECT_THAT(condition(kPlaced).message, ::testing::HasSubstr("not Ready in time"));
  now_.pod(0, 2)->meta.deleted = at(600);
  EXPECT_THAT(round(), IsEmpty());
  remove(0, 2);
  EXPECT_THAT(round(), IsEmpty()) << "it has given its place back";
  round();
  const auto next = round();  // on to the next node, in a place of its own
  ASSERT_FALSE(next.empty());
  EXPECT_EQ(next.back().substr(0, 14), "create 0.2 on ");
  EXPECT_NE(next.back(), "create 0.2 on " + target.str());
  EXPECT_EQ(now_.child.status.active->node, old_);
}

TEST_F(HotSwapTest, ATemplateThatDoesNotComeUpIsNotTriedAgain) {
  given(1);
  update();
  round();
  made(old_);
  now_.now = at(600);
  EXPECT_THAT(round(), ElementsAre("status", "delete 0.2 MoveTimedOut"));
  EXPECT_EQ(now_.child.status.excluded[0].reason, "UpdateTimedOut");
  remove(0, 2);
  round();
  EXPECT_FALSE(plan_.moving);
  EXPECT_THAT(round(), IsEmpty());
  EXPECT_EQ(now_.child.status.replicas.size(), 1U);
  EXPECT_EQ(condition(kPlaced).reason, "UpdateTimedOut");
  now_.pod_template = testing::make_template("rev3");
  EXPECT_THAT(round(), ElementsAre("status"));
  EXPECT_TRUE(plan_.moving);
}

TEST_F(HotSwapTest, ANewTemplateInTheMiddleBeginsAnew) {
  given(1);
  update();
  round();
  made(old_);
  now_.pod_template = testing::make_template("rev3");
  EXPECT_THAT(round(), ElementsAre("delete 0.2 Surplus"));
  remove(0, 2);
  EXPECT_THAT(round(), ElementsAre("create 0.2 on " + old_.str()));
}

TEST_F(HotSwapTest, ANodeThatIsLostInTheMiddleOfAMoveToItIsGivenUp) {
  given(1);
  drain();
  round();
  const NodeName target = now_.child.status.replicas[1].node;
  made(target);
  now_.remove_node(target);
  const auto lines = round();
  EXPECT_THAT(lines, Contains("delete 0.2 Surplus"));
  EXPECT_THAT(lines, Not(Contains("delete 0.1 NodeDraining")));
}

TEST_F(HotSwapTest, WhereTheMoveIsNotWantedAnyMoreTheOldPodStays) {
  given(1);
  drain();
  round();
  made(now_.child.status.replicas[1].node);
  now_.node(old_).unschedulable = false;
  now_.node(old_).ready_since = at(-3600);
  now_.now = at(20);
  EXPECT_THAT(round(), ElementsAre("delete 0.2 Surplus"));
  remove(0, 2);
  round();
  EXPECT_FALSE(plan_.moving);
  EXPECT_THAT(round(), IsEmpty());
  EXPECT_EQ(now_.child.status.replicas.size(), 1U);
}

// Else the move and the command would undo each other for ever.
TEST_F(HotSwapTest, ThePodThatGoesIsNoOneToSwitchTo) {
  given(1);
  drain();
  round();
  become_ready(made(now_.child.status.replicas[1].node));
  EXPECT_THAT(round(), Contains("active 0.2"));
  now_.child.meta.annotations[kSwitchToAnnotation] = old_.str();
  EXPECT_THAT(round(), ElementsAre("status"));
  EXPECT_EQ(condition("SwitchRequested").reason, "NoStandby");
  EXPECT_THAT(round(), ElementsAre("remove processhub.io/switch-to NoStandby"));
}

// The new one takes over as a standby does.
TEST_F(HotSwapTest, ALeadThatIsLostWhileItsSuccessorIsReadyIsTakenOverFrom) {
  given(1);
  drain();
  round();
  become_ready(made(now_.child.status.replicas[1].node));
  now_.lose(old_, at(0));
  EXPECT_THAT(round(), Contains("active 0.2"));
  EXPECT_EQ(condition("Active").reason, "NodeNotReady");
}

}  // namespace
}  // namespace processhub::plan
