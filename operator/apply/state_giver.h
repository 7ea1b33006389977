// Carries out handovers: the pod that led is told where to send its state, and with `confirm` the
// new one is asked whether it has it. docs/handover.md has the requests. Core thread.
#pragma once

#include <functional>

#include "apply/pod_caller.h"
#include "base/clock.h"
#include "plan/action.h"

namespace processhub::apply {

class StateGiver {
 public:
  using Done = PodCaller::Done;

  StateGiver(kube::Transport& transport, Executor& executor, const Clock& clock)
      : pods_(transport, executor), clock_(clock) {}

  // `done` runs once, not from within the call, and at the latest after the action's `data_wait`.
  void give(const plan::GiveState& action, Done done);

 private:
  void confirm(const plan::GiveState& action, Duration left, Done done);

  PodCaller pods_;
  const Clock& clock_;
};

}  // namespace processhub::apply
