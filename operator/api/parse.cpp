#include "api/parse.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/fields.h"
#include "api/label_syntax.h"
#include "api/limits.h"
#include "api/service_ports.h"
#include "api/spec_parts.h"
#include "api/status_json.h"
#include "kube/decode.h"

namespace processhub::api {

using nlohmann::json;

namespace {

std::chrono::seconds read_seconds(const Fields& fields, std::string_view name,
                                  std::chrono::seconds fallback, Range range) {
  return std::chrono::seconds(fields.integer(name, static_cast<int>(fallback.count()), range));
}

NodesSpec read_nodes(const Fields& fields) {
  const NodesSpec defaults;
  return {.selector = read_selector(fields.section("selector")),
          .tolerations = read_tolerations(fields, "tolerations"),
          .weight_label = read_label_key(fields, "weightLabel", defaults.weight_label),
          .join_after =
              read_seconds(fields, "joinAfterSeconds", defaults.join_after, kJoinAfterSeconds),
          .on_cordon = fields.choice("onCordon", defaults.on_cordon, kOnCordonNames)};
}

ConsistentHashingSpec read_consistent_hashing(const Fields& fields) {
  const ConsistentHashingSpec defaults;
  return {.virtual_nodes = fields.integer("virtualNodes", defaults.virtual_nodes, kVirtualNodes),
          .bound = fields.choice("bound", defaults.bound, kBoundNames),
          .load_factor_percent =
              fields.integer("loadFactorPercent", defaults.load_factor_percent, kLoadFactorPercent),
          .topology_key = read_label_key(fields, "topologyKey", defaults.topology_key)};
}

CentralizedLoadBalancerSpec read_load_balancer(const Fields& fields) {
  const CentralizedLoadBalancerSpec defaults;
  return {.max_history_size =
              fields.integer("maxHistorySize", defaults.max_history_size, kMaxHistorySize),
          .weight_decay_factor =
              read_fraction(fields, "weightDecayFactor", defaults.weight_decay_factor),
          .push_interval = read_seconds(fields, "pushIntervalSeconds", defaults.push_interval,
                                        kPushIntervalSeconds)};
}

DistributionSpec read_distribution(const Fields& fields) {
  const DistributionSpec defaults;
  return {
      .strategy = fields.choice("strategy", defaults.strategy, kDistributionNames),
      .consistent_hashing = read_consistent_hashing(fields.section("consistentHashing")),
      .centralized_load_balancer = read_load_balancer(fields.section("centralizedLoadBalancer"))};
}

// The path of a request, as it goes into its first line.
std::string read_path(const Fields& fields, std::string_view name, std::string fallback) {
  std::string path = fields.text(name, fallback);
  const bool printable =
      std::all_of(path.begin(), path.end(), [](char c) { return c >= '!' && c <= '~'; });
  if (path.starts_with('/') && printable && path.size() <= kMaxHttpPathLength) return path;
  fields.refuse(name, "must begin with / and be of at most 1024 ASCII characters without spaces");
  return fallback;
}

std::optional<RoleHttpSpec> read_http(const Fields& fields) {
  if (fields.empty()) return std::nullopt;
  const RoleHttpSpec defaults;
  if (fields.find("port") == nullptr) fields.refuse("port", "is required: where the pods listen");
  return RoleHttpSpec{
      .port = fields.integer("port", defaults.port, kPort),
      .path = read_path(fields, "path", defaults.path),
      .timeout = read_seconds(fields, "timeoutSeconds", defaults.timeout, kHttpTimeoutSeconds),
      .retries = fields.integer("retries", defaults.retries, kHttpRetries)};
}

RedundancySpec read_redundancy(const Fields& fields) {
  const RedundancySpec defaults;
  const Fields replication = fields.section("replication");
  return {.strategy = fields.choice("strategy", defaults.strategy, kRedundancyNames),
          .replication = {
              .factor = read_factor(replication, "factor", defaults.replication.factor),
              .model = replication.choice("model", defaults.replication.model, kModelNames),
              .signal = replication.choice("signal", defaults.replication.signal, kSignalNames),
              .http = read_http(replication.section("http"))}};
}

HandoverSpec read_handover(const Fields& fields) {
  const HandoverSpec defaults;
  const bool enabled = fields.boolean("enabled", defaults.enabled);
  if (enabled && fields.find("port") == nullptr) {
    fields.refuse("port", "is required with enabled: where the pods listen");
  }
  return {
      .enabled = enabled,
      .port = fields.integer("port", defaults.port, kPort),
      .path = read_path(fields, "path", defaults.path),
      .data_wait = read_seconds(fields, "dataWaitSeconds", defaults.data_wait, kDataWaitSeconds),
      .confirm = fields.boolean("confirm", defaults.confirm)};
}

MigrationSpec read_migration(const Fields& fields) {
  const MigrationSpec defaults;
  const Fields hot_swap = fields.section("hotSwap");
  return {.strategy = fields.choice("strategy", defaults.strategy, kMigrationNames),
          .hot_swap = {.retention = read_seconds(hot_swap, "retentionSeconds",
                                                 defaults.hot_swap.retention, kRetentionSeconds),
                       .handover = read_handover(hot_swap.section("handover"))},
          .child_timeout = read_seconds(fields, "childTimeoutSeconds", defaults.child_timeout,
                                        kChildTimeoutSeconds),
          .max_concurrent = read_int_or_percent(fields, "maxConcurrent", defaults.max_concurrent)};
}

PartitionToleranceSpec read_partition_tolerance(const Fields& fields) {
  const PartitionToleranceSpec defaults;
  const Fields fixed = fields.section("staticQuorum");
  const Fields dynamic = fields.section("dynamicQuorum");
  const Fields majority = fields.section("majorityQuorum");
  return {
      .strategy = fields.choice("strategy", defaults.strategy, kPartitionToleranceNames),
      .static_quorum = {.size = fixed.integer("size", defaults.static_quorum.size, kClusterSize),
                        .startup_confirm = fixed.boolean("startupConfirm",
                                                         defaults.static_quorum.startup_confirm)},
      .dynamic_quorum = {.percent = dynamic.integer("percent", defaults.dynamic_quorum.percent,
                                                    kQuorumPercent),
                         .threshold = read_seconds(dynamic, "thresholdSeconds",
                                                   defaults.dynamic_quorum.threshold,
                                                   kQuorumThresholdSeconds)},
      .majority_quorum = {
          .initial_cluster_size = majority.integer(
              "initialClusterSize", defaults.majority_quorum.initial_cluster_size, kClusterSize),
          .track_max_size =
              majority.boolean("trackMaxSize", defaults.majority_quorum.track_max_size)}};
}

FailoverSpec read_failover(const Fields& fields) {
  const FailoverSpec defaults;
  const Fields lease = fields.section("nodeLease");
  const Fields probe = fields.section("nodeProbe");
  return {
      .detection = fields.choice("detection", defaults.detection, kDetectionNames),
      .node_lease = {.timeout = read_seconds(lease, "leaseTimeoutSeconds",
                                             defaults.node_lease.timeout, kLeaseTimeoutSeconds)},
      .node_probe = {.period = read_seconds(probe, "periodSeconds", defaults.node_probe.period,
                                            kProbePeriodSeconds),
                     .failure_threshold =
                         probe.integer("failureThreshold", defaults.node_probe.failure_threshold,
                                       kProbeFailureThreshold)},
      .fence = fields.choice("fence", defaults.fence, kFenceNames),
      .restart_after =
          read_seconds(fields, "restartAfterSeconds", defaults.restart_after, kRestartAfterSeconds),
      .replace_after =
          read_seconds(fields, "replaceAfterSeconds", defaults.replace_after, kReplaceAfterSeconds),
      .active_not_ready = read_seconds(fields, "activeNotReadySeconds", defaults.active_not_ready,
                                       kActiveNotReadySeconds)};
}

// What the chosen strategy of partition tolerance cannot do without.
void check_quorum(const Fields& fields, PartitionToleranceKind strategy) {
  const Fields fixed = fields.section("staticQuorum");
  if (strategy == PartitionToleranceKind::kStaticQuorum && fixed.find("size") == nullptr) {
    fixed.refuse("size", "is required with strategy StaticQuorum: how many nodes must be present");
  }
  const Fields dynamic = fields.section("dynamicQuorum");
  if (strategy == PartitionToleranceKind::kDynamicQuorum && dynamic.find("percent") == nullptr) {
    dynamic.refuse("percent",
                   "is required with strategy DynamicQuorum: how many of the nodes must stay "
                   "present, in percent");
  }
}

// What one section does not allow in another. That Guided needs `nodes` of inline children
// is not asked here: it would make a whole hub unusable for the sake of one child.
void check_sections(const Fields& spec, const ProcessHubSpec& hub) {
  if (hub.distribution.strategy == DistributionStrategyKind::kGuided &&
      hub.redundancy.strategy == RedundancyStrategyKind::kReplication &&
      !hub.redundancy.replication.factor) {
    spec.section("redundancy")
        .section("replication")
        .refuse("factor",
                "must not be ClusterSize with distribution.strategy Guided, where each child lists "
                "its nodes itself: set an integer, or choose another distribution.strategy");
  }
  if (hub.migration.strategy == MigrationStrategyKind::kHotSwap &&
      hub.failover.fence == Fence::kNodeConfirmed) {
    spec.section("migration")
        .refuse("strategy",
                "must not be HotSwap with failover.fence NodeConfirmed, which promises that no "
                "slot has "
                "two pods that run: choose ColdSwap, or fence None");
  }
  if (hub.pinning == Pinning::kNodeName && hub.failover.fence == Fence::kNodeConfirmed) {
    spec.refuse("pinning",
                "must not be NodeName with failover.fence NodeConfirmed, whose pods wait behind a "
                "scheduling gate, and the API server takes no gate on a pod with a node: choose "
                "Affinity or Bind, or fence None");
  }
  if (hub.migration.hot_swap.handover.enabled &&
      hub.redundancy.strategy == RedundancyStrategyKind::kReplication &&
      hub.redundancy.replication.model == ReplicationModel::kActiveActive) {
    spec.section("migration")
        .section("hotSwap")
        .section("handover")
        .refuse("enabled",
                "must not be true with redundancy.replication.model ActiveActive, where no pod "
                "takes another's place: choose ActivePassive or strategy Singularity, or leave "
                "handover out");
  }
  if (hub.redundancy.strategy == RedundancyStrategyKind::kReplication &&
      hub.redundancy.replication.signal != SignalTo::kNone && !hub.redundancy.replication.http) {
    spec.section("redundancy")
        .section("replication")
        .refuse("http",
                "is required with a signal other than None: say by http.port where the pods are "
                "told, or leave signal out");
  }
  check_quorum(spec.section("partitionTolerance"), hub.partition_tolerance.strategy);
}

const json* member(const json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

// Metadata of an object that has a `spec`; notes a name that cannot be a label value.
Result<kube::ObjectMeta> read_meta(const json& object, Problems& problems) {
  Result<kube::ObjectMeta> meta = kube::decode_meta(object);
  if (!meta) return meta;
  if (!is_dns_label(meta->name)) {
    problems.add("metadata.name",
                 "must be a DNS label: at most 63 lower-case letters, digits and '-', without "
                 "dots, since it is used as the value of labels");
  }
  if (member(object, "spec") == nullptr) problems.add("spec", "is required");
  return meta;
}

}  // namespace

Result<ProcessHub> parse_hub(const json& object) {
  Problems problems;
  Result<kube::ObjectMeta> meta = read_meta(object, problems);
  if (!meta) return tl::unexpected(std::move(meta.error()));
  const Fields spec(member(object, "spec"), "spec", problems);
  ProcessHub hub{
      .meta = *std::move(meta),
      .spec = {
          .nodes = read_nodes(spec.section("nodes")),
          .distribution = read_distribution(spec.section("distribution")),
          .redundancy = read_redundancy(spec.section("redundancy")),
          .migration = read_migration(spec.section("migration")),
          .update = {.max_unavailable = read_int_or_percent(
                         spec.section("update"), "maxUnavailable", UpdateSpec{}.max_unavailable)},
          .partition_tolerance = read_partition_tolerance(spec.section("partitionTolerance")),
          .failover = read_failover(spec.section("failover")),
          .spill_after = read_seconds(spec, "spillAfterSeconds", ProcessHubSpec{}.spill_after,
                                      kSpillAfterSeconds),
          .pinning = spec.choice("pinning", ProcessHubSpec{}.pinning, kPinningNames),
          .disruption = {.hold = spec.section("disruption").boolean("hold", DisruptionSpec{}.hold)},
          .service = read_service(spec.section("service")),
          .pod_template = read_template(spec, /*partial=*/false),
          .children = read_children(spec),
          .paused = spec.boolean("paused", false)}};
  check_sections(spec, hub.spec);
  if (const json* status = member(object, "status")) hub.status = parse_hub_status(*status);
  hub.problem = problems.text();
  return hub;
}

Result<ProcessHubChild> parse_child(const json& object) {
  Problems problems;
  Result<kube::ObjectMeta> meta = read_meta(object, problems);
  if (!meta) return tl::unexpected(std::move(meta.error()));
  const Fields spec(member(object, "spec"), "spec", problems);
  ProcessHubChild child{.meta = *std::move(meta),
                        .spec = {.hub = spec.text("hub"),
                                 .pod_template = read_template(spec, /*partial=*/true),
                                 .nodes = read_node_names(spec),
                                 .suspended = spec.boolean("suspended", false)}};
  if (!is_dns_label(child.spec.hub)) {
    spec.refuse("hub", "must be the name of a ProcessHub in the same namespace");
  }
  if (const json* status = member(object, "status")) child.status = parse_child_status(*status);
  child.problem = problems.text();
  return child;
}

}  // namespace processhub::api
