// Of ApiServer: POST, PUT and PATCH.
#include <algorithm>
#include <utility>

#include "fake/api_server.h"
#include "fake/object_rules.h"
#include "fake/status.h"
#include "kube/json_text.h"

namespace processhub::testing {

using kube::Method;
using kube::Response;

namespace {

// In the words of the store, which is asked before the strategies of the kind.
Response uid_conflict(const Kind& kind, const std::string& name, const std::string& wanted,
                      const std::string& is) {
  return conflict(kind, name,
                  "StorageError: invalid object, Code: 4, AdditionalErrorMsg: Precondition failed: "
                  "UID in precondition: " +
                      wanted + ", UID in object meta: " + is);
}

bool is_absent(const std::string& version) { return version.empty() || version == "0"; }

Response version_required(const Kind& kind, const std::string& name) {
  return invalid(kind, name, "FieldValueInvalid", "metadata.resourceVersion",
                 "Invalid value: 0: must be specified for an update");
}

// What of the client's version forbids the write; an absent one only where the kind says so.
std::optional<Response> check_version(const Kind& kind, const json& before, const json& after) {
  const std::string name = kube::meta_text(before, "name");
  const std::string wanted = version_of(after);
  if (is_absent(wanted)) {
    if (kind.unconditional_update) return std::nullopt;
    return version_required(kind, name);
  }
  if (wanted != version_of(before)) return modified(kind, name);
  return std::nullopt;
}

std::optional<Response> check_identity(const Route& route, json& body) {
  const kube::Resource& resource = route.kind->resource;
  const std::string kind = body.value("kind", "");
  if (!kind.empty() && kind != resource.kind) {
    return bad_request(kind + " in version \"" + body.value("apiVersion", "") +
                       "\" cannot be handled as a " + std::string(resource.kind));
  }
  if (const std::string version = body.value("apiVersion", "");
      !version.empty() && version != resource.api_version()) {
    return bad_request("the API version in the data (" + version +
                       ") does not match the expected API version (" + resource.api_version() +
                       ")");
  }
  json& meta = body["metadata"];
  if (meta.is_null()) meta = json::object();
  if (!meta.is_object()) return bad_request("metadata is not an object");
  const std::string ns = kube::meta_text(body, "namespace");
  const std::string name = kube::meta_text(body, "name");
  if (!route.name.empty() && name != route.name) {
    return bad_request("the name of the object (" + name +
                       ") does not match the name on the URL (" + route.name + ")");
  }
  if (!ns.empty() && ns != route.ns) {
    return bad_request(
        "the namespace of the provided object does not match the namespace sent on the request");
  }
  if (!route.ns.empty()) meta["namespace"] = route.ns;
  return std::nullopt;
}

}  // namespace

std::optional<Response> ApiServer::refused(const Route& route, Method method, const json* before,
                                           const json* after) const {
  if (!admit_) return std::nullopt;
  return admit_({.route = route, .method = method, .before = before, .after = after});
}

ObjectPtr ApiServer::commit(const Route& route, json object) {
  if (route.is_dry_run()) return std::make_shared<const json>(std::move(object));
  const std::string key = key_of(object);
  const Change& change = store_.commit(*route.kind, key, std::move(object));
  const ObjectPtr stored = change.after;
  announce(change);
  return stored;
}

Response ApiServer::create(const Route& route, json body) {
  const Kind& kind = *route.kind;
  if (kind.resource.namespaced && route.ns.empty()) return method_not_allowed();
  if (auto refusal = check_identity(route, body)) return *refusal;
  const std::string name = kube::meta_text(body, "name");
  if (name.empty()) {
    return invalid(kind, name, "FieldValueRequired", "metadata.name",
                   "Required value: name or generateName is required");
  }
  if (!is_absent(version_of(body))) {
    return answer_of(
        failure(500, "", "resourceVersion should not be set on objects to be created"));
  }
  if (std::find(closed_.begin(), closed_.end(), route.ns) != closed_.end()) {
    return answer_of(failure(403, "Forbidden",
                             kind.plural() + " \"" + name +
                                 "\" is forbidden: unable to create new content in namespace " +
                                 route.ns + " because it is being terminated"));
  }
  const std::string key = key_of(body);
  prepare_create(kind, body, next_uid(), clock_.wall_now());
  if (auto refusal = refused(route, Method::kPost, nullptr, &body)) return *refusal;
  if (store_.find(kind, key)) return already_exists(kind, name);
  return show(route, 201, *commit(route, std::move(body)));
}

Response ApiServer::replace(const Route& route, json body) {
  const Kind& kind = *route.kind;
  if (auto refusal = check_identity(route, body)) return *refusal;
  const std::string& name = route.name;
  const ObjectPtr before = store_.find(kind, route.key());
  const bool may_create = kind.create_on_update && route.subresource.empty();
  if (!before && !may_create) return not_found(kind, name);
  const std::string uid = kube::meta_text(body, "uid");
  const std::string present = before ? kube::meta_text(*before, "uid") : "";
  if (!uid.empty() && uid != present) return uid_conflict(kind, name, uid, present);
  if (!before) {
    body["metadata"].erase("resourceVersion");
    return create(route, std::move(body));
  }
  if (auto refusal = check_version(kind, *before, body)) return *refusal;
  return update(route, Method::kPut, before, std::move(body));
}

Response ApiServer::patch(const kube::Request& request, const Route& route) {
  const Kind& kind = *route.kind;
  if (request.content_type != "application/merge-patch+json") {
    return unsupported_media_type(request.content_type);
  }
  const json changes = json::parse(request.body, nullptr, false);
  if (!changes.is_object()) return bad_request("the patch is no JSON object");
  const ObjectPtr before = store_.find(kind, route.key());
  if (!before) return not_found(kind, route.name);
  json after = *before;
  after.merge_patch(changes);
  if (!after.contains("metadata") || !after.at("metadata").is_object()) {
    return bad_request("metadata is not an object");
  }
  if (auto refusal = check_identity(route, after)) return *refusal;
  if (auto refusal = check_version(kind, *before, after)) return *refusal;
  return update(route, Method::kPatch, before, std::move(after));
}

Response ApiServer::update(const Route& route, Method method, const ObjectPtr& before, json after) {
  const Kind& kind = *route.kind;
  if (auto refusal = prepare_update(kind, route.subresource, *before, after)) return *refusal;
  if (after == *before) return show(route, 200, *before);  // nothing changes, not even the version
  if (auto refusal = refused(route, method, before.get(), &after)) return *refusal;
  // The last finalizer is gone: so is the object.
  if (is_deleting(after) && !has_finalizers(after) && has_finalizers(*before) &&
      after.at("metadata").value("deletionGracePeriodSeconds", int64_t{0}) == 0) {
    if (!route.is_dry_run()) announce(store_.remove(kind, route.key()));
    return show(route, 200, after);
  }
  return show(route, 200, *commit(route, std::move(after)));
}

Response ApiServer::bind(const Route& route, const json& body) {
  const Kind& kind = *route.kind;
  const ObjectPtr before = store_.find(kind, route.key());
  if (!before) return not_found(kind, route.name);
  const std::string uid = kube::meta_text(body, "uid");
  if (!uid.empty() && uid != kube::meta_text(*before, "uid")) {
    return uid_conflict(kind, route.name, uid, kube::meta_text(*before, "uid"));
  }
  json after = *before;
  json& spec = after["spec"];
  const auto refuse = [&](const std::string& why) {
    return conflict(kind, route.name, "pod " + route.name + " " + why);
  };
  if (const std::string node = spec.value("nodeName", ""); !node.empty()) {
    return refuse("is already assigned to node \"" + node + "\"");
  }
  if (is_deleting(after)) return refuse("is being deleted, cannot be assigned to a host");
  if (spec.contains("schedulingGates")) return refuse("has non-empty .spec.schedulingGates");
  const std::string target = body.value(json::json_pointer("/target/name"), "");
  spec["nodeName"] = target;
  set_condition(after, "PodScheduled", "True", "", "", clock_.wall_now());
  if (const ObjectPtr node = store_.find(kind_of(kube::kNodes), target)) {
    // Of the node's topology the pod gets to know these.
    const json labels = node->at("metadata").value("labels", json::object());
    for (const char* key : {"topology.kubernetes.io/zone", "topology.kubernetes.io/region"}) {
      if (labels.contains(key)) after["metadata"]["labels"][key] = labels.at(key);
    }
  }
  commit(route, std::move(after));
  return answer(201, {{"kind", "Status"},
                      {"apiVersion", "v1"},
                      {"metadata", json::object()},
                      {"status", "Success"},
                      {"code", 201}});
}

}  // namespace processhub::testing
