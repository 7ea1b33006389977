// What a child's conditions say of its lead: Active, and what has become of the command
// processhub.io/switch-to. Pure, like child_plan.h.
#pragma once

#include <optional>
#include <string>

#include "plan/roles.h"

namespace processhub::plan {

// `cause`: of this take-over, or of the one that the status tells of.
[[nodiscard]] api::Condition active_condition(const RoleInput& input, const ChildView& view,
                                              const Lead& lead, const RolePlan& roles,
                                              std::string cause);

// Nobody leads, as the child's spec says.
[[nodiscard]] api::Condition suspended_condition();

// None: there is no command, or it waits while the hub is paused. Unknown: it is being done.
// `peers`: nobody leads.
[[nodiscard]] std::optional<api::Condition> switch_condition(const RoleInput& input,
                                                             const ChildView& view,
                                                             const Lead& lead,
                                                             const RolePlan& roles, bool peers);

}  // namespace processhub::plan
