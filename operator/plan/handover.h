// What becomes of the state of a pod that led when, by HotSwap, another takes its place: the
// status says who is to give it (`active.handoverFrom`), and until that is over, the new one is
// neither told that it leads nor labelled. Pure, like child_plan.h.
#pragma once

#include <optional>

#include "plan/lead.h"

namespace processhub::plan {

inline constexpr const char* kHandedOver = "HandedOver";

struct HandoverPlan {
  std::optional<GiveState> action = {};          // it is under way: this is to be asked
  std::optional<api::Condition> condition = {};  // it is over, and this came of it
};

// Whether the pod that leads so far gives its state to `next`, who is named in its place.
[[nodiscard]] bool gives_state(const RoleInput& input, const Lead& lead, const kube::Pod& next);

// `active.handover_from` is not empty.
[[nodiscard]] HandoverPlan plan_handover(const RoleInput& input, const ChildView& view,
                                         const api::ActiveReplica& active, int64_t epoch);

}  // namespace processhub::plan
