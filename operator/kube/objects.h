// The typed objects of Kubernetes' own kinds: only what the plan reads.
#pragma once

#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/names.h"

namespace processhub::kube {

using StringMap = std::map<std::string, std::string>;

// "" where there is no such key.
[[nodiscard]] inline std::string value_of(const StringMap& map, const std::string& key) {
  const auto found = map.find(key);
  return found == map.end() ? std::string() : found->second;
}

struct ObjectMeta {
  std::string ns = {};  // metadata.namespace; empty for a Node
  std::string name = {};
  Uid uid = {};
  ResourceVersion version = {};
  int64_t generation = 0;
  StringMap labels = {};
  StringMap annotations = {};  // those under processhub.io/ alone
  WallTime created = {};
  std::optional<WallTime> deleted = {};  // metadata.deletionTimestamp
  Uid owner_uid = {};                    // of the controller among the owner references
  bool operator==(const ObjectMeta&) const = default;
};

struct Taint {
  std::string key;
  std::string value = {};
  std::string effect;
  bool operator==(const Taint&) const = default;
};

enum class ConditionStatus { kTrue, kFalse, kUnknown };

struct Node {
  ObjectMeta meta = {};
  bool unschedulable = false;
  std::vector<Taint> taints = {};
  ConditionStatus ready = ConditionStatus::kUnknown;
  std::optional<WallTime> ready_since = {};  // lastTransitionTime; none before the first report
  StringMap allocatable = {};                // status.allocatable as written: "cpu" -> "3920m"
  std::string internal_ip = {};              // the first of its addresses; empty without one
  int kubelet_port = 10250;
  // Of all that decides whether a pod of the operator's fits there: uid, labels, allocatable,
  // and the taints that such a pod may not tolerate.
  uint64_t fingerprint = 0;
  bool operator==(const Node&) const = default;
};

// The Lease by which a kubelet says that it lives, in namespace kube-node-lease. Of the same
// name as its Node.
struct NodeLease {
  ObjectMeta meta = {};         // namespace, name, uid and version alone
  std::string renew_time = {};  // spec.renewTime as written, for it is only compared
  [[nodiscard]] NodeName key() const { return NodeName(meta.name); }
  bool operator==(const NodeLease&) const = default;
};

struct Pod {
  ObjectMeta meta = {};
  NodeName node = {};          // spec.nodeName: where it is bound; empty before
  std::string scheduler = {};  // spec.schedulerName: who binds it
  NodeName pinned_node = {};   // of its required nodeAffinity on metadata.name; empty without
  std::string phase = {};      // Pending, Running, Succeeded, Failed, Unknown
  bool ready = false;
  std::optional<WallTime> ready_since = {};  // of `ready`: lastTransitionTime
  std::string ip = {};                       // status.podIP
  std::vector<std::string> gates = {};       // names in spec.schedulingGates: not started yet
  std::optional<WallTime> unschedulable_since = {};  // PodScheduled=False, reason Unschedulable
  std::string message = {};  // why it does not run: the scheduler's or a container's words
  bool operator==(const Pod&) const = default;
};

struct ServicePort {
  std::string name = {};
  std::string protocol = "TCP";
  int port = 0;
  // A number, or the name of a container's port; empty: as `port`.
  std::string target_port = {};
  std::string app_protocol = {};
  bool operator==(const ServicePort&) const = default;
};

struct Service {
  ObjectMeta meta = {};
  StringMap selector = {};
  std::vector<ServicePort> ports = {};
  bool operator==(const Service&) const = default;
};

struct PodDisruptionBudget {
  ObjectMeta meta = {};
  std::shared_ptr<const nlohmann::json> spec = {};  // as it is; never null
  [[nodiscard]] bool operator==(const PodDisruptionBudget& other) const;
};

struct Resources {
  int64_t cpu_milli = 0;  // thousandths of a core
  int64_t memory = 0;     // bytes
  bool operator==(const Resources&) const = default;
};

// What a pod, whoever's it is, asks of its node.
struct PodLoad {
  ObjectMeta meta = {};  // namespace, name, uid and version alone
  NodeName node = {};    // where it is bound; empty before
  Resources requests = {};
  bool ended = false;  // Succeeded or Failed: it asks for nothing any more
  bool operator==(const PodLoad&) const = default;
};

// What is used of a node: an item of metrics.k8s.io/v1beta1 nodes.
struct NodeUse {
  NodeName node;
  Resources use;
  bool operator==(const NodeUse&) const = default;
};

}  // namespace processhub::kube
