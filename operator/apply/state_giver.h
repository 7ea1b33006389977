// Carries out a plan::GiveState: the pod that led is told where to send its state, and with
// `confirm` the new one is asked whether it has it. docs/handover.md has the requests.
#pragma once

#include "apply/pod_caller.h"
#include "plan/action.h"

namespace processhub::apply {

// `done` runs once, not from within the call: at the latest after the action's `data_wait`, or
// twice that with `confirm`. `caller` outlives the call.
void give_state(PodCaller& caller, const plan::GiveState& action, PodCaller::Done done);

}  // namespace processhub::apply
