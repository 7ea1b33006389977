#include "api/status_json.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <tuple>

#include "api/enums.h"
#include "api/fields.h"
#include "api/limits.h"

namespace processhub::api {

using nlohmann::json;

namespace {

constexpr Range kCount{0, std::numeric_limits<int>::max()};
constexpr size_t kNoLimit = std::numeric_limits<size_t>::max();

int64_t read_int64(const Fields& fields, std::string_view name) {
  const json* value = fields.find(name);
  return value != nullptr && value->is_number_integer() ? value->get<int64_t>() : 0;
}

int64_t read_epoch(const Fields& fields, std::string_view name) {
  const int64_t epoch = read_int64(fields, name);
  return epoch <= kMaxEpoch ? epoch : 0;
}

int64_t read_generation(const Fields& fields) { return read_int64(fields, "observedGeneration"); }

int read_count(const Fields& fields, std::string_view name) {
  return fields.integer(name, 0, kCount);
}

void sort_conditions(std::vector<Condition>& conditions) {
  std::stable_sort(conditions.begin(), conditions.end(),
                   [](const Condition& a, const Condition& b) { return a.type < b.type; });
}

json conditions_json(std::vector<Condition> conditions) {
  sort_conditions(conditions);
  json list = json::array();
  for (const Condition& condition : conditions) {
    list.push_back({{"type", condition.type},
                    {"status", to_string(condition.status)},
                    {"reason", condition.reason},
                    {"message", condition.message},
                    {"observedGeneration", condition.observed_generation},
                    {"lastTransitionTime", format_time(condition.last_transition)}});
  }
  return list;
}

std::vector<Condition> read_conditions(const Fields& fields) {
  std::vector<Condition> conditions;
  for (const Fields& entry : fields.list("conditions", kNoLimit)) {
    Condition condition{
        .type = entry.text("type"),
        .status = entry.choice("status", kube::ConditionStatus::kUnknown, kConditionStatusNames),
        .reason = entry.text("reason"),
        .message = entry.text("message"),
        .observed_generation = read_generation(entry),
        .last_transition = parse_time(entry.text("lastTransitionTime")).value_or(WallTime{})};
    if (!condition.type.empty()) conditions.push_back(std::move(condition));
  }
  sort_conditions(conditions);
  return conditions;
}

// Fields of a status that are empty are left out of it.
void put(json& object, const char* name, const std::string& value) {
  if (!value.empty()) object[name] = value;
}

json replica_json(const Replica& replica) {
  json object{
      {"slot", replica.slot}, {"incarnation", replica.incarnation}, {"ready", replica.ready}};
  put(object, "node", replica.node.str());
  put(object, "nodeUID", replica.node_uid.str());
  put(object, "pod", replica.pod);
  put(object, "podUID", replica.pod_uid.str());
  put(object, "role", replica.role);
  put(object, "revision", replica.revision);
  put(object, "home", replica.home.str());
  if (replica.over_bound) object["overBound"] = true;
  if (replica.demoted > 0) object["demotedEpoch"] = replica.demoted;
  put(object, "replaces", replica.replaces.str());
  return object;
}

Replica read_replica(const Fields& fields) {
  return {.slot = read_count(fields, "slot"),
          .incarnation = fields.integer("incarnation", 1, kCount),
          .node = NodeName(fields.text("node")),
          .node_uid = Uid(fields.text("nodeUID")),
          .pod = fields.text("pod"),
          .pod_uid = Uid(fields.text("podUID")),
          .role = fields.text("role"),
          .revision = fields.text("revision"),
          .ready = fields.boolean("ready", false),
          .home = NodeName(fields.text("home")),
          .over_bound = fields.boolean("overBound", false),
          .demoted = read_epoch(fields, "demotedEpoch"),
          .replaces = Uid(fields.text("replaces"))};
}

json active_json(const ActiveReplica& active) {
  json object = json::object();
  put(object, "node", active.node.str());
  put(object, "nodeUID", active.node_uid.str());
  put(object, "pod", active.pod);
  put(object, "podUID", active.pod_uid.str());
  if (active.since != WallTime{}) object["sinceTime"] = format_time(active.since);
  put(object, "handoverFrom", active.handover_from.str());
  return object;
}

std::optional<ActiveReplica> read_active(const Fields& fields) {
  if (fields.empty()) return std::nullopt;
  return ActiveReplica{.node = NodeName(fields.text("node")),
                       .node_uid = Uid(fields.text("nodeUID")),
                       .pod = fields.text("pod"),
                       .pod_uid = Uid(fields.text("podUID")),
                       .since = parse_time(fields.text("sinceTime")).value_or(WallTime{}),
                       .handover_from = Uid(fields.text("handoverFrom"))};
}

json exclusion_json(const Exclusion& exclusion) {
  // These three are keys of the list and so always written.
  json object{{"node", exclusion.node.str()},
              {"nodeUID", exclusion.node_uid.str()},
              {"reason", exclusion.reason}};
  if (exclusion.slot) object["slot"] = *exclusion.slot;
  put(object, "fingerprint", exclusion.fingerprint);
  return object;
}

Exclusion read_exclusion(const Fields& fields) {
  const int slot = fields.integer("slot", -1, kCount);
  return {.node = NodeName(fields.text("node")),
          .node_uid = Uid(fields.text("nodeUID")),
          .reason = fields.text("reason"),
          .slot = slot < 0 ? std::nullopt : std::optional(slot),
          .fingerprint = fields.text("fingerprint")};
}

void sort_replicas(std::vector<Replica>& replicas) {
  std::stable_sort(replicas.begin(), replicas.end(), [](const Replica& a, const Replica& b) {
    return std::tie(a.slot, a.incarnation) < std::tie(b.slot, b.incarnation);
  });
}

}  // namespace

json to_json(const HubStatus& status) {
  json object{{"observedGeneration", status.observed_generation},
              {"nodes",
               {{"members", status.nodes.members},
                {"ready", status.nodes.ready},
                {"draining", status.nodes.draining}}},
              {"children",
               {{"total", status.children.total},
                {"ready", status.children.ready},
                {"degraded", status.children.degraded},
                {"migrating", status.children.migrating},
                {"pending", status.children.pending},
                {"suspended", status.children.suspended},
                {"updated", status.children.updated}}},
              {"quorum",
               {{"required", status.quorum.required},
                {"present", status.quorum.present},
                {"locked", status.quorum.locked}}},
              {"conditions", conditions_json(status.conditions)}};
  if (status.quorum.max_seen != 0) object["quorum"]["maxSeen"] = status.quorum.max_seen;
  if (status.placement != HubStatus::Placement{}) {
    json& placement = object["placement"] = {{"maxLoad", status.placement.max_load}};
    put(placement, "algorithm", status.placement.algorithm);
    put(placement, "revision", status.placement.revision);
    put(placement, "meanLoad", status.placement.mean_load);
  }
  return object;
}

json to_json(const ChildStatus& status) {
  json object{{"observedGeneration", status.observed_generation},
              {"replicas", json::array()},
              {"conditions", conditions_json(status.conditions)}};
  if (status.phase) object["phase"] = to_string(*status.phase);
  put(object, "masterNode", status.master_node.str());
  if (status.epoch != 0) object["epoch"] = status.epoch;
  if (status.active) object["active"] = active_json(*status.active);
  put(object, "nodeNames", status.node_names);
  put(object, "ready", status.ready);
  put(object, "serviceName", status.service_name);
  std::vector<Replica> replicas = status.replicas;
  sort_replicas(replicas);
  for (const Replica& replica : replicas) object["replicas"].push_back(replica_json(replica));
  for (const Exclusion& exclusion : status.excluded) {
    object["excluded"].push_back(exclusion_json(exclusion));
  }
  return object;
}

json status_update(const kube::Resource& resource, const kube::ObjectMeta& object, json status) {
  return {{"apiVersion", resource.api_version()},
          {"kind", resource.kind},
          {"metadata",
           {{"name", object.name},
            {"namespace", object.ns},
            {"uid", object.uid.str()},
            {"resourceVersion", object.version.str()}}},
          {"status", std::move(status)}};
}

HubStatus parse_hub_status(const json& status) {
  Problems ignored;
  const Fields fields(&status, "status", ignored);
  const Fields nodes = fields.section("nodes");
  const Fields children = fields.section("children");
  const Fields quorum = fields.section("quorum");
  const Fields placement = fields.section("placement");
  return {.observed_generation = read_generation(fields),
          .nodes = {.members = read_count(nodes, "members"),
                    .ready = read_count(nodes, "ready"),
                    .draining = read_count(nodes, "draining")},
          .children = {.total = read_count(children, "total"),
                       .ready = read_count(children, "ready"),
                       .degraded = read_count(children, "degraded"),
                       .migrating = read_count(children, "migrating"),
                       .pending = read_count(children, "pending"),
                       .suspended = read_count(children, "suspended"),
                       .updated = read_count(children, "updated")},
          .quorum = {.required = read_count(quorum, "required"),
                     .present = read_count(quorum, "present"),
                     .max_seen = read_count(quorum, "maxSeen"),
                     .locked = quorum.boolean("locked", false)},
          .placement = {.algorithm = placement.text("algorithm"),
                        .revision = placement.text("revision"),
                        .max_load = read_count(placement, "maxLoad"),
                        .mean_load = placement.text("meanLoad")},
          .conditions = read_conditions(fields)};
}

ChildStatus parse_child_status(const json& status) {
  Problems ignored;
  const Fields fields(&status, "status", ignored);
  ChildStatus child{.observed_generation = read_generation(fields),
                    .phase = from_name(kPhaseNames, fields.text("phase")),
                    .master_node = NodeName(fields.text("masterNode")),
                    .epoch = read_epoch(fields, "epoch"),
                    .active = read_active(fields.section("active")),
                    .node_names = fields.text("nodeNames"),
                    .ready = fields.text("ready"),
                    .service_name = fields.text("serviceName")};
  for (const Fields& entry : fields.list("replicas", kNoLimit)) {
    child.replicas.push_back(read_replica(entry));
  }
  sort_replicas(child.replicas);
  for (const Fields& entry : fields.list("excluded", kNoLimit)) {
    child.excluded.push_back(read_exclusion(entry));
  }
  child.conditions = read_conditions(fields);
  return child;
}

}  // namespace processhub::api
