// Why a child is where it is, in words: the condition Placed, and what is wrong with the list
// of a Guided child.
#pragma once

#include <optional>

#include "api/types.h"
#include "plan/child_placement.h"

namespace processhub::plan {

// True where every replica has a node; its reason is Preferred where these are the first ones
// that the strategy gives, and else says what stood in the way. False where a replica has none
// that it can run on.
[[nodiscard]] api::Condition placed_condition(const ChildInput& input,
                                              const ChildPlacement& placed);

// Degraded=True for a `spec.nodes` that is too short or names nodes that are away.
[[nodiscard]] std::optional<api::Condition> problem_of_list(const ChildInput& input,
                                                            const ChildPlacement& placed);

}  // namespace processhub::plan
