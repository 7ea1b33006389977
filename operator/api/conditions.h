// Conditions as Kubernetes keeps them: one of a type, lastTransitionTime moves only
// when the status does.
#pragma once

#include <string_view>
#include <vector>

#include "api/types.h"

namespace processhub::api {

[[nodiscard]] const Condition* find_condition(const std::vector<Condition>& conditions,
                                              std::string_view type);
[[nodiscard]] bool is_true(const std::vector<Condition>& conditions, std::string_view type);

// Puts `condition` among `conditions`, sorted by type. Its lastTransitionTime is kept
// from the one it replaces where the status is the same, else it is `now`.
void set_condition(std::vector<Condition>& conditions, Condition condition, WallTime now);

}  // namespace processhub::api
