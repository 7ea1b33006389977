// What a plan consists of: data, carried out by apply::PlanExecutor.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "api/types.h"
#include "base/names.h"

namespace processhub::plan {

// Why an action is in the plan: shown in Events, logs and metrics.
enum class Reason {
  kNodeLost,         // its node has not been heard of for too long
  kNodeGone,         // its Node object was deleted
  kNodeReplaced,     // a new Node took its node's name
  kNodeDraining,     // its node is cordoned or about to be removed
  kNodeLeft,         // its node no longer matches, or carries a taint that is not tolerated
  kRingChanged,      // the ring gives the child another node: a join, a weight, an exclusion ended
  kTemplateChanged,  // its template is not the current one
  kPodFailed,        // it ended by itself
  kUnschedulable,    // the scheduler finds no room for it on its node
  kSurplus,          // more replicas than the factor, or a second pod in a slot
  kNotOurs,          // it carries the child's labels but is not owned by it
};

[[nodiscard]] std::string_view to_string(Reason reason);  // "NodeLost"

// A fact that has to hold in a live read just before the action: Ready of the
// Node is not True, or the Node of that uid is gone. With `lost` more: Ready is
// Unknown, or there is no Node of that name. Else a kubelet lives there, which ends
// what runs by itself, so nobody may run in its place before that.
struct NodeIsDown {
  NodeName node;
  Uid uid;
  bool lost = false;
  bool operator==(const NodeIsDown&) const = default;
};

// Sent twice, or by two leaders, it is one pod: the name is of child, slot and
// incarnation. AlreadyExists with the same owner and node is success.
struct CreatePod {
  ChildKey child;
  Uid owner;
  PodKey pod;
  NodeName node;
  int slot = 0;
  int incarnation = 1;
  api::JsonPtr body;  // the whole Pod
  bool operator==(const CreatePod&) const = default;
};

// Precondition on the server: the pod still has `uid`.
struct DeletePod {
  ChildKey child;
  PodKey pod;
  NodeName node;  // where it is
  Uid uid;
  Reason reason = Reason::kSurplus;
  std::optional<NodeIsDown> only_if = {};
  bool operator==(const DeletePod&) const = default;
};

// By compare-and-swap on uid and version, before the actions that rest on it.
struct PutStatus {
  ChildKey child;
  Uid uid;
  ResourceVersion version;
  api::ChildStatus status;
  std::vector<NodeIsDown> only_if = {};
  bool operator==(const PutStatus&) const = default;
};

using Action = std::variant<CreatePod, DeletePod, PutStatus>;

}  // namespace processhub::plan
