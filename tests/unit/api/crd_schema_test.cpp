// The CRDs' schemas and the code say the same: defaults, bounds, names of enumerations.
#include <algorithm>
#include <gtest/gtest.h>
#include <map>

#include "api/enums.h"
#include "api/limits.h"
#include "api/parse.h"
#include "unit/api/object_cases.h"
#include "unit/api/yaml_json.h"

namespace processhub::api {
namespace {

using nlohmann::json;
using Values = std::map<std::string, json>;

const json& schema_of(const std::string& plural) {
  static std::map<std::string, json> loaded;
  if (!loaded.contains(plural)) {
    loaded[plural] = test::load_yaml("crds/" + plural +
                                     ".yaml")["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
  }
  return loaded[plural];
}

// Calls visit(path, schema) for every property below `schema`.
template <typename Visit>
void walk(const json& schema, const std::string& path, const Visit& visit) {
  if (schema.contains("properties")) {
    for (const auto& [name, property] : schema["properties"].items()) {
      const std::string below = path.empty() ? name : std::string(path).append(".").append(name);
      visit(below, property);
      walk(property, below, visit);
    }
  }
  if (schema.contains("items")) walk(schema["items"], path + "[]", visit);
}

// Values of the keyword `keyword`, by path below `spec`.
Values keyword_values(const std::string& plural, const std::string& keyword) {
  Values values;
  walk(schema_of(plural)["properties"]["spec"], "", [&](const auto& path, const json& schema) {
    if (schema.contains(keyword)) values[path] = schema[keyword];
  });
  return values;
}

json int_or_percent_json(const IntOrPercent& value) {
  return value.percent ? json(std::to_string(value.value) + "%") : json(value.value);
}

template <typename E, size_t N>
json names_of(const NameTable<E, N>& table) {
  json names = json::array();
  for (const auto& entry : table) names.push_back(entry.first);
  return names;
}

TEST(CrdSchema, DefaultsAreThoseOfTheStructs) {
  const ProcessHubSpec spec;
  const json distribution = to_string(spec.distribution.strategy);
  const json redundancy = to_string(spec.redundancy.strategy);
  const Values expected{
      {"nodes.joinAfterSeconds", spec.nodes.join_after.count()},
      {"nodes.onCordon", to_string(spec.nodes.on_cordon)},
      {"nodes.tolerations[].operator", Toleration{}.op},
      // The two sections have defaults so that the columns of `kubectl get` show the strategies.
      {"distribution", {{"strategy", distribution}}},
      {"distribution.strategy", distribution},
      {"distribution.consistentHashing.virtualNodes",
       spec.distribution.consistent_hashing.virtual_nodes},
      {"distribution.consistentHashing.bound",
       to_string(spec.distribution.consistent_hashing.bound)},
      {"distribution.consistentHashing.loadFactorPercent",
       spec.distribution.consistent_hashing.load_factor_percent},
      {"distribution.consistentHashing.topologyKey",
       spec.distribution.consistent_hashing.topology_key},
      {"distribution.centralizedLoadBalancer.maxHistorySize",
       spec.distribution.centralized_load_balancer.max_history_size},
      // A string: Kubernetes' APIs have no floats. WrittenDefaultsChangeNothing compares it.
      {"distribution.centralizedLoadBalancer.weightDecayFactor", "0.9"},
      {"distribution.centralizedLoadBalancer.pushIntervalSeconds",
       spec.distribution.centralized_load_balancer.push_interval.count()},
      {"redundancy", {{"strategy", redundancy}}},
      {"redundancy.strategy", redundancy},
      {"redundancy.replication.factor", *spec.redundancy.replication.factor},
      {"redundancy.replication.model", to_string(spec.redundancy.replication.model)},
      {"redundancy.replication.signal", to_string(spec.redundancy.replication.signal)},
      {"redundancy.replication.http.path", RoleHttpSpec{}.path},
      {"redundancy.replication.http.timeoutSeconds", RoleHttpSpec{}.timeout.count()},
      {"redundancy.replication.http.retries", RoleHttpSpec{}.retries},
      {"migration.strategy", to_string(spec.migration.strategy)},
      {"migration.maxConcurrent", int_or_percent_json(spec.migration.max_concurrent)},
      {"update.maxUnavailable", int_or_percent_json(spec.update.max_unavailable)},
      {"partitionTolerance.strategy", to_string(spec.partition_tolerance.strategy)},
      {"partitionTolerance.staticQuorum.startupConfirm",
       spec.partition_tolerance.static_quorum.startup_confirm},
      {"partitionTolerance.dynamicQuorum.thresholdSeconds",
       spec.partition_tolerance.dynamic_quorum.threshold.count()},
      {"partitionTolerance.majorityQuorum.initialClusterSize",
       spec.partition_tolerance.majority_quorum.initial_cluster_size},
      {"partitionTolerance.majorityQuorum.trackMaxSize",
       spec.partition_tolerance.majority_quorum.track_max_size},
      {"failover.detection", to_string(spec.failover.detection)},
      {"failover.nodeLease.leaseTimeoutSeconds", spec.failover.node_lease.timeout.count()},
      {"failover.nodeProbe.periodSeconds", spec.failover.node_probe.period.count()},
      {"failover.nodeProbe.failureThreshold", spec.failover.node_probe.failure_threshold},
      {"failover.fence", to_string(spec.failover.fence)},
      {"failover.activeNotReadySeconds", spec.failover.active_not_ready.count()},
      {"failover.restartAfterSeconds", spec.failover.restart_after.count()},
      {"failover.replaceAfterSeconds", spec.failover.replace_after.count()},
      {"migration.hotSwap.retentionSeconds", spec.migration.hot_swap.retention.count()},
      {"migration.hotSwap.handover.enabled", HandoverSpec{}.enabled},
      {"migration.hotSwap.handover.path", HandoverSpec{}.path},
      {"migration.hotSwap.handover.dataWaitSeconds", HandoverSpec{}.data_wait.count()},
      {"migration.hotSwap.handover.confirm", HandoverSpec{}.confirm},
      {"migration.childTimeoutSeconds", spec.migration.child_timeout.count()},
      {"spillAfterSeconds", spec.spill_after.count()},
      {"pinning", to_string(spec.pinning)},
      {"disruption.hold", spec.disruption.hold},
      {"service.enabled", spec.service.enabled},
      {"service.ports[].protocol", ServicePort{}.protocol},
      {"paused", spec.paused},
  };
  EXPECT_EQ(keyword_values("processhubs", "default"), expected);
  EXPECT_EQ(keyword_values("processhubchildren", "default"), Values{});
}

TEST(CrdSchema, BoundsAreThoseOfTheParser) {
  const std::map<std::string, Range> ranges{
      {"nodes.joinAfterSeconds", kJoinAfterSeconds},
      {"distribution.consistentHashing.virtualNodes", kVirtualNodes},
      {"distribution.consistentHashing.loadFactorPercent", kLoadFactorPercent},
      {"distribution.centralizedLoadBalancer.maxHistorySize", kMaxHistorySize},
      {"distribution.centralizedLoadBalancer.pushIntervalSeconds", kPushIntervalSeconds},
      {"redundancy.replication.http.port", kPort},
      {"redundancy.replication.http.timeoutSeconds", kHttpTimeoutSeconds},
      {"redundancy.replication.http.retries", kHttpRetries},
      {"partitionTolerance.staticQuorum.size", kClusterSize},
      {"partitionTolerance.dynamicQuorum.percent", kQuorumPercent},
      {"partitionTolerance.dynamicQuorum.thresholdSeconds", kQuorumThresholdSeconds},
      {"partitionTolerance.majorityQuorum.initialClusterSize", kClusterSize},
      {"failover.nodeLease.leaseTimeoutSeconds", kLeaseTimeoutSeconds},
      {"failover.nodeProbe.periodSeconds", kProbePeriodSeconds},
      {"failover.nodeProbe.failureThreshold", kProbeFailureThreshold},
      {"failover.activeNotReadySeconds", kActiveNotReadySeconds},
      {"service.ports[].port", kPort},
      {"spillAfterSeconds", kSpillAfterSeconds},
      {"migration.hotSwap.retentionSeconds", kRetentionSeconds},
      {"migration.hotSwap.handover.port", kPort},
      {"migration.hotSwap.handover.dataWaitSeconds", kDataWaitSeconds},
      {"migration.childTimeoutSeconds", kChildTimeoutSeconds},
      {"failover.restartAfterSeconds", kRestartAfterSeconds},
      {"failover.replaceAfterSeconds", kReplaceAfterSeconds}};
  Values least;
  Values most;
  for (const auto& [path, range] : ranges) {
    least[path] = range.least;
    most[path] = range.most;
  }
  EXPECT_EQ(keyword_values("processhubs", "minimum"), least);
  EXPECT_EQ(keyword_values("processhubs", "maximum"), most);
  const Values items = keyword_values("processhubs", "maxItems");
  EXPECT_EQ(items.at("children"), kMaxInlineChildren);
  EXPECT_EQ(items.at("children[].nodes"), kMaxChildNodes);
  EXPECT_EQ(items.at("nodes.tolerations"), kMaxTolerations);
  EXPECT_EQ(items.at("nodes.selector.matchExpressions"), kMaxMatchExpressions);
  EXPECT_EQ(items.at("nodes.selector.matchExpressions[].values"), kMaxSelectorValues);
  EXPECT_EQ(keyword_values("processhubs", "maxProperties").at("children[].labels"),
            kMaxInlineChildLabels);
  EXPECT_EQ(items.at("service.ports"), kMaxServicePorts);
  const Values lengths = keyword_values("processhubs", "maxLength");
  EXPECT_EQ(lengths.at("children[].name"), kMaxNameLength);
  EXPECT_EQ(lengths.at("redundancy.replication.http.path"), kMaxHttpPathLength);
  EXPECT_EQ(lengths.at("migration.hotSwap.handover.path"), kMaxHttpPathLength);
  EXPECT_EQ(lengths.at("service.ports[].targetPort"), kMaxPortNameLength);
}

TEST(CrdSchema, EnumerationsAreThoseOfTheParser) {
  const json patch = {"replace"};
  EXPECT_EQ(keyword_values("processhubs", "enum"),
            (Values{{"nodes.onCordon", names_of(kOnCordonNames)},
                    {"nodes.selector.matchExpressions[].operator", names_of(kSelectorOpNames)},
                    {"nodes.tolerations[].operator", {"Equal", "Exists"}},
                    {"nodes.tolerations[].effect", {"NoSchedule", "PreferNoSchedule", "NoExecute"}},
                    {"distribution.strategy", names_of(kDistributionNames)},
                    {"distribution.consistentHashing.bound", names_of(kBoundNames)},
                    {"redundancy.strategy", names_of(kRedundancyNames)},
                    {"redundancy.replication.model", names_of(kModelNames)},
                    {"redundancy.replication.signal", names_of(kSignalNames)},
                    {"migration.strategy", names_of(kMigrationNames)},
                    {"partitionTolerance.strategy", names_of(kPartitionToleranceNames)},
                    {"failover.detection", names_of(kDetectionNames)},
                    {"failover.fence", names_of(kFenceNames)},
                    {"pinning", names_of(kPinningNames)},
                    {"service.ports[].protocol", {"TCP", "UDP", "SCTP"}},
                    {"children[].template.$patch", patch}}));
  const json& child = schema_of("processhubchildren");
  EXPECT_EQ(child["properties"]["status"]["properties"]["phase"]["enum"], names_of(kPhaseNames));
}

TEST(CrdSchema, AChildSaysTheSameInlineAndAlone) {
  const json& inline_child = schema_of(
      "processhubs")["properties"]["spec"]["properties"]["children"]["items"]["properties"];
  const json& alone = schema_of("processhubchildren")["properties"]["spec"]["properties"];
  for (const char* field : {"template", "nodes", "suspended"}) {
    EXPECT_EQ(inline_child.at(field), alone.at(field)) << field;
  }
}

// What has no limit could cost the rules more than the API server allows them.
TEST(CrdSchema, ListsOfNodesAreLimited) {
  const json& nodes = schema_of("processhubchildren")["properties"]["spec"]["properties"]["nodes"];
  EXPECT_EQ(nodes["maxItems"], kMaxChildNodes);
  EXPECT_EQ(nodes["items"]["maxLength"], kMaxNodeNameLength);
  EXPECT_EQ(nodes["x-kubernetes-list-type"], "set");
}

TEST(CrdSchema, EveryFieldIsExplained) {
  for (const char* plural : {"processhubs", "processhubchildren"}) {
    walk(schema_of(plural), "", [&](const std::string& path, const json& schema) {
      if (path == "metadata" || path == "metadata.name") return;  // Kubernetes explains them
      const std::string text = schema.value("description", "");
      EXPECT_GE(text.size(), 8U) << plural << " " << path;
      EXPECT_TRUE(text.ends_with('.')) << plural << " " << path << ": " << text;
    });
  }
}

// The smallest hub with the schema's defaults written out is read as without them.
TEST(CrdSchema, WrittenDefaultsChangeNothing) {
  // It has no defaults of its own when it is absent: a port must be said.
  constexpr std::string_view kOptional = "redundancy.replication.http.";
  json written = test::object_of(test::object_cases().front());
  const auto plain = parse_hub(written);
  for (const auto& [path, value] : keyword_values("processhubs", "default")) {
    if (path.find("[]") != std::string::npos || path.starts_with(kOptional)) continue;
    std::string pointer = "/spec/" + path;
    std::replace(pointer.begin(), pointer.end(), '.', '/');
    // Sections come before their fields, in the order of the paths.
    written[json::json_pointer(pointer)] = value;
  }
  const auto with_defaults = parse_hub(written);
  ASSERT_TRUE(plain && with_defaults);
  EXPECT_EQ(with_defaults->problem, std::nullopt) << written;
  EXPECT_EQ(with_defaults->spec.nodes, plain->spec.nodes);
  EXPECT_EQ(with_defaults->spec.distribution, plain->spec.distribution);
  EXPECT_EQ(with_defaults->spec.redundancy, plain->spec.redundancy);
  EXPECT_EQ(with_defaults->spec.migration, plain->spec.migration);
  EXPECT_EQ(with_defaults->spec.partition_tolerance, plain->spec.partition_tolerance);
  EXPECT_EQ(with_defaults->spec.failover, plain->spec.failover);
  EXPECT_EQ(with_defaults->spec.disruption, plain->spec.disruption);
  EXPECT_EQ(with_defaults->spec.service, plain->spec.service);
  EXPECT_EQ(with_defaults->spec.spill_after, plain->spec.spill_after);
}

}  // namespace
}  // namespace processhub::api
