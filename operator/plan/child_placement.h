// Which nodes a child shall have: what its hub's strategy answers, without the nodes that this
// child may not use.
//
// A node is excluded for a child when it is lost to it (NodeLost), or when its pod could not be
// scheduled there for `spec.spillAfterSeconds` or was refused by its kubelet (Spill), or was
// brought there by a move and not Ready in time (MoveTimedOut); docs/concepts.md says when that
// ends.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "placement/ledger.h"
#include "plan/child_view.h"

namespace processhub::plan {

inline constexpr const char* kNodeLost = "NodeLost";
inline constexpr const char* kSpill = "Spill";
inline constexpr const char* kMoveTimedOut = "MoveTimedOut";
// The node is no worse than another: it is the template that does not come up.
inline constexpr const char* kUpdateTimedOut = "UpdateTimedOut";

struct ChildPlacement {
  placement::Placement placement = {};
  std::vector<NodeName> nodes = {};           // of its seats
  std::vector<api::Exclusion> excluded = {};  // all that hold
  // Some have come just now: the status has to say so before anything is done about it, else
  // the node would be chosen again by whoever plans next.
  bool excludes_more = false;
  bool timed_out = false;  // the pod that a move has brought is not Ready, and is not waited for
  std::vector<NodeIsDown> only_if = {};          // what they rest on
  std::vector<redundancy::PodRef> unbound = {};  // and pods that still have no node
  // Pods that cannot be scheduled and have nowhere else to go, one sentence each.
  std::vector<std::string> unschedulable = {};
};

// What strategies hash: "namespace/hub/child".
[[nodiscard]] std::string placement_key(const HubKey& hub, const std::string& child);

// What the child has been given so far, by its pods and its status.
[[nodiscard]] placement::Ledger::Entry record_of(const api::ProcessHubChild& child,
                                                 std::span<const kube::Pod* const> pods);
// Which of the nodes it may not use, as strategies are told.
[[nodiscard]] std::vector<NodeName> names_of(std::span<const api::Exclusion> excluded);

// What an exclusion remembers of the node and of the child's template: it ends when either changes.
[[nodiscard]] std::string fingerprint_of(const NodeState& node, const PodTemplate& pod_template);

[[nodiscard]] ChildPlacement place_child(const ChildInput& input, ChildView& view);

}  // namespace processhub::plan
