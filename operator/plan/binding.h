// With `pinning: Bind`: which of a child's pods the operator binds to their nodes now.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "plan/child_view.h"

namespace processhub::plan {

// The pod waits for the operator to bind it: it has no node yet, and no gate holds it.
[[nodiscard]] bool waits_for_binding(const kube::Pod& pod);

// Why its node does not take it now; none: it does. Of one made of another template nothing is
// known: it is to be replaced.
[[nodiscard]] std::optional<std::string> why_not_bound(const kube::Pod& pod,
                                                       const ChildInput& input);

// One for each pod that waits and fits, and is not among `removals`. Of a node that is down
// nothing is begun.
[[nodiscard]] std::vector<BindPod> plan_binding(const ChildInput& input, const ChildView& view,
                                                std::span<const DeletePod> removals);

}  // namespace processhub::plan
