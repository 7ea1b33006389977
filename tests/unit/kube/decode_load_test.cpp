// What pods ask of their nodes, as the scheduler counts it, and what is used of nodes.
#include <gtest/gtest.h>
#include <limits>
#include <nlohmann/json.hpp>

#include "kube/decode.h"

namespace processhub::kube {
namespace {

using nlohmann::json;

constexpr int64_t kMi = 1024LL * 1024;

json container(const char* cpu, const char* memory = nullptr) {
  json requests = {{"cpu", cpu}};
  if (memory != nullptr) requests["memory"] = memory;
  return {{"name", "c"}, {"resources", {{"requests", requests}}}};
}

json sidecar(const char* cpu) {
  json object = container(cpu);
  object["restartPolicy"] = "Always";
  return object;
}

int64_t cpu_of(const std::vector<json>& containers, const std::vector<json>& init_containers) {
  return requests_of({{"containers", containers}, {"initContainers", init_containers}}).cpu_milli;
}

TEST(Requests, AddUpOverContainers) {
  EXPECT_EQ(
      requests_of(
          {{"containers",
            {container("250m", "64Mi"), container("1", "0.5Gi"), {{"name", "asks-nothing"}}}}}),
      (Resources{.cpu_milli = 1250, .memory = 576 * kMi}));
  EXPECT_EQ(requests_of(json::object()), Resources{});
}

TEST(Requests, AreThoseOfTheGreatestInitContainerWhereThatIsMore) {
  EXPECT_EQ(cpu_of({container("1")}, {container("300m"), container("2")}), 2000);
  EXPECT_EQ(cpu_of({container("1")}, {container("300m"), container("900m")}), 1000);
}

TEST(Requests, CountInitContainersThatStayWithTheOthers) {
  EXPECT_EQ(cpu_of({container("1")}, {sidecar("200m"), sidecar("100m")}), 1300);
  // The second step runs beside the first sidecar, and before the other one is there.
  EXPECT_EQ(cpu_of({container("1")}, {sidecar("200m"), container("2"), sidecar("100m")}), 2200);
  EXPECT_EQ(cpu_of({container("1")}, {container("2"), sidecar("1500m")}), 2500);
}

TEST(Requests, TakeTheGreaterOfEachResourceOnItsOwn) {
  EXPECT_EQ(requests_of({{"containers", {container("1", "10Mi")}},
                         {"initContainers", {container("100m", "30Mi")}}}),
            (Resources{.cpu_milli = 1000, .memory = 30 * kMi}));
}

TEST(Requests, HaveOverheadOnTop) {
  EXPECT_EQ(requests_of({{"containers", {container("1", "10Mi")}},
                         {"overhead", {{"cpu", "50m"}, {"memory", "2Mi"}}}}),
            (Resources{.cpu_milli = 1050, .memory = 12 * kMi}));
}

TEST(Requests, OfThePodComeBeforeThoseOfItsContainers) {
  const json of_pod = {{"requests", {{"cpu", "300m"}}}};
  EXPECT_EQ(requests_of({{"containers", {container("1", "10Mi")}},
                         {"resources", of_pod},
                         {"overhead", {{"cpu", "50m"}}}}),
            (Resources{.cpu_milli = 350, .memory = 10 * kMi}));
}

TEST(Requests, AreTheLimitsOfATemplateWithoutRequests) {
  json one = {{"resources", {{"limits", {{"cpu", "2"}, {"memory", "8Mi"}}}}}};
  EXPECT_EQ(requests_of({{"containers", {one}}}),
            (Resources{.cpu_milli = 2000, .memory = 8 * kMi}));
  one["resources"]["requests"] = {{"cpu", "1"}};
  EXPECT_EQ(requests_of({{"containers", {one}}}),
            (Resources{.cpu_milli = 1000, .memory = 8 * kMi}));
}

TEST(Requests, OfATemplateMayBeNumbers) {
  const json one = {{"resources", {{"requests", {{"cpu", 0.5}, {"memory", 1048576}}}}}};
  EXPECT_EQ(requests_of({{"containers", {one}}}), (Resources{.cpu_milli = 500, .memory = kMi}));
}

TEST(Requests, CountNothingWhereTheyCannotBeRead) {
  EXPECT_EQ(cpu_of({container("much"), container("-1"), container("1")}, {}), 1000);
  for (const json& wrong : {json(nullptr), json(7), json("text"), json::array({1, "a", nullptr})}) {
    EXPECT_EQ(requests_of(wrong), Resources{});
    EXPECT_EQ(requests_of({{"containers", wrong}, {"initContainers", wrong}}), Resources{});
    EXPECT_EQ(requests_of({{"overhead", wrong}, {"resources", wrong}}), Resources{});
    EXPECT_EQ(requests_of({{"containers", {{{"resources", {{"requests", wrong}}}}}}}), Resources{});
    EXPECT_EQ(requests_of({{"containers", {{{"resources", wrong}}}}}), Resources{});
  }
}

TEST(Requests, StayTheGreatestNumberWhenTheyPassIt) {
  EXPECT_EQ(cpu_of({container("1E"), container("1E")}, {sidecar("1E"), container("1E")}),
            std::numeric_limits<int64_t>::max());
}

json a_pod() {
  return json::parse(R"({
    "metadata": {"namespace": "shop", "name": "db-0", "uid": "u", "resourceVersion": "7",
                 "labels": {"app": "db"}, "annotations": {"processhub.io/slot": "0"}},
    "spec": {"nodeName": "node-a", "overhead": {"cpu": "10m"},
             "containers": [{"name": "c", "image": "i", "env": [{"name": "A", "value": "b"}],
                             "resources": {"requests": {"cpu": "1", "memory": "1Mi",
                                                        "nvidia.com/gpu": "1"},
                                           "limits": {"cpu": "4"}}}],
             "initContainers": [{"name": "s", "restartPolicy": "Always",
                                 "resources": {"requests": {"memory": "2Mi"}}}]},
    "status": {"phase": "Running", "podIP": "10.0.0.1"}})");
}

TEST(PodLoad, IsReadThroughASmallMask) {
  const json masked = *parse_object(a_pod().dump(), pod_load_mask());
  EXPECT_EQ(masked, json::parse(R"({
    "metadata": {"namespace": "shop", "name": "db-0", "uid": "u", "resourceVersion": "7"},
    "spec": {"nodeName": "node-a", "overhead": {"cpu": "10m"},
             "containers": [{"resources": {"requests": {"cpu": "1", "memory": "1Mi"}}}],
             "initContainers": [{"restartPolicy": "Always",
                                 "resources": {"requests": {"memory": "2Mi"}}}]},
    "status": {"phase": "Running"}})"));
  const auto load = decode_pod_load(masked);
  ASSERT_TRUE(load) << load.error().message;
  EXPECT_EQ(*load, decode_pod_load(a_pod()).value());
  EXPECT_EQ(
      *load,
      (PodLoad{
          .meta = {.ns = "shop", .name = "db-0", .uid = Uid("u"), .version = ResourceVersion("7")},
          .node = NodeName("node-a"),
          .requests = {.cpu_milli = 1010, .memory = 3 * kMi}}));
}

TEST(PodLoad, OfAPodThatHasEndedIsToldSo) {
  json pod = a_pod();
  for (const char* phase : {"Succeeded", "Failed"}) {
    pod["status"]["phase"] = phase;
    EXPECT_TRUE(decode_pod_load(pod)->ended) << phase;
  }
  pod.erase("status");
  EXPECT_FALSE(decode_pod_load(pod)->ended);
}

TEST(PodLoad, OfSomethingElseIsAnErrorThatNamesIt) {
  json pod = a_pod();
  pod["spec"]["nodeName"] = 7;
  EXPECT_EQ(decode_pod_load(pod).error().message,
            "cannot read pod shop/db-0: spec.nodeName is of type number, not a string");
  pod["metadata"].erase("name");
  pod["spec"] = nullptr;
  EXPECT_EQ(decode_pod_load(pod).error().message,
            "cannot read pod shop/?: metadata.name is missing");
  for (const json& wrong : {json(7), json("x"), json::array(), json(nullptr)}) {
    EXPECT_FALSE(decode_pod_load(wrong));
    EXPECT_FALSE(decode_node_use(wrong));
  }
}

TEST(NodeUse, IsReadFromTheMetricsOfANode) {
  const json item = json::parse(R"({
    "metadata": {"name": "node-a", "creationTimestamp": "2026-01-02T03:04:05Z"},
    "timestamp": "2026-01-02T03:04:00Z", "window": "20s",
    "usage": {"cpu": "137402875n", "memory": "1461624Ki"}})");
  const json masked = *parse_object(item.dump(), node_use_mask());
  EXPECT_EQ(masked, json::parse(R"({"metadata": {"name": "node-a"},
                                    "usage": {"cpu": "137402875n", "memory": "1461624Ki"}})"));
  EXPECT_EQ(
      decode_node_use(masked),
      (NodeUse{.node = NodeName("node-a"), .use = {.cpu_milli = 138, .memory = 1461624LL * 1024}}));
}

TEST(NodeUse, ThatIsNoQuantityIsAnError) {
  const auto use =
      decode_node_use(json::parse(R"({"metadata": {"name": "node-a"}, "usage": {"cpu": "much"}})"));
  ASSERT_FALSE(use);
  EXPECT_EQ(use.error().kind, ErrorKind::kInvalid);
  EXPECT_EQ(use.error().message,
            "cannot read use of node node-a: usage.cpu is \"much\", which is no quantity");
}

}  // namespace
}  // namespace processhub::kube
