// Direct use of an ApiServer, without a network: what a test does as an administrator, and
// what the models of the other controllers do. Answers come at once.
//
//   Admin admin(server);
//   admin.create(kube::kNodes, sample_node("a"));
//   admin.merge(kube::kPods, "shop", "a", {{"metadata", {{"labels", {{"x", "1"}}}}}});
//   ObjectPtr pod = admin.get(kube::kPods, "shop", "a");   // nullptr where there is none
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "fake/api_server.h"

namespace processhub::testing {

// The answer to a write: the object as it is now, or why not.
struct Written {
  int code = 0;
  std::string reason = {};  // of a refusal
  nlohmann::json body = {};
  [[nodiscard]] bool ok() const { return code >= 200 && code < 300; }
};

class Admin {
 public:
  explicit Admin(ApiServer& server) : server_(server) {}

  // Into metadata.namespace of `object`.
  Written create(const kube::Resource& resource, const nlohmann::json& object);
  Written merge(const kube::Resource& resource, const std::string& ns, const std::string& name,
                const nlohmann::json& patch, const std::string& subresource = {});
  Written replace(const kube::Resource& resource, const nlohmann::json& object,
                  const std::string& subresource = {});
  Written remove(const kube::Resource& resource, const std::string& ns, const std::string& name,
                 const nlohmann::json& options = nlohmann::json::object());
  Written evict(const std::string& ns, const std::string& pod,
                const nlohmann::json& options = nlohmann::json::object());
  Written bind(const std::string& ns, const std::string& pod, const std::string& node);

  [[nodiscard]] ObjectPtr get(const kube::Resource& resource, const std::string& ns,
                              const std::string& name) const;
  [[nodiscard]] const Objects& all(const kube::Resource& resource) const;

 private:
  Written send(const kube::Request& request);

  ApiServer& server_;
};

// Objects that the server takes: a Node, Ready, with room for pods; a pod of one container; a
// hub and a child as a user writes them.
[[nodiscard]] nlohmann::json sample_node(const std::string& name, const std::string& zone = {});
[[nodiscard]] nlohmann::json sample_pod(const std::string& ns, const std::string& name);
// Required nodeAffinity on metadata.name.
[[nodiscard]] nlohmann::json pinned_pod(const std::string& ns, const std::string& name,
                                        const std::string& node);
[[nodiscard]] nlohmann::json sample_hub(const std::string& ns, const std::string& name,
                                        const nlohmann::json& spec = nlohmann::json::object());
[[nodiscard]] nlohmann::json sample_child(const std::string& ns, const std::string& name,
                                          const std::string& hub);

}  // namespace processhub::testing
