// Inline children, and what a hub's status tells of its nodes and children.
#include "plan/hub_plan.h"

#include <gmock/gmock.h>

#include "api/conditions.h"
#include "plan/labels.h"
#include "unit/plan/builders.h"

namespace processhub::plan {
namespace {

using api::Phase;
using kube::ConditionStatus;
using nlohmann::json;
using testing::at;
using testing::condition_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::NodeBuilder;
using ::testing::SizeIs;

class HubPlanTest : public ::testing::Test {
 protected:
  HubPlanTest() { inline_child("orders"); }

  void inline_child(const std::string& name, kube::StringMap labels = {}) {
    hub_->spec.children.push_back({.name = name, .labels = std::move(labels)});
  }
  HubPlan plan() {
    std::vector<const kube::Node*> nodes;
    nodes.reserve(nodes_.size());
    for (const NodeBuilder& builder : nodes_) nodes.push_back(&builder.node);
    const auto frame = make_frame(
        hub_, next_membership({.hub = hub_->spec, .nodes = nodes, .now = now_}), nullptr);
    std::vector<const api::ProcessHubChild*> views;
    views.reserve(children_.size());
    for (const api::ProcessHubChild& child : children_) views.push_back(&child);
    return plan_hub({.frame = *frame,
                     .children = views,
                     .pod_template = template_,
                     .refused = refused_,
                     .now = now_,
                     .revision_of = [this](const auto&) { return template_.revision; }});
  }
  // The ProcessHubChild that the API server holds after `apply`.
  api::ProcessHubChild& applied(const ApplyChild& apply) {
    const json& body = *apply.body;
    api::ProcessHubChild child = testing::make_child(apply.child.name);
    child.meta.labels = body["metadata"]["labels"].get<kube::StringMap>();
    if (body["metadata"].contains("annotations")) {
      child.meta.annotations = body["metadata"]["annotations"].get<kube::StringMap>();
    }
    child.meta.owner_uid = hub_->meta.uid;
    if (body["spec"].contains("template")) {
      child.spec.pod_template = std::make_shared<const json>(body["spec"]["template"]);
    }
    return children_.emplace_back(child);
  }
  api::ProcessHubChild& own(const std::string& name, Phase phase) {
    api::ProcessHubChild child = testing::make_child(name);
    child.status.phase = phase;
    return children_.emplace_back(child);
  }
  static const api::Condition& condition(const HubPlan& plan, const std::string& type) {
    return condition_of(plan.status.conditions, type);
  }

  std::shared_ptr<api::ProcessHub> hub_ = testing::make_hub();
  std::vector<NodeBuilder> nodes_{NodeBuilder("node-a"), NodeBuilder("node-b")};
  std::vector<api::ProcessHubChild> children_;
  std::map<std::string, std::string> refused_;
  PodTemplate template_ = testing::make_template();
  WallTime now_ = at(0);
};

TEST_F(HubPlanTest, AnInlineChildBecomesAnObjectThatTheHubOwns) {
  hub_->spec.children[0].labels = {{"team", "eu"}};
  hub_->spec.children[0].child_template =
      std::make_shared<const json>(json{{"spec", {{"priority", 5}}}});
  hub_->spec.children[0].nodes = {NodeName("node-b"), NodeName("node-a")};
  const HubPlan made = plan();
  ASSERT_THAT(made.apply, SizeIs(1));
  EXPECT_EQ(made.apply[0].child, (ChildKey{"default", "orders"}));
  json body = *made.apply[0].body;
  body["metadata"].erase("annotations");
  EXPECT_EQ(body, json::parse(R"({
    "apiVersion": "processhub.io/v1alpha1",
    "kind": "ProcessHubChild",
    "metadata": {
      "name": "orders",
      "namespace": "default",
      "labels": {"team": "eu", "processhub.io/hub": "hub"},
      "ownerReferences": [{
        "apiVersion": "processhub.io/v1alpha1", "kind": "ProcessHub", "name": "hub",
        "uid": "uid-of-hub", "controller": true, "blockOwnerDeletion": true}]},
    "spec": {"hub": "hub", "template": {"spec": {"priority": 5}},
             "nodes": ["node-b", "node-a"]}})"));
  EXPECT_THAT(made.remove, IsEmpty());
}

TEST_F(HubPlanTest, AnInlineChildIsSuspendedAndRunsAgainAsItsEntrySays) {
  hub_->spec.children[0].suspended = true;
  EXPECT_EQ((*plan().apply.at(0).body)["spec"]["suspended"], true);
  hub_->spec.children[0].suspended = false;
  EXPECT_FALSE((*plan().apply.at(0).body)["spec"].contains("suspended"));
}

TEST_F(HubPlanTest, WhatIsAsWantedIsLeftAlone) {
  hub_->spec.children[0].labels = {{"team", "eu"}};
  api::ProcessHubChild& child = applied(plan().apply[0]);
  EXPECT_THAT(plan().apply, IsEmpty());
  child.meta.labels["added-by"] = "somebody";
  child.meta.annotations["somebodys"] = "note";
  EXPECT_THAT(plan().apply, IsEmpty());
}

TEST_F(HubPlanTest, WhatDiffersIsAppliedAgain) {
  hub_->spec.children[0].labels = {{"team", "eu"}};
  applied(plan().apply[0]);
  const api::ProcessHubChild as_applied = children_[0];

  children_[0].meta.labels["team"] = "us";
  EXPECT_THAT(plan().apply, SizeIs(1));
  children_[0] = as_applied;
  children_[0].meta.labels.erase(kHubLabel);
  EXPECT_THAT(plan().apply, SizeIs(1));
  children_[0] = as_applied;
  children_[0].spec.pod_template = std::make_shared<const json>(json::object());
  EXPECT_THAT(plan().apply, SizeIs(1));
}

TEST_F(HubPlanTest, TheNodesOfAChildAreThoseOfItsEntryInThatOrder) {
  const std::vector<NodeName> listed{NodeName("node-b"), NodeName("node-a")};
  hub_->spec.children[0].nodes = listed;
  applied(plan().apply[0]).spec.nodes = listed;
  EXPECT_THAT(plan().apply, IsEmpty());

  children_[0].spec.nodes = {NodeName("node-a"), NodeName("node-b")};
  ASSERT_THAT(plan().apply, SizeIs(1));
  EXPECT_EQ((*plan().apply[0].body)["spec"]["nodes"], json({"node-b", "node-a"}));
  hub_->spec.children[0].nodes = {};
  ASSERT_THAT(plan().apply, SizeIs(1));
  EXPECT_FALSE((*plan().apply[0].body)["spec"].contains("nodes"));
}

TEST_F(HubPlanTest, ALabelThatIsTakenOutOfTheListIsTakenOffTheChild) {
  hub_->spec.children[0].labels = {{"team", "eu"}};
  applied(plan().apply[0]);
  hub_->spec.children[0].labels = {};
  const HubPlan made = plan();
  ASSERT_THAT(made.apply, SizeIs(1));
  EXPECT_FALSE((*made.apply[0].body)["metadata"]["labels"].contains("team"));
}

TEST_F(HubPlanTest, AnInlineChildThatIsTakenOutOfTheListIsDeletedByUid) {
  applied(plan().apply[0]);
  hub_->spec.children.clear();
  const HubPlan made = plan();
  EXPECT_THAT(made.apply, IsEmpty());
  EXPECT_THAT(made.remove, ElementsAre(DeleteChild{.child = {"default", "orders"},
                                                   .uid = Uid("uid-of-orders")}));
  children_[0].meta.deleted = at(0);
  EXPECT_THAT(plan().remove, IsEmpty());
}

TEST_F(HubPlanTest, AChildMadeByAUserIsNeitherChangedNorDeleted) {
  hub_->spec.children.clear();
  own("theirs", Phase::kRunning);
  const HubPlan made = plan();
  EXPECT_THAT(made.apply, IsEmpty());
  EXPECT_THAT(made.remove, IsEmpty());
  EXPECT_EQ(made.status.children.total, 1);
}

TEST_F(HubPlanTest, ANameThatIsTakenIsLeftAloneAndTold) {
  own("orders", Phase::kRunning);
  for (int i = 0; i < 7; ++i) {
    inline_child("taken-" + std::to_string(i));
    own("taken-" + std::to_string(i), Phase::kRunning);
  }
  const HubPlan made = plan();
  EXPECT_THAT(made.apply, IsEmpty());
  EXPECT_EQ(condition(made, "ChildrenAccepted").status, ConditionStatus::kFalse);
  EXPECT_EQ(condition(made, "ChildrenAccepted").reason, "NameTaken");
  EXPECT_THAT(condition(made, "ChildrenAccepted").message,
              HasSubstr("orders, taken-0, taken-1, taken-2, taken-3 and 3 more"));
}

TEST_F(HubPlanTest, AChildOfAnotherHubThatHasTheNameIsNotCounted) {
  own("orders", Phase::kRunning).spec.hub = "another";
  const HubPlan made = plan();
  EXPECT_EQ(condition(made, "ChildrenAccepted").reason, "NameTaken");
  EXPECT_EQ(made.status.children.total, 0);
}

TEST_F(HubPlanTest, AChildThatIsGoingIsWaitedFor) {
  applied(plan().apply[0]).meta.deleted = at(0);
  EXPECT_THAT(plan().apply, IsEmpty());
  EXPECT_EQ(plan().status.children.total, 0);
}

TEST_F(HubPlanTest, WhatTheServerRefusesIsToldInItsWords) {
  refused_ = {{"orders", "spec.template: too long"}};
  const HubPlan made = plan();
  EXPECT_EQ(condition(made, "ChildrenAccepted").reason, "Refused");
  EXPECT_THAT(condition(made, "ChildrenAccepted").message,
              HasSubstr("orders: spec.template: too long"));
  EXPECT_THAT(made.apply, SizeIs(1));  // tried again
}

TEST_F(HubPlanTest, ARefusalOfWhatIsNoLongerWantedIsForgotten) {
  applied(plan().apply[0]);
  refused_ = {{"orders", "of a template that the user has taken back"}};
  EXPECT_EQ(condition(plan(), "ChildrenAccepted").reason, "Accepted");
}

TEST_F(HubPlanTest, ATrialThatFailedIsToldWithTheReason) {
  template_.state = PodTemplate::State::kUnchecked;
  template_.message = "the trial of the template failed: a webhook is away";
  const HubPlan made = plan();
  EXPECT_EQ(condition(made, "TemplateValid").status, ConditionStatus::kUnknown);
  EXPECT_EQ(condition(made, "TemplateValid").reason, "TrialFailed");
  EXPECT_THAT(condition(made, "TemplateValid").message, HasSubstr("webhook"));
}

TEST_F(HubPlanTest, WhilePausedNothingIsAppliedOrDeleted) {
  applied(plan().apply[0]);
  hub_->spec.children[0].name = "renamed";
  hub_->spec.paused = true;
  const HubPlan made = plan();
  EXPECT_THAT(made.apply, IsEmpty());
  EXPECT_THAT(made.remove, IsEmpty());
  EXPECT_EQ(condition(made, "Progressing").reason, "Paused");
}

// --- status ---

TEST_F(HubPlanTest, TheStatusCountsChildrenByTheirPhase) {
  hub_->spec.children.clear();
  for (const Phase phase : {Phase::kRunning, Phase::kRunning, Phase::kDegraded, Phase::kLost,
                            Phase::kMigrating, Phase::kPending, Phase::kRejected}) {
    own("child-" + std::to_string(children_.size()), phase);
  }
  own("between", Phase::kPromoting);
  own("waiting", Phase::kSuspect);
  own("switching", Phase::kPromoting).status.conditions = {
      {.type = "Ready", .status = kube::ConditionStatus::kTrue, .reason = "AllReplicasReady"}};
  own("new", Phase::kRunning).status.phase.reset();
  own("going", Phase::kRunning).meta.deleted = at(0);
  const HubPlan made = plan();
  EXPECT_EQ(made.status.children,
            (api::HubStatus::Children{
                .total = 11, .ready = 3, .degraded = 4, .migrating = 1, .pending = 3}));
  EXPECT_EQ(condition(made, "Ready").reason, "ChildrenNotReady");
  EXPECT_THAT(condition(made, "Ready").message, HasSubstr("3 of 11"));
  EXPECT_EQ(condition(made, "Progressing").reason, "ChildrenMigrating");
  EXPECT_EQ(condition(made, "Degraded").reason, "ChildrenDegraded");
}

TEST_F(HubPlanTest, TheStatusCountsNodes) {
  nodes_.push_back(NodeBuilder("node-c").cordoned());
  nodes_.push_back(NodeBuilder("node-d").unknown(at(-1000)));
  const HubPlan made = plan();
  EXPECT_EQ(made.status.nodes, (api::HubStatus::Nodes{.members = 2, .ready = 2, .draining = 1}));
  EXPECT_EQ(made.status.placement.algorithm, "ring/v1");
  EXPECT_EQ(made.status.placement.revision, "rev1");
  EXPECT_EQ(made.status.observed_generation, 1);
}

TEST_F(HubPlanTest, ChildrenThatFindNoRoomMakeItDegraded) {
  nodes_ = {NodeBuilder("node-a")};
  own("orders", Phase::kPending).status.conditions = {
      {.type = "Placed", .status = ConditionStatus::kFalse, .reason = "Unschedulable"}};
  const HubPlan made = plan();
  const api::Condition& degraded = condition_of(made.status.conditions, "Degraded");
  EXPECT_EQ(degraded.status, ConditionStatus::kTrue);
  EXPECT_EQ(degraded.reason, "ChildrenUnschedulable");
  EXPECT_EQ(degraded.message, "the scheduler finds no room for orders");
}

TEST_F(HubPlanTest, TheLoadOfTheFullestMemberAndTheMeanAreTold) {
  nodes_ = {NodeBuilder("node-a"), NodeBuilder("node-b"), NodeBuilder("node-c")};
  api::ProcessHubChild& one = own("orders", Phase::kRunning);
  one.status.replicas = {{.slot = 0, .incarnation = 1, .node = NodeName("node-c")},  // left behind
                         {.slot = 0, .incarnation = 2, .node = NodeName("node-a")},
                         {.slot = 1, .node = NodeName("node-b")}};
  api::ProcessHubChild& two = own("bills", Phase::kRunning);
  two.status.replicas = {{.slot = 0, .node = NodeName("node-a")},
                         {.slot = 1, .node = NodeName("gone")}};
  const HubPlan made = plan();
  EXPECT_EQ(made.status.placement.max_load, 2);
  EXPECT_EQ(made.status.placement.mean_load, "1.0");
}

TEST_F(HubPlanTest, AHubWhoseChildrenAllRunIsReady) {
  hub_->spec.children.clear();
  own("a", Phase::kRunning);
  const HubPlan made = plan();
  EXPECT_EQ(condition(made, "Ready").status, ConditionStatus::kTrue);
  EXPECT_EQ(condition(made, "Progressing").reason, "Settled");
  EXPECT_EQ(condition(made, "Degraded").status, ConditionStatus::kFalse);
  EXPECT_EQ(condition(made, "TemplateValid").status, ConditionStatus::kTrue);
  EXPECT_EQ(condition(made, "ChildrenAccepted").status, ConditionStatus::kTrue);
}

TEST_F(HubPlanTest, WithoutNodesItSaysWhatIsWrongWithThem) {
  nodes_ = {NodeBuilder("a").cordoned()};
  EXPECT_THAT(condition(plan(), "Ready").message, HasSubstr("1 nodes match"));
  nodes_.clear();
  EXPECT_THAT(condition(plan(), "Ready").message, HasSubstr("matches no node"));
  EXPECT_EQ(condition(plan(), "Ready").reason, "NoNodes");
}

TEST_F(HubPlanTest, AMassLossIsTold) {
  nodes_ = {NodeBuilder("a").unknown(at(-5)), NodeBuilder("b").unknown(at(-5)), NodeBuilder("c")};
  EXPECT_EQ(condition(plan(), "Degraded").reason, "MassLoss");
}

TEST_F(HubPlanTest, WeightsThatCannotBeUsedAreTold) {
  hub_->spec.nodes.weight_label = "weight";
  nodes_[0].label("weight", "heavy");
  EXPECT_EQ(condition(plan(), "Degraded").reason, "InvalidWeight");
  EXPECT_THAT(condition(plan(), "Degraded").message, HasSubstr("node node-a"));
}

TEST_F(HubPlanTest, ARefusedTemplateIsTold) {
  template_.state = PodTemplate::State::kInvalid;
  template_.message = "no image";
  EXPECT_EQ(condition(plan(), "TemplateValid").status, ConditionStatus::kFalse);
  EXPECT_EQ(condition(plan(), "TemplateValid").message, "no image");
  hub_->status = plan().status;
  template_ = {};  // the next one, not tried yet
  EXPECT_EQ(condition(plan(), "TemplateValid").status, ConditionStatus::kFalse);
  hub_->status = {};
  EXPECT_EQ(condition(plan(), "TemplateValid").status, ConditionStatus::kUnknown);
}

TEST_F(HubPlanTest, PlanningWhatWasWrittenChangesNothing) {
  now_ = at(100);
  hub_->status = plan().status;
  now_ = at(200);
  EXPECT_EQ(plan().status, hub_->status);
}

TEST(RejectedHubTest, SaysWhichFieldCannotBeUsed) {
  const auto hub = testing::make_hub();
  const api::HubStatus status = rejected_status(*hub, "spec.template: required", at(0));
  const auto& ready = condition_of(status.conditions, "Ready");
  EXPECT_EQ(ready.status, ConditionStatus::kFalse);
  EXPECT_EQ(ready.reason, "InvalidSpec");
  EXPECT_EQ(ready.message, "spec.template: required");
}

}  // namespace
}  // namespace processhub::plan
