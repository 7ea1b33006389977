// The Events of a child: what its conditions have come to say since its last status.
//
// Core thread.
#pragma once

#include <string>
#include <string_view>

#include "controller/context.h"

namespace processhub::controller {

// `child` as it was before its status became `status`.
void tell_of_conditions(const Context& context, const api::ProcessHubChild& child,
                        const api::ChildStatus& status);

void tell_of(const Context& context, const api::ProcessHubChild& child, status::EventType type,
             std::string_view reason, std::string note);

}  // namespace processhub::controller
