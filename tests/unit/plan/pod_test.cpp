#include "plan/pod.h"

#include <gmock/gmock.h>
#include <set>

#include "kube/decode.h"
#include "plan/labels.h"
#include "plan/slots.h"
#include "unit/plan/builders.h"

namespace processhub::plan {
namespace {

using nlohmann::json;
using ::testing::Contains;
using ::testing::ElementsAre;
using testing::make_child;
using ::testing::SizeIs;

class PodTest : public ::testing::Test {
 protected:
  json build(const json& pod_template, const std::string& child = "orders", int slot = 0,
             int incarnation = 1) {
    child_ = make_child(child);
    const auto frame = make_frame(hub_, {}, nullptr);
    return build_pod(*frame,
                     {.json = std::make_shared<const json>(pod_template),
                      .revision = "rev1",
                      .state = PodTemplate::State::kValid},
                     {.child = child_,
                      .slot = slot,
                      .incarnation = incarnation,
                      .node = NodeName("node-a"),
                      .node_uid = Uid("uid-node-a"),
                      .role = {.role = redundancy::Role::kPeer, .epoch = 7}});
  }
  json spec(const json& spec) { return build({{"spec", spec}})["spec"]; }
  static json terms_of(const json& spec) {
    return spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
               ["nodeSelectorTerms"];
  }

  std::shared_ptr<api::ProcessHub> hub_ = testing::make_hub();
  api::ProcessHubChild child_;
  const json on_node_a_ =
      json::parse(R"({"key": "metadata.name", "operator": "In", "values": ["node-a"]})");
};

TEST_F(PodTest, TheWholePodOfASmallTemplate) {
  hub_->spec.redundancy.strategy = api::RedundancyStrategyKind::kReplication;
  const json made = build(json::parse(R"({
    "metadata": {"labels": {"app": "orders"}, "annotations": {"note": "kept"}},
    "spec": {"containers": [{"name": "main", "image": "app:1", "env": [{"name": "A", "value": "b"}]}],
             "terminationGracePeriodSeconds": 0}})"));
  EXPECT_EQ(made, json::parse(R"({
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {
      "name": "orders-0-rwkqs",
      "namespace": "default",
      "labels": {
        "app": "orders",
        "processhub.io/hub": "hub",
        "processhub.io/child": "orders",
        "processhub.io/hold": "true",
        "processhub.io/revision": "rev1",
        "processhub.io/role": "peer"},
      "annotations": {
        "note": "kept",
        "processhub.io/role": "peer 7",
        "processhub.io/peers": "[]",
        "processhub.io/slot": "0",
        "processhub.io/incarnation": "1",
        "processhub.io/node-uid": "uid-node-a"},
      "ownerReferences": [{
        "apiVersion": "processhub.io/v1alpha1",
        "kind": "ProcessHubChild",
        "name": "orders",
        "uid": "uid-of-orders",
        "controller": true,
        "blockOwnerDeletion": true}]},
    "spec": {
      "hostname": "orders-0-rwkqs",
      "terminationGracePeriodSeconds": 1,
      "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {
        "nodeSelectorTerms": [{"matchFields": [
          {"key": "metadata.name", "operator": "In", "values": ["node-a"]}]}]}}},
      "tolerations": [
        {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute"},
        {"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute"},
        {"key": "node.kubernetes.io/memory-pressure", "operator": "Exists", "effect": "NoSchedule"},
        {"key": "node.kubernetes.io/disk-pressure", "operator": "Exists", "effect": "NoSchedule"},
        {"key": "node.kubernetes.io/pid-pressure", "operator": "Exists", "effect": "NoSchedule"}],
      "containers": [{"name": "main", "image": "app:1", "env": [
        {"name": "PROCESSHUB_HUB", "value": "hub"},
        {"name": "PROCESSHUB_CHILD", "value": "orders"},
        {"name": "PROCESSHUB_NODE", "value": "node-a"},
        {"name": "PROCESSHUB_ROLE_FILE", "value": "/var/run/processhub/role"},
        {"name": "A", "value": "b"}],
        "volumeMounts": [
          {"name": "processhub-role", "mountPath": "/var/run/processhub", "readOnly": true}]}],
      "volumes": [{"name": "processhub-role", "downwardAPI": {"items": [
        {"path": "role", "fieldRef": {
          "apiVersion": "v1", "fieldPath": "metadata.annotations['processhub.io/role']"}},
        {"path": "peers", "fieldRef": {
          "apiVersion": "v1", "fieldPath": "metadata.annotations['processhub.io/peers']"}}]}}]}})"));
}

TEST_F(PodTest, TheRoleFileIsOursWhateverTheTemplateSays) {
  const json made = spec(json::parse(R"({
    "volumes": [{"name": "processhub-role", "emptyDir": {}}, {"name": "mine", "emptyDir": {}}],
    "initContainers": [{"name": "init"}],
    "containers": [{"name": "a", "volumeMounts": [{"name": "mine", "mountPath": "/mine"},
                                                  {"name": "processhub-role", "mountPath": "/x"}]}]
  })"));
  ASSERT_THAT(made["volumes"], SizeIs(2));
  EXPECT_EQ(made["volumes"][0]["name"], "mine");
  EXPECT_TRUE(made["volumes"][1].contains("downwardAPI"));
  ASSERT_THAT(made["containers"][0]["volumeMounts"], SizeIs(2));
  EXPECT_EQ(made["containers"][0]["volumeMounts"][1]["mountPath"], "/var/run/processhub");
  EXPECT_THAT(made["initContainers"][0]["volumeMounts"], SizeIs(1));
}

TEST_F(PodTest, WithAFenceItWaitsBehindItsGate) {
  EXPECT_FALSE(spec(json::object()).contains("schedulingGates"));
  hub_->spec.failover.fence = api::Fence::kNodeConfirmed;
  EXPECT_EQ(spec(json::parse(R"({"schedulingGates": [{"name": "mine"}]})"))["schedulingGates"],
            json::parse(R"([{"name": "mine"}, {"name": "processhub.io/fence"}])"));
}

TEST_F(PodTest, WhereItWouldBeIsNotForTheTemplateToSay) {
  const json made =
      build(json::parse(R"({"metadata": {"annotations": {"processhub.io/home": "node-b"}}})"));
  EXPECT_FALSE(made["metadata"]["annotations"].contains(kHomeAnnotation));
}

TEST_F(PodTest, IsReadBackAsWhatItWasMadeFor) {
  const auto pod = kube::decode_pod(build({}, "orders", 7, 3));
  ASSERT_TRUE(pod);
  EXPECT_EQ(node_of(*pod), NodeName("node-a"));
  EXPECT_EQ(pod->meta.owner_uid, Uid("uid-of-orders"));
  const auto ref = slot_of(*pod);
  ASSERT_TRUE(ref);
  EXPECT_EQ(ref->slot, 7);
  EXPECT_EQ(ref->incarnation, 3);
}

TEST_F(PodTest, ANameIsStable) {  // a change would make every pod of every cluster anew
  EXPECT_EQ(pod_name(make_child("orders"), 0, 1), "orders-0-rwkqs");
  EXPECT_EQ(pod_name(make_child("orders"), 12, 3), "orders-12-ua3op");
}

TEST_F(PodTest, NoTwoPodsOfAChildShareAName) {
  std::set<std::string> names;
  for (int slot = 0; slot < 50; ++slot) {
    for (int incarnation = 1; incarnation <= 20; ++incarnation) {
      names.insert(pod_name(make_child(), slot, incarnation));
    }
  }
  // 5 letters of base32 tell 20 incarnations of a slot apart but for bad luck (6 in a million).
  EXPECT_THAT(names, SizeIs(1000));
}

TEST_F(PodTest, AChildMadeAgainHasOtherPodNames) {
  api::ProcessHubChild again = make_child();
  again.meta.uid = Uid("another");
  EXPECT_NE(pod_name(make_child(), 0, 1), pod_name(again, 0, 1));
}

TEST_F(PodTest, TheNodeIsAndedIntoEveryTermOfTheUsers) {
  const json made = spec(json::parse(R"({"affinity": {
    "podAntiAffinity": {"kept": true},
    "nodeAffinity": {
      "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1}],
      "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
        {"matchExpressions": [{"key": "ssd", "operator": "Exists"}]},
        {"matchFields": [{"key": "metadata.name", "operator": "NotIn", "values": ["x"]}]}]}}}})"));
  EXPECT_EQ(terms_of(made),
            json({{{"matchExpressions", {{{"key", "ssd"}, {"operator", "Exists"}}}},
                   {"matchFields", {on_node_a_}}},
                  {{"matchFields",
                    {on_node_a_,
                     {{"key", "metadata.name"}, {"operator", "NotIn"}, {"values", {"x"}}}}}}}));
  EXPECT_EQ(made["affinity"]["podAntiAffinity"]["kept"], true);
  EXPECT_THAT(made["affinity"]["nodeAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"],
              SizeIs(1));
}

// It matches nothing as it is; with the node in it, it would match.
TEST_F(PodTest, ATermThatMatchesNothingStaysSo) {
  for (const char* empty : {R"({})", R"({"matchExpressions": []})",
                            R"({"matchExpressions": [], "matchFields": []})", "null"}) {
    const json term = json::parse(empty);
    json affinity;
    affinity["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
            ["nodeSelectorTerms"] = json::array({term});
    EXPECT_EQ(terms_of(spec({{"affinity", affinity}})), json::array({term}));
  }
}

TEST_F(PodTest, AUsersOwnPinDoesNotHideOurs) {
  const json made = spec(json::parse(
      R"({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution":
          {"nodeSelectorTerms": [{"matchFields":
            [{"key": "metadata.name", "operator": "In", "values": ["elsewhere"]}]}]}}}})"));
  const auto pod = kube::decode_pod({{"metadata", {{"name", "p"}}}, {"spec", made}});
  EXPECT_EQ(pod->pinned_node, NodeName("node-a"));
}

TEST_F(PodTest, ToleratesWhatTheHubsNodesMayCarryBesideTheUsersOwn) {
  hub_->spec.nodes.tolerations = {
      {.key = "gpu", .value = "yes", .effect = "NoExecute", .seconds = 60},
      {.key = "spot", .op = "Exists"}};
  const json made = spec(json::parse(R"({"tolerations": [
      {"key": "mine", "operator": "Exists"},
      {"key": "spot", "operator": "Exists"}]})"))["tolerations"];
  EXPECT_EQ(made[0], json::parse(R"({"key": "mine", "operator": "Exists"})"));
  EXPECT_EQ(made[1], json::parse(R"({"key": "spot", "operator": "Exists"})"));
  EXPECT_EQ(made[2], json::parse(R"({"key": "gpu", "operator": "Equal", "value": "yes",
                                     "effect": "NoExecute", "tolerationSeconds": 60})"));
  EXPECT_THAT(made, SizeIs(8));
}

TEST_F(PodTest, LeavesItToTheOperatorHowLongAPodStaysOnALostNode) {
  const json made = spec(json::parse(R"({"tolerations": [
      {"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute",
       "tolerationSeconds": 30}]})"))["tolerations"];
  for (const json& toleration : made) EXPECT_FALSE(toleration.contains("tolerationSeconds"));
  EXPECT_THAT(made, SizeIs(5));
}

TEST_F(PodTest, APodMayStartWhereItsNodeIsNotReadyIfItsTemplateSaysSo) {
  const json mine = {
      {"key", "node.kubernetes.io/not-ready"}, {"operator", "Exists"}, {"effect", "NoSchedule"}};
  const json made = spec({{"tolerations", json::array({mine})}})["tolerations"];
  EXPECT_EQ(made[0], mine);
  EXPECT_THAT(made, SizeIs(6));
}

TEST_F(PodTest, ToleratesNothingWithoutLimitsOfKeyAndEffect) {
  const json made = spec(json::object());
  for (const json& toleration : made["tolerations"]) {
    EXPECT_TRUE(toleration.contains("key"));
    EXPECT_TRUE(toleration.contains("effect"));
    EXPECT_FALSE(toleration.contains("tolerationSeconds"));
    EXPECT_NE(toleration["key"], "node.kubernetes.io/out-of-service");
    EXPECT_NE(toleration["key"], "node.kubernetes.io/unschedulable");
  }
}

TEST_F(PodTest, WithOnCordonKeepItAlsoToleratesACordon) {
  hub_->spec.nodes.on_cordon = api::OnCordon::kKeep;
  EXPECT_THAT(spec(json::object())["tolerations"],
              Contains(json::parse(R"({"key": "node.kubernetes.io/unschedulable",
                                       "operator": "Exists", "effect": "NoSchedule"})")));
}

TEST_F(PodTest, EveryContainerIsToldWhereItIsAndItsOwnVariablesWin) {
  const json made = spec(json::parse(R"json({
    "initContainers": [{"name": "init"}],
    "containers": [
      {"name": "a", "env": [{"name": "PROCESSHUB_NODE", "value": "mine"},
                            {"name": "X", "value": "$(PROCESSHUB_HUB)"}]},
      {"name": "b"}]})json"));
  const auto names = [](const json& container) {
    std::vector<std::string> result;
    for (const json& variable : container["env"]) result.push_back(variable["name"]);
    return result;
  };
  EXPECT_THAT(
      names(made["initContainers"][0]),
      ElementsAre("PROCESSHUB_HUB", "PROCESSHUB_CHILD", "PROCESSHUB_NODE", "PROCESSHUB_ROLE_FILE"));
  EXPECT_THAT(names(made["containers"][0]),
              ElementsAre("PROCESSHUB_HUB", "PROCESSHUB_CHILD", "PROCESSHUB_ROLE_FILE",
                          "PROCESSHUB_NODE", "X"));
  EXPECT_EQ(made["containers"][0]["env"][3]["value"], "mine");
}

TEST_F(PodTest, TheHostnameIsTheEndOfALongName) {
  EXPECT_EQ(spec(json::object())["hostname"], "orders-0-rwkqs");
  EXPECT_EQ(spec({{"hostname", "mine"}})["hostname"], "mine");
  const std::string child(63, 'c');
  const json made = build(json::object(), child);
  const std::string name = made["metadata"]["name"];
  const std::string hostname = made["spec"]["hostname"];
  EXPECT_EQ(name.size(), 63U + 8U);
  EXPECT_EQ(hostname.size(), 63U);
  EXPECT_TRUE(name.ends_with(hostname));
}

TEST_F(PodTest, AHostnameDoesNotBeginWithADash) {
  // The name has 70 characters; the last 63 begin with the dash.
  const json made = build(json::object(), "abcdefg-" + std::string(54, 'c'));
  EXPECT_EQ(made["spec"]["hostname"],
            std::string(54, 'c') + "-0-" + std::string(made["metadata"]["name"]).substr(65));
}

TEST_F(PodTest, TheGracePeriodIsAtLeastASecond) {
  EXPECT_EQ(spec({{"terminationGracePeriodSeconds", 0}})["terminationGracePeriodSeconds"], 1);
  EXPECT_EQ(spec({{"terminationGracePeriodSeconds", -3}})["terminationGracePeriodSeconds"], 1);
  EXPECT_EQ(spec({{"terminationGracePeriodSeconds", 30}})["terminationGracePeriodSeconds"], 30);
  EXPECT_FALSE(spec(json::object()).contains("terminationGracePeriodSeconds"));
}

TEST_F(PodTest, WhatIsOursInLabelsAndOwnersIsNotTheTemplatesToSay) {
  const json made = build(json::parse(R"({"metadata": {
    "name": "x", "namespace": "y",
    "labels": {"processhub.io/child": "x", "processhub.io/hub": "x"},
    "ownerReferences": [{"kind": "Other"}]}})"))["metadata"];
  EXPECT_EQ(made["name"], "orders-0-rwkqs");
  EXPECT_EQ(made["namespace"], "default");
  EXPECT_EQ(made["labels"]["processhub.io/child"], "orders");
  EXPECT_EQ(made["labels"]["processhub.io/hub"], "hub");
  EXPECT_THAT(made["ownerReferences"], SizeIs(1));
}

// The API server says what is wrong with it; the operator only has to survive it.
TEST_F(PodTest, ATemplateOfTheWrongShapeDoesNotEndTheOperator) {
  for (const char* text :
       {R"({"spec": {"containers": [{"name": "a", "env": [{"name": 5}]}]}})",
        R"({"spec": {"containers": [{"name": "a", "env": [{"name": null}, 3, "x", []]}]}})",
        R"({"spec": {"containers": [null, 1, []], "initContainers": {"a": 1}}})",
        R"({"spec": {"containers": [{"env": "x"}], "tolerations": 3, "affinity": [1]}})",
        R"({"spec": [], "metadata": "x"})",
        R"({"metadata": {"labels": [], "annotations": 1, "ownerReferences": 7}})",
        R"({"spec": {"terminationGracePeriodSeconds": "soon", "hostname": 3}})",
        R"({"spec": {"terminationGracePeriodSeconds": 18446744073709551615}})",
        R"({"spec": {"affinity": {"nodeAffinity":
            {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [1, [], "x",
              {"matchFields": 3}, {"matchExpressions": "y"}]}}}}})",
        "[]", "null", "3"}) {
    EXPECT_NO_THROW(static_cast<void>(build(json::parse(text)))) << text;
  }
}

TEST(SlotOfTest, OnlyPodsThatTheOperatorMadeHaveASlot) {
  kube::Pod pod;
  EXPECT_FALSE(slot_of(pod));
  const auto with = [&](const char* slot, const char* incarnation) {
    pod.meta.annotations = {{kSlotAnnotation, slot}, {kIncarnationAnnotation, incarnation}};
    return slot_of(pod).has_value();
  };
  EXPECT_TRUE(with("0", "1"));
  EXPECT_FALSE(with("0", "0"));
  EXPECT_FALSE(with("-1", "1"));
  EXPECT_FALSE(with("x", "1"));
  EXPECT_FALSE(with("1 ", "1"));
  EXPECT_FALSE(with("", "1"));
  EXPECT_FALSE(with("99999999999", "1"));
}

}  // namespace
}  // namespace processhub::plan
