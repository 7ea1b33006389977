#include "plan/service.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "api/conditions.h"
#include "kube/decode.h"
#include "unit/plan/builders.h"

namespace processhub::plan {
namespace {

using kube::ConditionStatus;
using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::Situation;
using testing::told;

TEST(ServiceName, IsTheChildsWhereThatCanBeAServices) {
  EXPECT_EQ(service_name("orders"), "orders");
  const std::string other = service_name("9lives");
  EXPECT_EQ(other.size(), 12U);
  EXPECT_TRUE(other.starts_with("c-"));
  EXPECT_NE(other, service_name("8lives"));
}

class ServiceTest : public ::testing::Test {
 protected:
  ServiceTest() {
    s_.active_passive(2);
    s_.hub->spec.service = {.enabled = true, .ports = {{.name = "http", .port = 80}}};
    s_.settle();
  }
  // As the API server holds what the plan makes.
  void make() {
    const ChildPlan plan = s_.plan();
    const auto& create = std::get<CreateService>(plan.actions.back());
    json body = *create.body;
    body["metadata"]["uid"] = "uid-service";
    s_.services.push_back(*kube::decode_service(body));
  }
  const api::Condition& condition() {
    s_.carry_out(s_.plan());
    return testing::condition_of(s_.child.status.conditions, kServiceReady);
  }
  Situation s_;
};

TEST_F(ServiceTest, ItSelectsTheOneThatLeads) {
  const ChildPlan plan = s_.plan();
  EXPECT_THAT(told(plan, s_.child), ElementsAre("create Service orders"));
  const json& body = *std::get<CreateService>(plan.actions.back()).body;
  EXPECT_EQ(body["spec"], json::parse(R"({
    "selector": {"processhub.io/hub": "hub", "processhub.io/child": "orders",
                 "processhub.io/role": "active"},
    "ports": [{"name": "http", "port": 80, "protocol": "TCP", "targetPort": 80}]})"));
  EXPECT_EQ(body["metadata"]["ownerReferences"][0]["uid"], "uid-of-orders");
}

TEST_F(ServiceTest, OfPeersItSelectsAll) {
  s_.replicas(2);
  s_.hub->spec.redundancy.replication.model = api::ReplicationModel::kActiveActive;
  const ChildPlan plan = s_.plan();
  const json& body = *std::get<CreateService>(plan.actions.back()).body;
  EXPECT_FALSE(body["spec"]["selector"].contains("processhub.io/role"));
}

TEST_F(ServiceTest, OnceItIsThereNothingIsLeftToDo) {
  make();
  EXPECT_EQ(condition().status, ConditionStatus::kTrue);
  EXPECT_EQ(s_.child.status.service_name, "orders");
  EXPECT_THAT(s_.plan().actions, IsEmpty());
}

TEST_F(ServiceTest, WhatAUserChangesIsPutBack) {
  make();
  s_.services[0].selector["processhub.io/role"] = "passive";
  EXPECT_THAT(told(s_.plan(), s_.child), ElementsAre("update Service orders"));
}

// What a merge patch does not name stays: the label of a role that nobody has any more.
TEST_F(ServiceTest, AKeyOfTheSelectorThatShallGoIsTakenOff) {
  make();
  s_.services[0].selector["extra"] = "by-hand";
  s_.hub->spec.redundancy.replication.model = api::ReplicationModel::kActiveActive;
  s_.carry_out(s_.plan());
  const ChildPlan plan = s_.plan();
  ASSERT_THAT(told(plan, s_.child), ElementsAre("update Service orders"));
  const json& selector = (*std::get<UpdateService>(plan.actions.back()).spec)["selector"];
  EXPECT_EQ(selector, json::parse(R"({"processhub.io/hub": "hub", "processhub.io/child": "orders",
                                      "processhub.io/role": null, "extra": null})"));
}

TEST_F(ServiceTest, WhenTheHubWantsNoneAnyMoreItGoes) {
  make();
  s_.carry_out(s_.plan());
  s_.hub->spec.service.enabled = false;
  EXPECT_THAT(told(s_.plan(), s_.child), ElementsAre("delete Service orders"));
  s_.services.clear();
  s_.carry_out(s_.plan());
  EXPECT_EQ(api::find_condition(s_.child.status.conditions, kServiceReady), nullptr);
  EXPECT_EQ(s_.child.status.service_name, "");
}

TEST_F(ServiceTest, ANameThatIsTakenIsSaidAndNotTriedAgainAtOnce) {
  s_.service_problem = "Service orders exists and is not this child's";
  EXPECT_EQ(condition().reason, "NameConflict");
  EXPECT_THAT(s_.plan().actions, IsEmpty());
}

TEST_F(ServiceTest, AServiceOfAnotherOwnerIsLeftAlone) {
  make();
  s_.services[0].meta.owner_uid = Uid("somebody");
  s_.services[0].meta.name = "other";
  EXPECT_THAT(told(s_.plan(), s_.child), ElementsAre("create Service orders"));
}

}  // namespace
}  // namespace processhub::plan
