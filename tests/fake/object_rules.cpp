#include "fake/object_rules.h"

#include <algorithm>
#include <utility>

#include "fake/status.h"
#include "kube/json_text.h"

namespace processhub::testing {
namespace {

using kube::Response;

void strip_nulls(json& value) {
  if (value.is_object()) {
    for (auto at = value.begin(); at != value.end();) {
      if (at->is_null()) {
        at = value.erase(at);
      } else {
        strip_nulls(*at);
        ++at;
      }
    }
  } else if (value.is_array()) {
    for (json& element : value) strip_nulls(element);
  }
}

void drop_empty(json& object, const char* key) {
  const auto found = object.find(key);
  if (found != object.end() && found->empty()) object.erase(found);
}

// `object[key]` as it is in `from`, absent where it is absent there.
void take(json& object, const json& from, const char* key) {
  const auto found = from.find(key);
  if (found == from.end()) {
    object.erase(key);
  } else {
    object[key] = *found;
  }
}

json member(const json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() ? json() : *found;
}

int64_t generation_of(const json& object) {
  return object.at("metadata").value("generation", int64_t{0});
}

void bump_generation(json& object) {
  if (const int64_t now = generation_of(object); now > 0) {
    object["metadata"]["generation"] = now + 1;
  }
}

void tolerate_by_default(json& spec, const char* key) {
  json& list = spec["tolerations"];
  const bool has = std::any_of(list.begin(), list.end(), [&](const json& toleration) {
    const std::string effect = toleration.value("effect", "");
    const std::string its = toleration.value("key", "");
    return (its == key || its.empty()) && (effect == "NoExecute" || effect.empty());
  });
  if (has) return;
  list.push_back(
      {{"key", key}, {"operator", "Exists"}, {"effect", "NoExecute"}, {"tolerationSeconds", 300}});
}

void tolerate_lost_nodes(json& spec) {
  tolerate_by_default(spec, "node.kubernetes.io/not-ready");
  tolerate_by_default(spec, "node.kubernetes.io/unreachable");
}

// As the defaults and the admission plugins of a real server make it.
void prepare_pod(json& pod, WallTime now) {
  json& spec = pod["spec"];
  if (!spec.is_object()) spec = json::object();
  spec.emplace("restartPolicy", "Always");
  spec.emplace("terminationGracePeriodSeconds", 30);
  spec.emplace("schedulerName", "default-scheduler");
  tolerate_lost_nodes(spec);
  pod["status"] = {{"phase", "Pending"}};
  if (spec.contains("schedulingGates")) {
    set_condition(pod, "PodScheduled", "False", "SchedulingGated",
                  "Scheduling is blocked due to non-empty scheduling gates", now);
  }
}

bool is_subset(const json& some, const json& all) {
  return std::all_of(some.begin(), some.end(), [&](const json& one) {
    return std::find(all.begin(), all.end(), one) != all.end();
  });
}

// What may change of a pod's spec is taken out of both; the rest has to be equal.
std::optional<Response> check_pod(const json& before, const json& after) {
  const Kind& kind = kind_of(kube::kPods);
  const std::string name = kube::meta_text(before, "name");
  json old_spec = before.at("spec");
  json new_spec = member(after, "spec");
  if (!new_spec.is_object()) new_spec = json::object();
  const json gates = member(new_spec, "schedulingGates");
  const json old_gates = member(old_spec, "schedulingGates");
  for (size_t i = 0; i < gates.size(); ++i) {
    if (std::find(old_gates.begin(), old_gates.end(), gates[i]) != old_gates.end()) continue;
    return invalid(kind, name, "FieldValueForbidden",
                   "spec.schedulingGates[" + std::to_string(i) + "].name",
                   "Forbidden: only deletion is allowed, but found new scheduling gate '" +
                       gates[i].value("name", "") + "'");
  }
  if (!is_subset(member(old_spec, "tolerations"), member(new_spec, "tolerations"))) {
    return invalid(kind, name, "FieldValueForbidden", "spec.tolerations",
                   "Forbidden: existing toleration can not be modified except its "
                   "tolerationSeconds");
  }
  for (json* spec : {&old_spec, &new_spec}) {
    for (const char* key : {"schedulingGates", "tolerations", "activeDeadlineSeconds"}) {
      spec->erase(key);
    }
    for (const char* list : {"containers", "initContainers"}) {
      if (!spec->contains(list)) continue;
      for (json& container : (*spec)[list]) container.erase("image");
    }
  }
  if (old_spec != new_spec) {
    return invalid(kind, name, "FieldValueForbidden", "spec",
                   "Forbidden: pod updates may not change fields other than "
                   "`spec.containers[*].image`,`spec.initContainers[*].image`,"
                   "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing "
                   "tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if "
                   "it was previously negative)");
  }
  return std::nullopt;
}

std::optional<Response> check_meta(const Kind& kind, const json& before, const json& after) {
  const json& old_meta = before.at("metadata");
  const json& new_meta = after.at("metadata");
  const json kept = member(old_meta, "finalizers");
  if (is_deleting(before) && !is_subset(member(new_meta, "finalizers"), kept)) {
    return invalid(kind, kube::meta_text(before, "name"), "FieldValueForbidden",
                   "metadata.finalizers",
                   "Forbidden: no new finalizers can be added if the object is being deleted");
  }
  for (const char* key : {"uid", "deletionTimestamp", "deletionGracePeriodSeconds"}) {
    const json now = member(new_meta, key);
    if (now != member(old_meta, key)) {
      return immutable(kind, kube::meta_text(before, "name"), std::string("metadata.") + key, now);
    }
  }
  return std::nullopt;
}

}  // namespace

void normalize(const Kind& kind, json& object) {
  json& meta = object["metadata"];
  if (!meta.is_object()) meta = json::object();
  strip_nulls(meta);
  // A custom resource may keep nulls in what has no schema.
  if (!kind.custom) strip_nulls(object);
  for (const char* key : {"labels", "annotations", "finalizers", "ownerReferences"}) {
    drop_empty(meta, key);
  }
  if (kind.resource == kube::kPods && object.contains("spec") && object["spec"].is_object()) {
    drop_empty(object["spec"], "schedulingGates");
    drop_empty(object["spec"], "tolerations");
  }
  object["kind"] = kind.resource.kind;
  object["apiVersion"] = kind.resource.api_version();
}

void prepare_create(const Kind& kind, json& object, const std::string& uid, WallTime now) {
  normalize(kind, object);
  json& meta = object["metadata"];
  meta["uid"] = uid;
  meta["creationTimestamp"] = format_time(now);
  for (const char* key : {"deletionTimestamp", "deletionGracePeriodSeconds", "generation",
                          "selfLink", "managedFields"}) {
    meta.erase(key);
  }
  if (kind.has_generation) meta["generation"] = 1;
  if (kind.has_status && !kind.keeps_status) object.erase("status");
  if (kind.resource == kube::kPods) prepare_pod(object, now);
  if (kind.resource == kube::kPodDisruptionBudgets) {
    for (const char* number :
         {"disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"}) {
      object["status"][number] = 0;
    }
  }
}

std::optional<Response> prepare_update(const Kind& kind, const std::string& subresource,
                                       const json& before, json& after) {
  normalize(kind, after);
  if (subresource == "status" && kind.custom) {
    const json status = member(after, "status");
    after = before;
    if (!status.is_null()) after["status"] = status;
    return std::nullopt;
  }
  const json& old_meta = before.at("metadata");
  json& meta = after["metadata"];
  meta.erase("managedFields");
  // What a client leaves out of these it does not mean to change; a delete cannot be undone.
  for (const char* key : {"uid", "namespace", "deletionGracePeriodSeconds"}) {
    if (!meta.contains(key)) take(meta, old_meta, key);
  }
  take(meta, old_meta, "creationTimestamp");
  if (old_meta.contains("deletionTimestamp")) take(meta, old_meta, "deletionTimestamp");
  take(meta, old_meta, "generation");
  take(meta, old_meta, "resourceVersion");
  if (subresource == "status") {
    take(after, before, "spec");
    if (kind.resource == kube::kPods) {
      take(meta, old_meta, "ownerReferences");
      take(meta, old_meta, "deletionTimestamp");
    }
  } else if (kind.has_status) {
    take(after, before, "status");
  }
  if (auto refusal = check_meta(kind, before, after)) return refusal;
  if (kind.resource == kube::kPods) {
    if (subresource.empty() && after.contains("spec")) tolerate_lost_nodes(after["spec"]);
    if (auto refusal = check_pod(before, after)) return refusal;
  }
  if (kind.has_generation) {
    json old_rest = before;
    json new_rest = after;
    for (json* rest : {&old_rest, &new_rest}) {
      rest->erase("metadata");
      rest->erase("status");
    }
    if (old_rest != new_rest) bump_generation(after);
  }
  return std::nullopt;
}

std::optional<Response> check_preconditions(const Kind& kind, const json& object,
                                            const json& options) {
  const std::string name = kube::meta_text(object, "name");
  const json wanted = options.value("preconditions", json::object());
  if (!wanted.is_object()) return bad_request("preconditions is not an object");
  const std::string uid = wanted.value("uid", "");
  if (const std::string is = kube::meta_text(object, "uid"); !uid.empty() && uid != is) {
    return conflict(kind, name,
                    "the UID in the precondition (" + uid + ") does not match the UID in record (" +
                        is + "). The object might have been deleted and then recreated");
  }
  const std::string version = wanted.value("resourceVersion", "");
  const std::string is_version = kube::meta_text(object, "resourceVersion");
  if (!version.empty() && version != is_version) {
    return conflict(kind, name,
                    "the ResourceVersion in the precondition (" + version +
                        ") does not match the ResourceVersion in record (" + is_version +
                        "). The object might have been modified");
  }
  return std::nullopt;
}

GracefulDelete begin_delete(json& pod, std::optional<int64_t> grace, WallTime now) {
  json& meta = pod["metadata"];
  if (meta.contains("deletionTimestamp")) {
    const int64_t left = meta.value("deletionGracePeriodSeconds", int64_t{0});
    if (left == 0) return {};
    // Only a shorter time may be given.
    if (!grace || *grace >= left) return {.pending = true};
    const auto due = parse_time(kube::meta_text(pod, "deletionTimestamp")).value_or(now);
    meta["deletionTimestamp"] = format_time(due - std::chrono::seconds(left - *grace));
    meta["deletionGracePeriodSeconds"] = *grace;
    return {.graceful = true, .seconds = *grace};
  }
  const json& spec = pod.at("spec");
  int64_t seconds = grace ? *grace : spec.value("terminationGracePeriodSeconds", int64_t{30});
  const std::string phase =
      pod.contains("status") ? pod.at("status").value("phase", "") : std::string();
  if (spec.value("nodeName", "").empty() || phase == "Succeeded" || phase == "Failed") seconds = 0;
  if (seconds < 0) seconds = 1;
  meta["deletionTimestamp"] = format_time(now + std::chrono::seconds(seconds));
  meta["deletionGracePeriodSeconds"] = seconds;
  bump_generation(pod);
  return {.graceful = true, .seconds = seconds};
}

void mark_deleting(json& object, WallTime now) {
  json& meta = object["metadata"];
  if (!meta.contains("deletionTimestamp")) {
    bump_generation(object);
    meta["deletionTimestamp"] = format_time(now);
  }
  meta["deletionGracePeriodSeconds"] = 0;
}

bool is_deleting(const json& object) { return object.at("metadata").contains("deletionTimestamp"); }

bool has_finalizers(const json& object) {
  const auto found = object.at("metadata").find("finalizers");
  return found != object.at("metadata").end() && !found->empty();
}

bool set_condition(json& object, const std::string& type, const std::string& status,
                   const std::string& reason, const std::string& message, WallTime now) {
  json& list = object["status"]["conditions"];
  json wanted = {{"type", type}, {"status", status}};
  if (!reason.empty()) wanted["reason"] = reason;
  if (!message.empty()) wanted["message"] = message;
  for (json& condition : list) {
    if (condition.at("type") != type) continue;
    wanted["lastTransitionTime"] = condition.at("status") == status
                                       ? condition.value("lastTransitionTime", format_time(now))
                                       : format_time(now);
    if (condition == wanted) return false;
    condition = std::move(wanted);
    return true;
  }
  wanted["lastTransitionTime"] = format_time(now);
  list.push_back(std::move(wanted));
  return true;
}

std::string condition_of(const json& object, const std::string& type) {
  const auto status = object.find("status");
  if (status == object.end() || !status->is_object()) return {};
  const auto list = status->find("conditions");
  if (list == status->end()) return {};
  for (const json& condition : *list) {
    if (condition.at("type") == type) return condition.at("status");
  }
  return {};
}

}  // namespace processhub::testing
