#include "fake/garbage_collector.h"

#include <algorithm>
#include <utility>

#include "fake/object_rules.h"
#include "fake/taints.h"
#include "kube/json_text.h"

namespace processhub::testing {

using nlohmann::json;

namespace {

constexpr const char* kOwners = "/metadata/ownerReferences";

bool has_finalizer(const json& object, const char* name) {
  const json& list = list_at(object, "/metadata/finalizers");
  return std::find(list.begin(), list.end(), json(name)) != list.end();
}

bool is_owned_by(const json& object, const std::string& uid) {
  const json& owners = list_at(object, kOwners);
  return std::any_of(owners.begin(), owners.end(),
                     [&](const json& owner) { return owner.value("uid", "") == uid; });
}

}  // namespace

bool GarbageCollector::step() {
  for (const Kind& kind : all_kinds()) {
    if (kind.resource.plural == kube::kEvents.plural) continue;  // many, and nobody's
    const Objects objects = server_.store().all(kind);
    for (const auto& [key, object] : objects) {
      if (is_deleting(*object) ? work_off(kind, *object) : collect(kind, *object)) return true;
    }
  }
  return false;
}

bool GarbageCollector::exists(const json& dependent, const json& owner) const {
  const std::string api = owner.value("apiVersion", "");
  for (const Kind& kind : all_kinds()) {
    if (kind.resource.kind != owner.value("kind", "") || kind.resource.api_version() != api) {
      continue;
    }
    const std::string ns =
        kind.resource.namespaced ? kube::meta_text(dependent, "namespace") : std::string();
    const ObjectPtr found = admin_.get(kind.resource, ns, owner.value("name", ""));
    return found && kube::meta_text(*found, "uid") == owner.value("uid", "");
  }
  return true;  // of a kind that this server does not have: not for us to judge
}

bool GarbageCollector::collect(const Kind& kind, const json& object) {
  const json& owners = list_at(object, kOwners);
  if (owners.empty()) return false;
  json solid = json::array();
  for (const json& owner : owners) {
    if (exists(object, owner)) solid.push_back(owner);
  }
  if (solid.size() == owners.size()) return false;
  if (solid.empty()) return remove(kind, object, "Background");
  // One is left: only the references to the others go.
  json patch = {{"metadata", {{"uid", object.at("metadata").at("uid")}}}};
  patch["metadata"]["ownerReferences"] = std::move(solid);
  return admin_
      .merge(kind.resource, kube::meta_text(object, "namespace"), kube::meta_text(object, "name"),
             patch)
      .ok();
}

bool GarbageCollector::work_off(const Kind& kind, const json& owner) {
  const bool orphan = has_finalizer(owner, "orphan");
  const bool foreground = has_finalizer(owner, "foregroundDeletion");
  if (!orphan && !foreground) return false;
  const std::string uid = kube::meta_text(owner, "uid");
  bool blocked = false;
  for (const Kind& other : all_kinds()) {
    const Objects objects = server_.store().all(other);
    for (const auto& [key, object] : objects) {
      if (!is_owned_by(*object, uid)) continue;
      if (foreground) {
        blocked = true;
        if (is_deleting(*object)) continue;
        return remove(other, *object, "Foreground");
      }
      json kept = json::array();
      for (const json& reference : list_at(*object, kOwners)) {
        if (reference.value("uid", "") != uid) kept.push_back(reference);
      }
      json patch = {{"metadata", {{"uid", object->at("metadata").at("uid")}}}};
      patch["metadata"]["ownerReferences"] = std::move(kept);
      return admin_
          .merge(other.resource, kube::meta_text(*object, "namespace"),
                 kube::meta_text(*object, "name"), patch)
          .ok();
    }
  }
  if (blocked) return false;
  return drop_finalizer(kind, owner, orphan ? "orphan" : "foregroundDeletion");
}

bool GarbageCollector::remove(const Kind& kind, const json& object, const char* policy) {
  const json options = {{"propagationPolicy", policy},
                        {"preconditions", {{"uid", object.at("metadata").at("uid")}}}};
  return admin_
      .remove(kind.resource, kube::meta_text(object, "namespace"), kube::meta_text(object, "name"),
              options)
      .ok();
}

bool GarbageCollector::drop_finalizer(const Kind& kind, const json& object,
                                      const std::string& name) {
  json kept = json::array();
  for (const json& finalizer : list_at(object, "/metadata/finalizers")) {
    if (finalizer != name) kept.push_back(finalizer);
  }
  const json& meta = object.at("metadata");
  json patch = {
      {"metadata", {{"uid", meta.at("uid")}, {"resourceVersion", meta.at("resourceVersion")}}}};
  patch["metadata"]["finalizers"] = std::move(kept);
  return admin_
      .merge(kind.resource, kube::meta_text(object, "namespace"), kube::meta_text(object, "name"),
             patch)
      .ok();
}

}  // namespace processhub::testing
