// The Events of a hub about its nodes: who has joined, left, or fares otherwise.
//
// Core thread.
#pragma once

#include "controller/context.h"
#include "plan/frame.h"

namespace processhub::controller {

// One for a node, however many children it concerns.
void tell_of_members(const Context& context, const api::ProcessHub& hub,
                     const plan::HubFrame& before, const plan::HubFrame& after);

}  // namespace processhub::controller
