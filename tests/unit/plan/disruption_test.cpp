// The budget that holds evictions of a hub's pods.
#include "plan/disruption.h"

#include <gmock/gmock.h>

#include "unit/plan/builders.h"

namespace processhub::plan {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class DisruptionTest : public ::testing::Test {
 protected:
  DisruptionTest() { hub_->meta.uid = Uid("uid-hub"); }

  DisruptionPlan plan() {
    std::vector<const kube::PodDisruptionBudget*> budgets;
    for (const auto& budget : budgets_) budgets.push_back(&budget);
    std::vector<const kube::Pod*> pods;
    for (const auto& pod : pods_) pods.push_back(&pod);
    return plan_disruption({.hub = *hub_,
                            .budgets = budgets,
                            .pods = pods,
                            .problem = problem_,
                            .problem_reason = "Refused"});
  }
  void budget(const std::string& name, const std::string& owner, json spec) {
    kube::PodDisruptionBudget budget;
    budget.meta.name = name;
    budget.meta.uid = Uid("uid-" + name);
    budget.meta.owner_uid = Uid(owner);
    budget.spec = std::make_shared<const json>(std::move(spec));
    budgets_.push_back(std::move(budget));
  }
  // As the API server keeps it.
  void ours() {
    budget("processhub-hub", "uid-hub",
           {{"minAvailable", 2147483647},
            {"unhealthyPodEvictionPolicy", "AlwaysAllow"},
            {"selector",
             {{"matchLabels", {{"processhub.io/hub", "hub"}, {"processhub.io/hold", "true"}}}}}});
  }
  void pod(kube::StringMap labels) {
    pods_.emplace_back();
    pods_.back().meta.labels = std::move(labels);
    pods_.back().meta.labels.emplace("processhub.io/hold", "true");
  }

  std::shared_ptr<api::ProcessHub> hub_ = testing::make_hub();
  std::vector<kube::PodDisruptionBudget> budgets_;
  std::vector<kube::Pod> pods_;
  std::string problem_;
};

TEST_F(DisruptionTest, AHubHasOneThatAllowsNoEviction) {
  const DisruptionPlan made = plan();
  ASSERT_THAT(made.actions, SizeIs(1));
  const json& body = *std::get<CreateBudget>(made.actions[0]).body;
  EXPECT_EQ(body["metadata"]["name"], "processhub-hub");
  EXPECT_EQ(body["metadata"]["ownerReferences"][0]["uid"], "uid-hub");
  EXPECT_EQ(body["spec"]["minAvailable"], 2147483647);
  EXPECT_EQ(made.condition->reason, "NotMadeYet");
  ours();
  EXPECT_THAT(plan().actions, IsEmpty());
  EXPECT_EQ(plan().condition->status, kube::ConditionStatus::kTrue);
}

TEST_F(DisruptionTest, ThePodsOfThatHubAreWhatItSelects) {
  const DisruptionPlan made = plan();
  const json selector = (*std::get<CreateBudget>(made.actions[0]).body)["spec"]["selector"];
  testing::Situation now;
  const ChildPlan child = now.plan();
  const json& pod = *std::get<CreatePod>(child.actions.back()).body;
  for (const auto& [key, value] : selector["matchLabels"].items()) {
    EXPECT_EQ(pod["metadata"]["labels"].value(key, ""), value) << key;
  }
}

TEST_F(DisruptionTest, WithoutHoldOrWithKeepThereIsNone) {
  ours();
  hub_->spec.disruption.hold = false;
  ASSERT_THAT(plan().actions, SizeIs(1));
  EXPECT_EQ(std::get<DeleteBudget>(plan().actions[0]).uid, Uid("uid-processhub-hub"));
  EXPECT_FALSE(plan().condition);
  hub_->spec.disruption.hold = true;
  hub_->spec.nodes.on_cordon = api::OnCordon::kKeep;
  EXPECT_THAT(plan().actions, SizeIs(1));
}

TEST_F(DisruptionTest, WhatSomebodyHasChangedIsPutRight) {
  budget("processhub-hub", "uid-hub", {{"maxUnavailable", 1}});
  ASSERT_THAT(plan().actions, SizeIs(1));
  EXPECT_EQ(std::get<UpdateBudget>(plan().actions[0]).uid, Uid("uid-processhub-hub"));
  EXPECT_EQ(plan().condition->reason, "NotMadeYet");
  problem_ = "the API server refuses it";
  EXPECT_THAT(plan().actions, IsEmpty());
  EXPECT_EQ(plan().condition->reason, "Refused");
}

// It would select no pod any more.
TEST_F(DisruptionTest, ALabelThatSomebodyAddsToItsSelectorIsTakenOff) {
  ours();
  json spec = *budgets_[0].spec;
  spec["selector"]["matchLabels"]["app"] = "orders";
  budgets_[0].spec = std::make_shared<const json>(spec);
  ASSERT_THAT(plan().actions, SizeIs(1));
  json patched = spec;
  patched.merge_patch(*std::get<UpdateBudget>(plan().actions[0]).spec);
  budgets_[0].spec = std::make_shared<const json>(patched);
  EXPECT_THAT(plan().actions, IsEmpty());
}

TEST_F(DisruptionTest, APausedHubWritesNothing) {
  hub_->spec.paused = true;
  EXPECT_THAT(plan().actions, IsEmpty());
}

TEST_F(DisruptionTest, ARefusalIsToldAndNotTriedAtOnce) {
  problem_ = "the API server refuses it";
  EXPECT_THAT(plan().actions, IsEmpty());
  EXPECT_EQ(plan().condition->reason, "Refused");
  EXPECT_EQ(plan().condition->message, problem_);
}

TEST_F(DisruptionTest, AnotherBudgetOverItsPodsIsNamed) {
  ours();
  pod({{"app", "orders"}});
  budget("all-of-shop", "", {{"selector", json::object()}, {"maxUnavailable", 1}});
  EXPECT_EQ(plan().condition->reason, "OtherBudget");
  EXPECT_THAT(plan().condition->message, HasSubstr("all-of-shop"));
}

TEST_F(DisruptionTest, APodThatIsNotHeldHasNoneOfOurs) {
  ours();
  pod({{"app", "orders"}, {"processhub.io/hold", "false"}});
  budget("mine", "", {{"selector", {{"matchLabels", {{"app", "orders"}}}}}});
  EXPECT_EQ(plan().condition->reason, "Held");
}

TEST_F(DisruptionTest, ABudgetOverOtherPodsIsNobodysBusiness) {
  ours();
  pod({{"app", "orders"}});
  budget("web", "", {{"selector", {{"matchLabels", {{"app", "web"}}}}}});
  budget("none", "", json::object());
  budget("not-orders", "",
         {{"selector",
           {{"matchExpressions",
             {{{"key", "app"}, {"operator", "NotIn"}, {"values", {"orders"}}}}}}}});
  EXPECT_EQ(plan().condition->reason, "Held");
}

}  // namespace
}  // namespace processhub::plan
