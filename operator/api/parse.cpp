#include "api/parse.h"

#include <nlohmann/json.hpp>

#include "api/fields.h"
#include "api/label_syntax.h"
#include "api/limits.h"
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

RedundancySpec read_redundancy(const Fields& fields) {
  const RedundancySpec defaults;
  const Fields replication = fields.section("replication");
  return {.strategy = fields.choice("strategy", defaults.strategy, kRedundancyNames),
          .replication = {
              .factor = read_factor(replication, "factor", defaults.replication.factor),
              .model = replication.choice("model", defaults.replication.model, kModelNames)}};
}

MigrationSpec read_migration(const Fields& fields) {
  const MigrationSpec defaults;
  return {.strategy = fields.choice("strategy", defaults.strategy, kMigrationNames),
          .max_concurrent = read_int_or_percent(fields, "maxConcurrent", defaults.max_concurrent)};
}

FailoverSpec read_failover(const Fields& fields) {
  const FailoverSpec defaults;
  return {.restart_after = read_seconds(fields, "restartAfterSeconds", defaults.restart_after,
                                        kRestartAfterSeconds),
          .replace_after = read_seconds(fields, "replaceAfterSeconds", defaults.replace_after,
                                        kReplaceAfterSeconds)};
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
      .spec = {.nodes = read_nodes(spec.section("nodes")),
               .distribution = read_distribution(spec.section("distribution")),
               .redundancy = read_redundancy(spec.section("redundancy")),
               .migration = read_migration(spec.section("migration")),
               .failover = read_failover(spec.section("failover")),
               .spill_after = read_seconds(spec, "spillAfterSeconds", ProcessHubSpec{}.spill_after,
                                           kSpillAfterSeconds),
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
                                 .nodes = read_node_names(spec)}};
  if (!is_dns_label(child.spec.hub)) {
    spec.refuse("hub", "must be the name of a ProcessHub in the same namespace");
  }
  if (const json* status = member(object, "status")) child.status = parse_child_status(*status);
  child.problem = problems.text();
  return child;
}

}  // namespace processhub::api
