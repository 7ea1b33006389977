// The pod that a slot lacks: whether it may be made now, and the action that makes it.
#pragma once

#include <optional>
#include <vector>

#include "plan/child_placement.h"
#include "plan/pod.h"
#include "plan/slots.h"

namespace processhub::plan {

// Of a pod that may be anybody's: 1 where it says none.
[[nodiscard]] int incarnation_of(const kube::Pod& pod);

// A slot is free only when no pod with the child's labels is left in it, whatever its owner; one
// without a slot may be in any. Those that nobody can end and that this incarnation has passed do
// not count. Null: it is free.
[[nodiscard]] const kube::Pod* foreigner_in(const Slot& slot, const ChildView& view);

// None: it cannot be made yet.
[[nodiscard]] std::optional<PodIdentity> new_pod(const Slot& slot, const ChildInput& input,
                                                 const ChildView& view,
                                                 std::span<const placement::Seat> seats);

// `epoch`: the plan's own.
[[nodiscard]] CreatePod make(PodIdentity identity, int64_t epoch, const ChildInput& input,
                             const ChildView& view);

}  // namespace processhub::plan
