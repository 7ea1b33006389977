#include "kube/decode.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace processhub::kube {
namespace {

using nlohmann::json;

// As the client does it: through the mask.
json masked(const json& object, const Projection& mask) {
  return *parse_object(object.dump(), mask);
}
Pod pod_of(const json& object) {
  const auto pod = decode_pod(masked(object, pod_mask()));
  EXPECT_TRUE(pod) << pod.error().message;
  return pod.value_or(Pod{});
}

json a_pod() {
  return json::parse(R"({
    "apiVersion": "v1", "kind": "Pod",
    "metadata": {
      "namespace": "shop", "name": "orders-0", "uid": "u-1", "resourceVersion": "77",
      "generation": 3, "labels": {"app": "orders"},
      "annotations": {"processhub.io/role": "active", "other.io/x": "y"},
      "creationTimestamp": "2026-01-02T03:04:05Z", "deletionTimestamp": "2026-01-02T04:00:00Z",
      "ownerReferences": [
        {"kind": "Thing", "name": "t", "uid": "u-8"},
        {"kind": "ProcessHubChild", "name": "orders", "uid": "u-9", "controller": true}],
      "managedFields": [{"manager": "x"}]},
    "spec": {
      "nodeName": "node-a",
      "containers": [{"name": "c", "image": "i"}],
      "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {
        "nodeSelectorTerms": [{"matchFields": [
          {"key": "metadata.name", "operator": "In", "values": ["node-a"]}]}]}}}},
    "status": {
      "phase": "Running",
      "conditions": [
        {"type": "PodScheduled", "status": "True", "lastTransitionTime": "2026-01-02T03:04:05Z"},
        {"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-02T03:05:00Z"}],
      "containerStatuses": [{"name": "c", "state": {"running": {}}}]}})");
}

TEST(Decode, PodIsReadAsFarAsThePlanNeedsIt) {
  const Pod pod = pod_of(a_pod());
  EXPECT_EQ(pod.meta.ns, "shop");
  EXPECT_EQ(pod.meta.name, "orders-0");
  EXPECT_EQ(pod.meta.uid.str(), "u-1");
  EXPECT_EQ(pod.meta.version.str(), "77");
  EXPECT_EQ(pod.meta.generation, 3);
  EXPECT_EQ(pod.meta.labels, (StringMap{{"app", "orders"}}));
  EXPECT_EQ(pod.meta.annotations, (StringMap{{"processhub.io/role", "active"}}));
  EXPECT_EQ(pod.meta.created, parse_time("2026-01-02T03:04:05Z"));
  EXPECT_EQ(pod.meta.deleted, parse_time("2026-01-02T04:00:00Z"));
  EXPECT_EQ(pod.meta.owner_uid.str(), "u-9");
  EXPECT_EQ(pod.node.str(), "node-a");
  EXPECT_EQ(pod.pinned_node.str(), "node-a");
  EXPECT_EQ(pod.phase, "Running");
  EXPECT_TRUE(pod.ready);
  EXPECT_EQ(pod.unschedulable_since, std::nullopt);
  EXPECT_EQ(pod.message, "");
}

TEST(Decode, MaskKeepsAllThatDecodingReads) {
  EXPECT_EQ(decode_pod(a_pod()).value(), pod_of(a_pod()));
}

TEST(Decode, UnschedulablePodHasTheSchedulersWords) {
  json object = a_pod();
  object["status"] = json::parse(R"({"phase":"Pending","conditions":[{"type":"PodScheduled",
      "status":"False","reason":"Unschedulable","message":"0/3 nodes are available",
      "lastTransitionTime":"2026-01-02T03:06:00Z"}]})");
  const Pod pod = pod_of(object);
  EXPECT_FALSE(pod.ready);
  EXPECT_EQ(pod.message, "0/3 nodes are available");
  EXPECT_EQ(pod.unschedulable_since, parse_time("2026-01-02T03:06:00Z"));
}

TEST(Decode, PodThatDoesNotRunSaysWhy) {
  json object = a_pod();
  json& status = object["status"];
  status["containerStatuses"] = json::parse(R"([
    {"name":"a","state":{"running":{}}},
    {"name":"b","state":{"waiting":{"reason":"ImagePullBackOff","message":"Back-off pulling image"}}},
    {"name":"c","state":{"waiting":{"reason":"Other"}}}])");
  EXPECT_EQ(pod_of(object).message, "ImagePullBackOff: Back-off pulling image");

  status["containerStatuses"] =
      json::parse(R"([{"state":{"terminated":{"reason":"OOMKilled","exitCode":137}}}])");
  EXPECT_EQ(pod_of(object).message, "OOMKilled (exit code 137)");

  status["initContainerStatuses"] = json::parse(R"([
    {"state":{"terminated":{"reason":"Completed","exitCode":0}}},
    {"state":{"waiting":{"reason":"CrashLoopBackOff","message":"back-off"}}}])");
  EXPECT_EQ(pod_of(object).message, "CrashLoopBackOff: back-off");

  status["reason"] = "Evicted";
  status["message"] = "The node was low on resource: memory.";
  EXPECT_EQ(pod_of(object).message, "Evicted: The node was low on resource: memory.");
}

TEST(Decode, MessageIsCutAt256Characters) {
  json object = a_pod();
  object["status"]["message"] = std::string(5000, 'x');
  EXPECT_EQ(pod_of(object).message.size(), 256U);
}

TEST(Decode, NodeIsReadAsFarAsThePlanNeedsIt) {
  const json object = json::parse(R"({
    "metadata": {"name": "node-a", "uid": "u", "resourceVersion": "1", "labels": {"zone": "z"}},
    "spec": {"unschedulable": true, "taints": [
      {"key": "k", "effect": "NoSchedule", "timeAdded": "2026-01-02T03:04:05Z"},
      {"key": "l", "value": "v", "effect": "NoExecute"}]},
    "status": {"images": [{"names": ["large"]}], "capacity": {"cpu": "4"},
               "allocatable": {"cpu": "3920m", "memory": "16384256Ki"}, "conditions": [
      {"type": "MemoryPressure", "status": "False", "lastTransitionTime": "2026-01-01T00:00:00Z"},
      {"type": "Ready", "status": "Unknown", "lastTransitionTime": "2026-01-02T00:00:00Z"}]}})");
  const auto node = decode_node(masked(object, node_mask()));
  ASSERT_TRUE(node) << node.error().message;
  EXPECT_TRUE(node->unschedulable);
  EXPECT_EQ(node->taints, (std::vector<Taint>{{.key = "k", .effect = "NoSchedule"},
                                              {.key = "l", .value = "v", .effect = "NoExecute"}}));
  EXPECT_EQ(node->ready, ConditionStatus::kUnknown);
  EXPECT_EQ(node->ready_since, parse_time("2026-01-02T00:00:00Z"));
  EXPECT_EQ(node->allocatable, (StringMap{{"cpu", "3920m"}, {"memory", "16384256Ki"}}));
}

TEST(Decode, NodesFirstInternalAddressAndTheKubeletsPortAreRead) {
  json object = json::parse(R"({
    "metadata": {"name": "node-a", "uid": "u"},
    "status": {
      "addresses": [{"type": "Hostname", "address": "node-a"},
                    {"type": "ExternalIP", "address": "203.0.113.7"},
                    {"type": "InternalIP", "address": "10.1.2.3"},
                    {"type": "InternalIP", "address": "fd00::1"}],
      "daemonEndpoints": {"kubeletEndpoint": {"Port": 10251}}}})");
  const auto node = decode_node(masked(object, node_mask()));
  ASSERT_TRUE(node) << node.error().message;
  EXPECT_EQ(node->internal_ip, "10.1.2.3");
  EXPECT_EQ(node->kubelet_port, 10251);

  for (const int port : {0, -1, 65536}) {
    object["status"]["daemonEndpoints"]["kubeletEndpoint"]["Port"] = port;
    EXPECT_EQ(decode_node(masked(object, node_mask()))->kubelet_port, 10250) << port;
  }
  object["status"] = json::object();
  const auto silent = decode_node(masked(object, node_mask()));
  EXPECT_EQ(silent->internal_ip, "");
  EXPECT_EQ(silent->kubelet_port, 10250);
  // Whether a pod fits has nothing to do with it.
  EXPECT_EQ(silent->fingerprint, node->fingerprint);
}

TEST(Decode, NodesLeaseIsReadWithItsRenewTimeAsWritten) {
  const json object = json::parse(R"({
    "metadata": {"namespace": "kube-node-lease", "name": "node-a", "uid": "u",
                 "resourceVersion": "9", "labels": {"a": "b"}},
    "spec": {"holderIdentity": "node-a", "leaseDurationSeconds": 40,
             "renewTime": "2026-01-02T03:04:05.678900Z"}})");
  const auto lease = decode_node_lease(masked(object, node_lease_mask()));
  ASSERT_TRUE(lease) << lease.error().message;
  EXPECT_EQ(lease->key(), NodeName("node-a"));
  EXPECT_EQ(lease->meta.version.str(), "9");
  EXPECT_TRUE(lease->meta.labels.empty());
  EXPECT_EQ(lease->renew_time, "2026-01-02T03:04:05.678900Z");

  const auto never_renewed = decode_node_lease(json::parse(R"({"metadata": {"name": "n"}})"));
  ASSERT_TRUE(never_renewed);
  EXPECT_EQ(never_renewed->renew_time, "");
  EXPECT_FALSE(decode_node_lease(json::parse(R"({"spec": {}})")));
}

TEST(Decode, NewNodeIsUnknownAndNotNotReady) {
  const auto node = decode_node(json::parse(R"({"metadata":{"name":"n"},"status":{}})"));
  ASSERT_TRUE(node);
  EXPECT_EQ(node->ready, ConditionStatus::kUnknown);
  EXPECT_EQ(node->ready_since, std::nullopt);
}

TEST(Decode, WrongTypeIsAnErrorThatNamesObjectAndField) {
  json object = a_pod();
  object["spec"]["nodeName"] = 7;
  const auto pod = decode_pod(object);
  ASSERT_FALSE(pod);
  EXPECT_EQ(pod.error().kind, ErrorKind::kInvalid);
  EXPECT_EQ(pod.error().message,
            "cannot read pod shop/orders-0: spec.nodeName is of type number, not a string");
}

// Every field of a pod replaced by every other type, one at a time.
void spoil(json& root, json& value) {
  const json kept = value;
  for (const json& wrong : {json(7), json("text"), json(true), json::array({1, "a", nullptr}),
                            json::object({{"x", 1}}), json(nullptr)}) {
    value = wrong;
    EXPECT_NO_THROW(static_cast<void>(decode_pod(root)));
    EXPECT_NO_THROW(static_cast<void>(decode_node(root)));
    EXPECT_NO_THROW(static_cast<void>(decode_node_lease(root)));
    EXPECT_NO_THROW(static_cast<void>(decode_meta(root)));
    EXPECT_NO_THROW(static_cast<void>(decode_pod_load(root)));
    EXPECT_NO_THROW(static_cast<void>(decode_pod(masked(root, pod_mask()))));
  }
  value = kept;
  if (value.is_structured()) {
    for (auto& below : value) spoil(root, below);
  }
}

TEST(Decode, NothingThrowsWhateverTheTypesAre) {
  json object = a_pod();
  for (json& field : object) spoil(object, field);
  for (const json& wrong : {json(7), json("x"), json::array(), json(nullptr)}) {
    EXPECT_FALSE(decode_pod(wrong));
    EXPECT_FALSE(decode_meta(wrong));
  }
}

TEST(Decode, NullIsTheSameAsAbsent) {
  json object = a_pod();
  object["spec"]["nodeName"] = nullptr;
  object["metadata"]["labels"] = nullptr;
  object["metadata"]["deletionTimestamp"] = nullptr;
  const Pod pod = pod_of(object);
  EXPECT_TRUE(pod.node.empty());
  EXPECT_TRUE(pod.meta.labels.empty());
  EXPECT_EQ(pod.meta.deleted, std::nullopt);
}

TEST(Decode, ObjectWithoutNameIsAnError) {
  EXPECT_FALSE(decode_meta(json::parse(R"({"metadata":{"uid":"u"}})")));
}

}  // namespace
}  // namespace processhub::kube
