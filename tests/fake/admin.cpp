#include "fake/admin.h"

#include <utility>

#include "kube/json_text.h"

namespace processhub::testing {

using kube::Method;
using nlohmann::json;

Written Admin::send(const kube::Request& request) {
  const kube::Response response = server_.handle(request);
  Written written{.code = response.status, .body = json::parse(response.body, nullptr, false)};
  if (!written.ok() && written.body.is_object()) written.reason = written.body.value("reason", "");
  return written;
}

Written Admin::create(const kube::Resource& resource, const json& object) {
  return send({.method = Method::kPost,
               .path = path_of(resource, kube::meta_text(object, "namespace")),
               .content_type = "application/json",
               .body = object.dump()});
}

Written Admin::merge(const kube::Resource& resource, const std::string& ns, const std::string& name,
                     const json& patch, const std::string& subresource) {
  return send({.method = Method::kPatch,
               .path = path_of(resource, ns, name, subresource),
               .content_type = "application/merge-patch+json",
               .body = patch.dump()});
}

Written Admin::replace(const kube::Resource& resource, const json& object,
                       const std::string& subresource) {
  return send({.method = Method::kPut,
               .path = path_of(resource, kube::meta_text(object, "namespace"),
                               kube::meta_text(object, "name"), subresource),
               .content_type = "application/json",
               .body = object.dump()});
}

Written Admin::remove(const kube::Resource& resource, const std::string& ns,
                      const std::string& name, const json& options) {
  return send({.method = Method::kDelete,
               .path = path_of(resource, ns, name),
               .content_type = "application/json",
               .body = options.dump()});
}

Written Admin::evict(const std::string& ns, const std::string& pod, const json& options) {
  const json eviction = {{"apiVersion", "policy/v1"},
                         {"kind", "Eviction"},
                         {"metadata", {{"name", pod}, {"namespace", ns}}},
                         {"deleteOptions", options}};
  return send({.method = Method::kPost,
               .path = path_of(kube::kPods, ns, pod, "eviction"),
               .content_type = "application/json",
               .body = eviction.dump()});
}

Written Admin::bind(const std::string& ns, const std::string& pod, const std::string& node) {
  const json binding = {{"apiVersion", "v1"},
                        {"kind", "Binding"},
                        {"metadata", {{"name", pod}, {"namespace", ns}}},
                        {"target", {{"apiVersion", "v1"}, {"kind", "Node"}, {"name", node}}}};
  return send({.method = Method::kPost,
               .path = path_of(kube::kPods, ns, pod, "binding"),
               .content_type = "application/json",
               .body = binding.dump()});
}

ObjectPtr Admin::get(const kube::Resource& resource, const std::string& ns,
                     const std::string& name) const {
  return server_.store().find(kind_of(resource), ns.empty() ? name : ns + "/" + name);
}

const Objects& Admin::all(const kube::Resource& resource) const {
  return server_.store().all(kind_of(resource));
}

json sample_node(const std::string& name, const std::string& zone) {
  json node = {{"apiVersion", "v1"},
               {"kind", "Node"},
               {"metadata", {{"name", name}, {"labels", {{"kubernetes.io/hostname", name}}}}},
               {"spec", json::object()},
               {"status",
                {{"allocatable", {{"cpu", "4"}, {"memory", "8Gi"}, {"pods", "110"}}},
                 {"addresses", {{{"type", "InternalIP"}, {"address", "10.0.0.1"}}}},
                 {"conditions",
                  {{{"type", "Ready"},
                    {"status", "True"},
                    {"reason", "KubeletReady"},
                    {"lastTransitionTime", "2026-01-01T00:00:00Z"}}}}}}};
  if (!zone.empty()) node["metadata"]["labels"]["topology.kubernetes.io/zone"] = zone;
  return node;
}

json sample_pod(const std::string& ns, const std::string& name) {
  return {{"apiVersion", "v1"},
          {"kind", "Pod"},
          {"metadata", {{"name", name}, {"namespace", ns}}},
          {"spec", {{"containers", {{{"name", "main"}, {"image", "app:1"}}}}}}};
}

json pinned_pod(const std::string& ns, const std::string& name, const std::string& node) {
  json pod = sample_pod(ns, name);
  const json on_node = {{"key", "metadata.name"}, {"operator", "In"}, {"values", {node}}};
  json term = json::object();
  term["matchFields"] = json::array({on_node});
  pod["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"] = {
      {"nodeSelectorTerms", json::array({term})}};
  return pod;
}

json sample_hub(const std::string& ns, const std::string& name, const json& spec) {
  json hub = {
      {"apiVersion", kube::kProcessHubs.api_version()},
      {"kind", "ProcessHub"},
      {"metadata", {{"name", name}, {"namespace", ns}}},
      {"spec",
       {{"template", {{"spec", {{"containers", {{{"name", "main"}, {"image", "app:1"}}}}}}}}}}};
  hub["spec"].merge_patch(spec);
  return hub;
}

json sample_child(const std::string& ns, const std::string& name, const std::string& hub) {
  return {{"apiVersion", kube::kProcessHubChildren.api_version()},
          {"kind", "ProcessHubChild"},
          {"metadata", {{"name", name}, {"namespace", ns}}},
          {"spec", {{"hub", hub}}}};
}

}  // namespace processhub::testing
