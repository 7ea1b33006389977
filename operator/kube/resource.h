// Which kind of object a request is about, and the path it has on the API server.
//
//   path_of(kPods, "shop", "orders-0")            // /api/v1/namespaces/shop/pods/orders-0
//   path_of(kProcessHubs, "shop", "h", "status")  // /apis/processhub.io/v1alpha1/…/h/status
#pragma once

#include <string>
#include <string_view>

namespace processhub::kube {

// Refers to text that lives as long as the program: make them constants, as below.
struct Resource {
  std::string_view group;  // empty for the core group
  std::string_view version;
  std::string_view plural;
  std::string_view kind;
  bool namespaced = true;
  [[nodiscard]] std::string api_version() const;  // "v1", "coordination.k8s.io/v1"
  bool operator==(const Resource&) const = default;
};

inline constexpr Resource kPods{"", "v1", "pods", "Pod"};
inline constexpr Resource kServices{"", "v1", "services", "Service"};
inline constexpr Resource kPodDisruptionBudgets{"policy", "v1", "poddisruptionbudgets",
                                                "PodDisruptionBudget"};
inline constexpr Resource kNodes{"", "v1", "nodes", "Node", false};
inline constexpr Resource kNodeMetrics{"metrics.k8s.io", "v1beta1", "nodes", "NodeMetrics", false};
inline constexpr Resource kProcessHubs{"processhub.io", "v1alpha1", "processhubs", "ProcessHub"};
inline constexpr Resource kProcessHubChildren{"processhub.io", "v1alpha1", "processhubchildren",
                                              "ProcessHubChild"};
inline constexpr Resource kLeases{"coordination.k8s.io", "v1", "leases", "Lease"};
inline constexpr const char* kNodeLeaseNamespace = "kube-node-lease";  // each kubelet's Lease
inline constexpr Resource kEvents{"events.k8s.io", "v1", "events", "Event"};

// `text` fit for one segment of a path or one value of a query: all but letters,
// digits and "-._~" is percent-encoded.
[[nodiscard]] std::string escape(std::string_view text);

// An empty `ns` of a namespaced resource means all namespaces; an empty `name` the
// collection. `ns` is ignored for a resource that has no namespaces.
[[nodiscard]] std::string path_of(const Resource& resource, std::string_view ns,
                                  std::string_view name = {}, std::string_view subresource = {});

// The part of a path after "?": add() escapes the value and leaves out an empty one.
class Query {
 public:
  Query& add(std::string_view key, std::string_view value);
  // "?a=1&b=2"; empty where nothing was added.
  [[nodiscard]] const std::string& str() const { return text_; }

 private:
  std::string text_;
};

}  // namespace processhub::kube
