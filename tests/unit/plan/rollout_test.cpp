// How far a hub's children have come to their present templates, and what the hub says of it.
#include "plan/rollout.h"

#include <algorithm>
#include <deque>
#include <gmock/gmock.h>

#include "plan/child_placement.h"
#include "plan/child_status.h"
#include "plan/hub_events.h"
#include "unit/plan/builders.h"

namespace processhub::plan {
namespace {

using api::Phase;
using testing::at;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::NodeBuilder;

class RolloutTest : public ::testing::Test {
 protected:
  // A child with a pod of each of these revisions.
  api::ProcessHubChild& child(const std::string& name, std::vector<std::string> revisions) {
    api::ProcessHubChild child = testing::make_child(name);
    child.status.phase = Phase::kRunning;
    for (const std::string& revision : revisions) {
      child.status.replicas.push_back(
          {.slot = static_cast<int>(child.status.replicas.size()), .revision = revision});
    }
    return children_.emplace_back(child);
  }
  const HubPlan& plan() {
    frame_ = make_frame(
        hub_, next_membership({.hub = hub_->spec, .nodes = {{&node_.node}}, .now = at(0)}),
        nullptr);
    views_.clear();
    for (const api::ProcessHubChild& one : children_) views_.push_back(&one);
    const HubInput input{.frame = *frame_,
                         .children = views_,
                         .pod_template = template_,
                         .now = at(0),
                         .revision_of = [](const auto&) { return "new"; }};
    rollout_ = rollout_of(input);
    before_ = hub_->status;
    plan_ = plan_hub(input);
    hub_->status = plan_.status;
    return plan_;
  }
  [[nodiscard]] const api::Condition& progressing() const {
    return testing::condition_of(plan_.status.conditions, "Progressing");
  }
  static void fail(api::ProcessHubChild& child) {
    child.status.excluded.push_back({.node = NodeName("node-a"),
                                     .node_uid = {},
                                     .reason = kUpdateTimedOut,
                                     .fingerprint = "new"});
  }

  std::shared_ptr<api::ProcessHub> hub_ = testing::make_hub();
  NodeBuilder node_{"node-a"};
  std::deque<api::ProcessHubChild> children_;
  std::vector<const api::ProcessHubChild*> views_;
  std::shared_ptr<const HubFrame> frame_;
  PodTemplate template_ = testing::make_template();
  Rollout rollout_;
  api::HubStatus before_;
  HubPlan plan_;
};

TEST_F(RolloutTest, ChildrenCountOnceAllTheirPodsAreOfTheNewTemplate) {
  child("a", {"new", "new"});
  child("b", {"new", "old"});
  child("c", {"old"});
  child("d", {});    // it has not started
  child("e", {""});  // its pod is not made yet
  EXPECT_EQ(plan().status.children.updated, 1);
  EXPECT_EQ(rollout_.outdated, 2);
  EXPECT_EQ(progressing().status, kube::ConditionStatus::kTrue);
  EXPECT_EQ(progressing().reason, "RollingOut");
  EXPECT_EQ(progressing().message, "1 of 5 children have their present template");
}

TEST_F(RolloutTest, OfASlotTheNewestPodCounts) {
  api::ProcessHubChild& one = child("a", {"old"});
  one.status.replicas.push_back({.slot = 0, .incarnation = 2, .revision = "new"});
  plan();
  EXPECT_EQ(rollout_.updated, 1);
  EXPECT_EQ(rollout_.outdated, 0);
  EXPECT_EQ(progressing().reason, "Settled");
}

TEST_F(RolloutTest, WhoIsNotToRunOrIsRefusedIsNotWaitedFor) {
  child("a", {"old"}).spec.suspended = true;
  child("b", {"old"}).problem = "spec.hub: must be";
  child("c", {"old"})
      .status.conditions.push_back({.type = kAccepted,
                                    .status = kube::ConditionStatus::kFalse,
                                    .reason = "TemplateInvalid"});
  child("d", {"old"}).spec.hub = "another";
  plan();
  EXPECT_EQ(rollout_.outdated, 0);
  EXPECT_EQ(progressing().reason, "Settled");
}

TEST_F(RolloutTest, AMoveTellsHowFarItIs) {
  child("a", {"new"});
  child("b", {"old"}).status.phase = Phase::kMigrating;
  plan();
  EXPECT_EQ(progressing().reason, "ChildrenMigrating");
  EXPECT_EQ(progressing().message,
            "1 children are moving; 1 of 2 children have their present template");
}

TEST_F(RolloutTest, ItStopsAtAChildThatFailedAndSaysSoOnce) {
  child("a", {"new"});
  fail(child("b", {"old"}));
  child("c", {"old"});
  plan();
  EXPECT_THAT(rollout_.failed, ElementsAre("b"));
  EXPECT_EQ(progressing().status, kube::ConditionStatus::kFalse);
  EXPECT_EQ(progressing().reason, kRolloutStopped);
  EXPECT_THAT(progressing().message, HasSubstr("within spec.migration.childTimeoutSeconds for b"));
  EXPECT_THAT(progressing().message, HasSubstr("1 of 3 children"));
  const auto events = events_of(before_, plan_.status);
  ASSERT_EQ(std::count_if(events.begin(), events.end(),
                          [](const HubEvent& one) { return one.reason == kRolloutStopped; }),
            1);
  plan();
  EXPECT_THAT(events_of(before_, plan_.status), IsEmpty());
}

TEST_F(RolloutTest, TheLastChildIsNoException) {
  child("a", {"new"});
  fail(child("b", {"new"}));  // by ColdSwap
  plan();
  EXPECT_EQ(progressing().reason, kRolloutStopped);
  EXPECT_EQ(testing::condition_of(plan_.status.conditions, kDegraded).reason, kRolloutStopped);
}

TEST_F(RolloutTest, OneThatIsTriedWithAnotherTemplateIsNotStopped) {
  fail(child("a", {"old"}));
  children_.back().status.excluded.back().fingerprint = "before";
  plan();
  EXPECT_FALSE(rollout_.is_stopped());
  EXPECT_EQ(progressing().reason, "RollingOut");
}

TEST_F(RolloutTest, BesideItsPredecessorANewPodDoesNotCountYet) {
  child("a", {"new"}).status.replicas[0].replaces = Uid("old");
  EXPECT_EQ(plan().status.children.updated, 0);
}

}  // namespace
}  // namespace processhub::plan
