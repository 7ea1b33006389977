// The slots of one child: its pods sorted into them, and the node each shall have.
//
// Slots are names, not positions: a slot keeps its node while that node is in the
// child's set; freed and new slots take the new nodes in walk order; a new slot
// takes the lowest unused number, so numbers may have gaps.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <vector>

#include "api/types.h"
#include "plan/membership.h"

namespace processhub::plan {

struct Slot {
  int number = 0;
  int incarnation = 1;                      // of the pod it has or shall have next
  std::vector<const kube::Pod*> pods = {};  // by incarnation; the last is the current one
  NodeName node = {};                       // where it is now; empty for a new slot
  std::optional<NodeName> target = {};      // none: one replica more than nodes for it
  // While a HotSwap is under way: the uid of the current pod, which is to be replaced by the one of
  // `incarnation`; and that one, once it is there. It is not among `pods`.
  Uid replaces = {};
  const kube::Pod* successor = nullptr;

  [[nodiscard]] bool swaps() const { return !replaces.empty(); }

  [[nodiscard]] const kube::Pod* current() const { return pods.empty() ? nullptr : pods.back(); }
};

// Where a pod runs or waits: the node it is bound or pinned to.
[[nodiscard]] const NodeName& node_of(const kube::Pod& pod);

// What is known of the slots: the pods first, then what the status remembers. By number; none
// has a target.
[[nodiscard]] std::map<int, Slot> known_slots(const api::ChildStatus& status,
                                              std::span<const kube::Pod* const> pods);

// By number. `pods` are the child's own; `desired` is in walk order. Pure; the order
// of `pods` does not matter.
[[nodiscard]] std::vector<Slot> assign_slots(const api::ChildStatus& status,
                                             std::span<const kube::Pod* const> pods,
                                             std::span<const NodeName> desired);

}  // namespace processhub::plan
