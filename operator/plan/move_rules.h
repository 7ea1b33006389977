// When a pod is to be replaced though it runs, why, and what is remembered of a move that came to
// nothing.
#pragma once

#include <optional>

#include "plan/child_placement.h"
#include "plan/child_plan.h"
#include "plan/slots.h"

namespace processhub::plan {

// What a move that is under way is for, by what the child's status says; none: it does not move.
[[nodiscard]] std::optional<MoveKind> move_under_way(const api::ChildStatus& status);

// Whether the pod was made since that move began, and has had `timeout` to become Ready; else
// `view` is told when to look again.
[[nodiscard]] bool is_overdue(const kube::Pod& pod, const api::ChildStatus& status,
                              std::chrono::seconds timeout, ChildView& view);

[[nodiscard]] MoveKind kind_of(Reason reason);

// A pod of the template that it had last was not Ready in time.
[[nodiscard]] bool has_failed_update(const api::ChildStatus& status);

class MoveRules {
 public:
  // Both outlive it.
  MoveRules(const ChildInput& input, const ChildPlacement& placed) : in_(input), placed_(placed) {}

  // Its template is not the present one, and that one has not failed on its node.
  [[nodiscard]] bool is_outdated(const kube::Pod& pod) const;
  // Why a pod shall not stay on a node that is a member or was one.
  [[nodiscard]] Reason why_not_here(const NodeName& node) const;
  // Why the pod of a HotSwap is replaced.
  [[nodiscard]] Reason why_swapped(const Slot& slot, const kube::Pod& old) const;

  // A pod of a move was not Ready in time: its node is left out, or, after a new template on the
  // node that the slot had, that template.
  [[nodiscard]] api::Exclusion after_timeout(const Slot& slot, const kube::Pod& fresh,
                                             MoveKind kind) const;
  [[nodiscard]] bool is_excluded(const NodeName& node, const char* reason) const;

 private:
  const ChildInput& in_;
  const ChildPlacement& placed_;
};

}  // namespace processhub::plan
