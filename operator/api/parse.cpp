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

DistributionSpec read_distribution(const Fields& fields) {
  const DistributionSpec defaults;
  const Fields hashing = fields.section("consistentHashing");
  return {.strategy = fields.choice("strategy", defaults.strategy, kDistributionNames),
          .consistent_hashing = {
              .virtual_nodes = hashing.integer(
                  "virtualNodes", defaults.consistent_hashing.virtual_nodes, kVirtualNodes),
              .topology_key = read_label_key(hashing, "topologyKey",
                                             defaults.consistent_hashing.topology_key)}};
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
  ProcessHub hub{.meta = *std::move(meta),
                 .spec = {.nodes = read_nodes(spec.section("nodes")),
                          .distribution = read_distribution(spec.section("distribution")),
                          .redundancy = read_redundancy(spec.section("redundancy")),
                          .migration = read_migration(spec.section("migration")),
                          .failover = read_failover(spec.section("failover")),
                          .pod_template = read_template(spec, /*partial=*/false),
                          .children = read_children(spec),
                          .paused = spec.boolean("paused", false)}};
  if (const json* status = member(object, "status")) hub.status = parse_hub_status(*status);
  hub.problem = problems.text();
  return hub;
}

Result<ProcessHubChild> parse_child(const json& object) {
  Problems problems;
  Result<kube::ObjectMeta> meta = read_meta(object, problems);
  if (!meta) return tl::unexpected(std::move(meta.error()));
  const Fields spec(member(object, "spec"), "spec", problems);
  ProcessHubChild child{
      .meta = *std::move(meta),
      .spec = {.hub = spec.text("hub"), .pod_template = read_template(spec, /*partial=*/true)}};
  if (!is_dns_label(child.spec.hub)) {
    spec.refuse("hub", "must be the name of a ProcessHub in the same namespace");
  }
  if (const json* status = member(object, "status")) child.status = parse_child_status(*status);
  child.problem = problems.text();
  return child;
}

}  // namespace processhub::api
