#include "api/parse.h"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/api/object_cases.h"

namespace processhub::api {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using namespace std::chrono_literals;

class EveryCase : public testing::TestWithParam<test::ObjectCase> {};

// Where the API server points, the parser points too, for objects under another schema.
TEST_P(EveryCase, IsJudgedAsByTheApiServer) {
  const test::ObjectCase& a_case = GetParam();
  const json object = test::object_of(a_case);
  std::optional<std::string> problem;
  if (object["kind"] == "ProcessHub") {
    const auto hub = parse_hub(object);
    ASSERT_TRUE(hub) << hub.error().message;
    problem = hub->problem;
  } else {
    const auto child = parse_child(object);
    ASSERT_TRUE(child) << child.error().message;
    problem = child->problem;
  }
  if (a_case.field == nullptr || !a_case.parser_too) {
    EXPECT_EQ(problem, std::nullopt);
  } else {
    ASSERT_TRUE(problem);
    EXPECT_EQ(problem->find(a_case.field), 0U) << *problem;
    EXPECT_GT(problem->size(), std::string(a_case.field).size() + 10) << *problem;
  }
}

INSTANTIATE_TEST_SUITE_P(Parse, EveryCase, testing::ValuesIn(test::object_cases()),
                         [](const auto& info) {
                           std::string name = info.param.name;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

json hub_json(const char* patch = "{}") {
  return test::object_of({.name = "hub", .kind = "ProcessHub", .patch = patch});
}

json child_json(const char* patch = "{}") {
  return test::object_of({.name = "orders", .kind = "ProcessHubChild", .patch = patch});
}

TEST(ParseHub, GivesTheDefaultsInsideAbsentSections) {
  const auto hub = parse_hub(hub_json());
  ASSERT_TRUE(hub);
  const ProcessHubSpec& spec = hub->spec;
  EXPECT_EQ(spec.nodes, NodesSpec{});
  EXPECT_EQ(spec.nodes.join_after, 10s);
  EXPECT_EQ(spec.nodes.on_cordon, OnCordon::kMigrate);
  EXPECT_TRUE(spec.nodes.weight_label.empty());
  EXPECT_EQ(spec.distribution.strategy, DistributionStrategyKind::kConsistentHashing);
  EXPECT_EQ(spec.distribution.consistent_hashing.virtual_nodes, 512);
  EXPECT_EQ(spec.distribution.consistent_hashing.bound, Bound::kNone);
  EXPECT_EQ(spec.distribution.consistent_hashing.load_factor_percent, 125);
  EXPECT_EQ(spec.distribution.consistent_hashing.topology_key, "topology.kubernetes.io/zone");
  EXPECT_EQ(spec.distribution.centralized_load_balancer.max_history_size, 30);
  EXPECT_EQ(spec.distribution.centralized_load_balancer.weight_decay_factor, 0.9);
  EXPECT_EQ(spec.distribution.centralized_load_balancer.push_interval, 10s);
  EXPECT_EQ(spec.redundancy.strategy, RedundancyStrategyKind::kSingularity);
  EXPECT_EQ(spec.redundancy.replication.factor, 2);
  EXPECT_EQ(spec.redundancy.replication.model, ReplicationModel::kActiveActive);
  EXPECT_EQ(spec.migration.max_concurrent, (IntOrPercent{.value = 10, .percent = true}));
  EXPECT_EQ(spec.redundancy.replication.signal, SignalTo::kNone);
  EXPECT_EQ(spec.redundancy.replication.http, std::nullopt);
  EXPECT_EQ(spec.partition_tolerance, PartitionToleranceSpec{});
  EXPECT_EQ(spec.partition_tolerance.strategy, PartitionToleranceKind::kDivergence);
  EXPECT_EQ(spec.partition_tolerance.dynamic_quorum.threshold, 30s);
  EXPECT_EQ(spec.partition_tolerance.majority_quorum.initial_cluster_size, 1);
  EXPECT_EQ(spec.failover.detection, Detection::kNodeReady);
  EXPECT_EQ(spec.failover.node_lease.timeout, 20s);
  EXPECT_EQ(spec.failover.node_probe, (NodeProbeSpec{.period = 1s, .failure_threshold = 3}));
  EXPECT_EQ(spec.failover.fence, Fence::kNone);
  EXPECT_EQ(spec.failover.active_not_ready, 5s);
  EXPECT_EQ(spec.service, ServiceSpec{});
  EXPECT_EQ(spec.failover.restart_after, 10s);
  EXPECT_EQ(spec.failover.replace_after, 120s);
  EXPECT_EQ(spec.spill_after, 30s);
  EXPECT_TRUE(spec.children.empty());
  EXPECT_FALSE(spec.paused);
  EXPECT_EQ(hub->problem, std::nullopt);
  EXPECT_EQ(hub->key(), (HubKey{"default", "hub"}));
  EXPECT_EQ(hub->status, HubStatus{});
}

TEST(ParseHub, ReadsEveryField) {
  const auto& cases = test::object_cases();
  const auto full = std::find_if(cases.begin(), cases.end(),
                                 [](const auto& c) { return std::string(c.name) == "full-hub"; });
  const auto hub = parse_hub(test::object_of(*full));
  ASSERT_TRUE(hub);
  const ProcessHubSpec& spec = hub->spec;
  EXPECT_EQ(spec.nodes.selector.match_labels,
            (kube::StringMap{{"pool", "workers"}, {"example.com/x", ""}}));
  EXPECT_THAT(spec.nodes.selector.match_expressions,
              ElementsAre(LabelRequirement{"gpu", LabelRequirement::Op::kDoesNotExist, {}},
                          LabelRequirement{"disk", LabelRequirement::Op::kIn, {"ssd", "nvme"}}));
  EXPECT_THAT(spec.nodes.tolerations,
              ElementsAre(Toleration{"dedicated", "Equal", "hub", "NoSchedule", {}},
                          Toleration{"spot", "Exists", "", "", {}},
                          Toleration{"going", "Exists", "", "NoExecute", 30}));
  EXPECT_EQ(spec.nodes.weight_label, "example.com/weight");
  EXPECT_EQ(spec.nodes.join_after, 0s);
  EXPECT_EQ(spec.nodes.on_cordon, OnCordon::kKeep);
  EXPECT_EQ(spec.distribution.consistent_hashing.virtual_nodes, 64);
  EXPECT_EQ(spec.distribution.consistent_hashing.bound, Bound::kStrict);
  EXPECT_EQ(spec.distribution.consistent_hashing.load_factor_percent, 110);
  EXPECT_EQ(spec.distribution.consistent_hashing.topology_key, "rack");
  EXPECT_EQ(spec.distribution.centralized_load_balancer,
            (CentralizedLoadBalancerSpec{
                .max_history_size = 5, .weight_decay_factor = 0.25, .push_interval = 60s}));
  EXPECT_EQ(spec.redundancy.strategy, RedundancyStrategyKind::kReplication);
  EXPECT_EQ(spec.redundancy.replication.factor, 3);
  EXPECT_EQ(spec.migration.max_concurrent, (IntOrPercent{.value = 25, .percent = true}));
  EXPECT_EQ(spec.redundancy.replication.model, ReplicationModel::kActivePassive);
  EXPECT_EQ(spec.redundancy.replication.signal, SignalTo::kAll);
  EXPECT_EQ(spec.redundancy.replication.http,
            (RoleHttpSpec{.port = 8080, .path = "/role?now", .timeout = 5s, .retries = 0}));
  EXPECT_EQ(spec.partition_tolerance,
            (PartitionToleranceSpec{
                .strategy = PartitionToleranceKind::kMajorityQuorum,
                .static_quorum = {.size = 3, .startup_confirm = true},
                .dynamic_quorum = {.percent = 60, .threshold = 90s},
                .majority_quorum = {.initial_cluster_size = 5, .track_max_size = true}}));
  EXPECT_EQ(spec.failover, (FailoverSpec{.detection = Detection::kNodeProbe,
                                         .node_lease = {.timeout = 45s},
                                         .node_probe = {.period = 2s, .failure_threshold = 5},
                                         .fence = Fence::kNodeConfirmed,
                                         .restart_after = 0s,
                                         .replace_after = 30s,
                                         .active_not_ready = 7s}));
  EXPECT_EQ(spec.service, (ServiceSpec{.enabled = true,
                                       .ports = {{.name = "web", .port = 80, .target_port = "8080"},
                                                 {.name = "dns",
                                                  .protocol = "UDP",
                                                  .port = 80,
                                                  .target_port = "dns-udp",
                                                  .app_protocol = "kubernetes.io/h2c"}}}));
  EXPECT_EQ(spec.spill_after, 5s);
  ASSERT_EQ(spec.children.size(), 2U);
  EXPECT_EQ(spec.children[0].name, "a");
  EXPECT_EQ(spec.children[0].child_template, nullptr);
  EXPECT_THAT(spec.children[0].nodes, IsEmpty());
  EXPECT_THAT(spec.children[1].nodes,
              ElementsAre(NodeName("node-b"), NodeName("node-a.example.com"), NodeName("0")));
  EXPECT_EQ(spec.children[1].labels, (kube::StringMap{{"team", "x"}, {"example.com/t", ""}}));
  ASSERT_NE(spec.children[1].child_template, nullptr);
  EXPECT_EQ((*spec.children[1].child_template)["spec"]["containers"][0]["image"], "y");
  EXPECT_TRUE(spec.paused);
  ASSERT_NE(spec.pod_template, nullptr);
  EXPECT_EQ((*spec.pod_template)["spec"]["hostNetwork"], true);
}

TEST(ParseHub, ReadsClusterSizeAsNoFactor) {
  const auto hub =
      parse_hub(hub_json(R"({"spec":{"redundancy":{"replication":{"factor":"ClusterSize"}}}})"));
  ASSERT_TRUE(hub);
  EXPECT_EQ(hub->spec.redundancy.replication.factor, std::nullopt);
}

TEST(ParseHub, SaysWhyGuidedDoesNotGoWithClusterSize) {
  const auto hub = parse_hub(hub_json(R"({"spec":{"distribution":{"strategy":"Guided"},
      "redundancy":{"strategy":"Replication","replication":{"factor":"ClusterSize"}}}})"));
  ASSERT_TRUE(hub);
  EXPECT_EQ(hub->problem,
            "spec.redundancy.replication.factor: must not be ClusterSize with "
            "distribution.strategy Guided, where each child lists its nodes itself: set an "
            "integer, or choose another distribution.strategy");
}

TEST(ParseHub, AllowsTheDefaultsOfHttp) {
  const auto hub = parse_hub(hub_json(
      R"({"spec":{"redundancy":{"strategy":"Replication",
          "replication":{"model":"ActivePassive","factor":1,"http":{"port":8080}}}}})"));
  ASSERT_TRUE(hub);
  EXPECT_EQ(hub->problem, std::nullopt);
  EXPECT_EQ(hub->spec.redundancy.replication.http,
            (RoleHttpSpec{.port = 8080, .path = "/processhub/role", .timeout = 2s, .retries = 3}));
}

TEST(ParseHub, SaysWhatAStrategyNeeds) {
  const auto problem_of = [](const char* spec) {
    return parse_hub(hub_json(("{\"spec\":" + std::string(spec) + "}").c_str()))->problem;
  };
  EXPECT_EQ(problem_of(R"({"redundancy":{"strategy":"Replication",
                           "replication":{"signal":"All"}}})"),
            "spec.redundancy.replication.http: is required with a signal other than None: say by "
            "http.port where the pods are told, or leave signal out");
  EXPECT_EQ(problem_of(R"({"partitionTolerance":{"strategy":"StaticQuorum"}})"),
            "spec.partitionTolerance.staticQuorum.size: is required with strategy StaticQuorum: "
            "how many nodes must be present");
  EXPECT_EQ(problem_of(R"({"partitionTolerance":{"strategy":"DynamicQuorum"}})"),
            "spec.partitionTolerance.dynamicQuorum.percent: is required with strategy "
            "DynamicQuorum: how many of the nodes must stay present, in percent");
  EXPECT_EQ(problem_of(R"({"service":{"ports":[{"name":"a","port":1},{"name":"a","port":2}]}})"),
            "spec.service.ports: the names of ports must differ: \"a\" is there twice");
}

TEST(ParseHub, RefusesTooManyPorts) {
  json object = hub_json();
  for (int i = 1; i <= 64; ++i) {
    object["spec"]["service"]["ports"].push_back({{"name", "p" + std::to_string(i)}, {"port", i}});
  }
  EXPECT_EQ(parse_hub(object)->problem, std::nullopt);
  object["spec"]["service"]["ports"].push_back({{"name", "more"}, {"port", 65}});
  EXPECT_THAT(*parse_hub(object)->problem, HasSubstr("spec.service.ports: must have at most 64"));
}

TEST(ParseHub, SaysWhichNodeOfAChildCannotBe) {
  EXPECT_EQ(
      parse_hub(hub_json(R"({"spec":{"children":[{"name":"a","nodes":["b","b"]}]}})"))->problem,
      "spec.children[0].nodes[1]: \"b\" is in the list already: name each node once");
  json many = child_json();
  for (int i = 0; i <= 256; ++i) many["spec"]["nodes"].push_back("n" + std::to_string(i));
  EXPECT_EQ(parse_child(many)->problem, "spec.nodes: must be a list of at most 256 strings");
  many["spec"]["nodes"].erase(256);
  EXPECT_EQ(parse_child(many)->problem, std::nullopt);
  many["spec"]["nodes"][0] = std::string(254, 'a');
  EXPECT_THAT(parse_child(many)->problem.value_or(""),
              HasSubstr("spec.nodes[0]: must be the name of a node"));
}

TEST(ParseHub, NamesEveryProblemUpToAFew) {
  const auto hub = parse_hub(hub_json(R"({"spec":{"nodes":{"joinAfterSeconds":"x"},
      "redundancy":{"strategy":"Twins","replication":{"factor":0}}}})"));
  ASSERT_TRUE(hub);
  EXPECT_EQ(hub->problem,
            "spec.nodes.joinAfterSeconds: must be an integer from 0 to 86400; "
            "spec.redundancy.strategy: must be Singularity or Replication, not \"Twins\"; "
            "spec.redundancy.replication.factor: must be an integer of at least 1, or "
            "\"ClusterSize\"");
  EXPECT_EQ(hub->spec.redundancy.strategy, RedundancyStrategyKind::kSingularity);
  json many = hub_json();
  for (int i = 0; i < 10; ++i) many["spec"]["children"].push_back({{"name", "A"}});
  EXPECT_THAT(*parse_hub(many)->problem, HasSubstr("and 5 more"));
}

TEST(ParseHub, RefusesATemplateThatMatchesNoNode) {
  const auto problem_of = [](const char* terms) {
    json object = test::object_of(test::object_cases()[0]);
    object["spec"]["template"]["spec"]["affinity"]["nodeAffinity"]
          ["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"] =
              json::parse(terms);
    return parse_hub(object)->problem;
  };
  EXPECT_EQ(problem_of("[]"), std::nullopt);  // the API server's to refuse
  EXPECT_EQ(problem_of(R"([{}, {"matchFields": [{"key": "metadata.name"}]}])"), std::nullopt);
  ASSERT_NE(problem_of("[{}]"), std::nullopt);
  EXPECT_THAT(
      *problem_of(R"([{}, {"matchExpressions": []}])"),
      testing::AllOf(testing::HasSubstr("nodeSelectorTerms"), testing::HasSubstr("match no node")));
}

TEST(ParseHub, RefusesTooManyChildren) {
  json object = hub_json();
  for (int i = 0; i <= 1000; ++i) {
    object["spec"]["children"].push_back({{"name", "c" + std::to_string(i)}});
  }
  EXPECT_THAT(*parse_hub(object)->problem, HasSubstr("spec.children: must have at most 1000"));
}

TEST(ParseHub, GivesAnErrorWithoutMetadata) {
  EXPECT_FALSE(parse_hub(json()));
  EXPECT_FALSE(parse_hub(json::array({1})));
  EXPECT_FALSE(parse_hub("text"));
  EXPECT_FALSE(parse_hub(json::object()));
  EXPECT_FALSE(parse_hub(json{{"metadata", 1}}));
  EXPECT_FALSE(parse_child(json{{"metadata", {{"name", ""}}}}));
}

TEST(ParseHub, SurvivesAnyJsonInAnyField) {
  const auto& cases = test::object_cases();
  const json full = test::object_of(*std::find_if(
      cases.begin(), cases.end(), [](const auto& c) { return std::string(c.name) == "full-hub"; }));
  const json flat = full.flatten();
  for (const auto& [pointer, ignored] : flat.items()) {
    if (pointer.rfind("/spec", 0) != 0) continue;
    for (const json& value :
         {json(), json(true), json(-1), json(1e300), json(18446744073709551615U), json(""),
          json("\x7f%"), json::array({nullptr}), json::object()}) {
      json object = full;
      object[json::json_pointer(pointer)] = value;
      EXPECT_TRUE(parse_hub(object)) << pointer << " " << value;
      object["kind"] = "ProcessHubChild";
      EXPECT_TRUE(parse_child(object)) << pointer << " " << value;
    }
  }
}

TEST(ParseChild, ReadsItsFields) {
  const auto child = parse_child(child_json(R"({"metadata":{"labels":{"a":"b"},"uid":"u"},
                     "spec":{"template":{"spec":{}},"nodes":["n2","n1"]}})"));
  ASSERT_TRUE(child);
  EXPECT_EQ(child->problem, std::nullopt);
  EXPECT_EQ(child->key(), (ChildKey{"default", "orders"}));
  EXPECT_EQ(child->hub_key(), (HubKey{"default", "hub"}));
  EXPECT_EQ(child->meta.uid, Uid("u"));
  EXPECT_EQ(child->meta.labels, (kube::StringMap{{"a", "b"}}));
  ASSERT_NE(child->spec.pod_template, nullptr);
  EXPECT_THAT(child->spec.nodes, ElementsAre(NodeName("n2"), NodeName("n1")));
  EXPECT_EQ(parse_child(child_json())->spec.pod_template, nullptr);
  EXPECT_THAT(parse_child(child_json())->spec.nodes, IsEmpty());
}

}  // namespace
}  // namespace processhub::api
