// The next step of a HotSwap in one slot: the new pod is Ready, and leads where the old one led,
// before the old one goes. Where the new one does not come up, the old one stays as it was.
//
//   make ──► wait ──► hand over ──► retain ──► retire
//              └──► give up (another target or template by now, its node is lost)
//              └──► timed out
//
// That a swap is under way is in the status (`replicas[].replaces`), written before the new pod is
// made; it goes on as it began, whatever the hub's strategy says meanwhile. Pure.
#pragma once

#include "plan/child_view.h"
#include "plan/slots.h"

namespace processhub::plan {

enum class SwapStep {
  kMake,      // the new pod
  kWait,      // for it to be Ready; or for the old one's retention to be over
  kHandOver,  // the old one leads
  kRetire,    // the old one may go
  kGiveUp,    // the new one goes, or is not made; the old one stays
  kTimedOut,  // the same, and it is not tried again
};

// `wanted`: the old pod still shall be replaced by one on `slot.target` of the present template,
// and the new one, if it is there, is that. `leads`: the old one does. `view` is told when to look
// again.
[[nodiscard]] SwapStep next_swap_step(const Slot& slot, bool wanted, bool leads,
                                      const ChildInput& input, ChildView& view);

}  // namespace processhub::plan
