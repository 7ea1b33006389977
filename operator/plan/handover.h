// What becomes of the state of a pod that led when, by HotSwap, another takes its place: the
// status says who is to give it (`active.handoverFrom`), and until that is over, the new one is
// neither told that it leads nor labelled. Pure, like child_plan.h.
#pragma once

#include <optional>

#include "plan/lead.h"

namespace processhub::plan {

inline constexpr const char* kHandedOver = "HandedOver";

struct HandoverPlan {
  std::optional<GiveState> action = {};        // the pod before it is to be asked
  std::optional<api::Condition> outcome = {};  // none: it is under way
};

// Whether the pod that leads so far gives its state to `next`, who is named in its place.
[[nodiscard]] bool gives_state(const RoleInput& input, const Lead& lead, const kube::Pod& next);

// `active.handover_from` is not empty, and `active` is not labelled yet.
[[nodiscard]] HandoverPlan plan_handover(const RoleInput& input, const ChildView& view,
                                         const api::ActiveReplica& active, int64_t epoch);

// What the condition says from the write that names the new pod on.
[[nodiscard]] api::Condition handover_begins(const kube::Pod& from, const kube::Pod& to,
                                             int64_t epoch);
// Nobody knows, or cares any more, what came of it: `active`, under `epoch`, was labelled already,
// or never came to lead.
[[nodiscard]] api::Condition handover_ends_unused(const api::ActiveReplica& active, int64_t epoch);

}  // namespace processhub::plan
