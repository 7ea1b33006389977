// When a pod is to be replaced though it runs, why, and what is remembered of a move that came to
// nothing.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "plan/child_placement.h"
#include "plan/child_plan.h"
#include "plan/slots.h"

namespace processhub::plan {

// What a move that is under way is for, by what the child's status says; none: it does not move.
[[nodiscard]] std::optional<MoveKind> move_under_way(const api::ChildStatus& status);

// Whether the pod was made since that move began, and has not been Ready for `timeout`; else
// `view` is told when to look again.
[[nodiscard]] bool is_overdue(const kube::Pod& pod, const api::ChildStatus& status,
                              std::chrono::seconds timeout, ChildView& view);
// The same of a slot for which no pod has been made.
[[nodiscard]] bool is_overdue_without_pod(const api::ChildStatus& status,
                                          std::chrono::seconds timeout, ChildView& view);
// Since when a pod that is not Ready has not been.
[[nodiscard]] WallTime unready_since(const kube::Pod& pod);

[[nodiscard]] MoveKind kind_of(Reason reason);

// A pod of the present template serves: whatever ails another one, it is not the template.
[[nodiscard]] bool has_come_up(const ChildInput& input, const ChildView& view);

// A pod of a new template was not Ready in time, and none of a later one has been since: the child
// is tried with each further template before the others of its hub.
// `revision`: only with this one; empty: with any.
[[nodiscard]] bool has_failed_update(std::span<const api::Exclusion> excluded,
                                     std::string_view revision = {});

class MoveRules {
 public:
  // Both outlive it.
  MoveRules(const ChildInput& input, const ChildPlacement& placed) : in_(input), placed_(placed) {}

  // Its template is not the present one.
  [[nodiscard]] bool is_old(const kube::Pod& pod) const;
  // The same, and the present one has not failed.
  [[nodiscard]] bool is_outdated(const kube::Pod& pod) const;
  // Why a pod shall not stay on a node that is a member or was one.
  [[nodiscard]] Reason why_not_here(const NodeName& node) const;
  // Why the pod of a HotSwap is replaced.
  [[nodiscard]] Reason why_swapped(const Slot& slot, const kube::Pod& old) const;

  // A pod of a move was not Ready in time: its node is left out.
  [[nodiscard]] api::Exclusion node_failed(const Slot& slot, const NodeName& node) const;
  // The same of a new template. It is the template that fails, not the node.
  [[nodiscard]] api::Exclusion template_failed(const Slot& slot, const NodeName& node) const;
  [[nodiscard]] bool is_excluded(const NodeName& node, const char* reason) const;

 private:
  const ChildInput& in_;
  const ChildPlacement& placed_;
};

}  // namespace processhub::plan
