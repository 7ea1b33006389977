#include "plan/hot_swap.h"

#include <algorithm>

#include "api/conditions.h"
#include "plan/handover.h"
#include "plan/move_rules.h"

namespace processhub::plan {

SwapStep next_swap_step(const Slot& slot, bool wanted, bool leads, const ChildInput& input,
                        ChildView& view) {
  const api::MigrationSpec& migration = input.frame.hub->spec.migration;
  const kube::Pod* const fresh = slot.successor;
  if (fresh == nullptr) return wanted ? SwapStep::kMake : SwapStep::kGiveUp;
  if (fresh->meta.deleted) return SwapStep::kWait;  // until it is gone
  if (view.can_lead(*fresh)) {
    // It has come up: what else is wanted by now is the next move.
    if (leads) return SwapStep::kHandOver;
    WallTime since = fresh->ready_since.value_or(fresh->meta.created);
    const auto& active = input.child.status.active;
    if (active && active->pod_uid == fresh->meta.uid) {
      if (!active->handover_from.empty()) return SwapStep::kWait;
      since = std::max(since, active->since);
      const auto* given = api::find_condition(input.child.status.conditions, kHandedOver);
      if (given != nullptr) since = std::max(since, given->last_transition);
    }
    return view.passed(since + migration.hot_swap.retention) ? SwapStep::kRetire : SwapStep::kWait;
  }
  if (!wanted || view.host_of(*fresh) != Host::kUp) return SwapStep::kGiveUp;
  // One that has ended is waited for as well: made again it would always be young.
  return view.passed(unready_since(*fresh) + migration.child_timeout) ? SwapStep::kTimedOut
                                                                      : SwapStep::kWait;
}

}  // namespace processhub::plan
