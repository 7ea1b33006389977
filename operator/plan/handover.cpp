#include "plan/handover.h"

#include <fmt/core.h>

namespace processhub::plan {
namespace {

using kube::ConditionStatus;
using kube::Pod;

bool is_reached(const Pod& pod, const RoleInput& input, const ChildView& view) {
  return !ChildView::has_ended(pod) && !pod.ip.empty() && view.host_of(pod) == Host::kUp &&
         !view.is_suspect(*input.in.frame.membership.node(node_of(pod)));
}

api::Condition over(bool done, const char* reason, std::string message) {
  return {.type = kHandedOver,
          .status = done ? ConditionStatus::kTrue : ConditionStatus::kFalse,
          .reason = reason,
          .message = std::move(message)};
}

}  // namespace

bool gives_state(const RoleInput& input, const Lead& lead, const Pod& next) {
  return input.in.frame.hub->spec.migration.hot_swap.handover.enabled && &next == input.heir &&
         lead.pod != nullptr && lead.pod == input.leaving && lead.standing == Standing::kUnfit;
}

HandoverPlan plan_handover(const RoleInput& input, const ChildView& view,
                           const api::ActiveReplica& active, int64_t epoch) {
  const api::HandoverSpec& spec = input.in.frame.hub->spec.migration.hot_swap.handover;
  const Pod* const from = view.own(active.handover_from);
  const Pod* const to = view.own(active.pod_uid);
  const auto failed = [&](const char* reason, const std::string& why) {
    return HandoverPlan{
        .outcome = over(false, reason,
                        fmt::format("epoch {}: pod {} leads without the state of the pod before "
                                    "it: {}",
                                    epoch, active.pod, why))};
  };
  if (!spec.enabled) return failed("NotWanted", "the hub no longer asks for a handover");
  if (from == nullptr || !is_reached(*from, input, view)) {
    return failed("PodGone", "that one has ended, or its node is not Ready any more");
  }
  if (to == nullptr || !is_reached(*to, input, view)) {
    return failed("PodGone", "the new one has ended, or its node is not Ready any more");
  }
  const HandoverState* const state =
      input.in.answers == nullptr ? nullptr : input.in.answers->handover_to(*to, epoch);
  if (state == nullptr) {
    return {.action = GiveState{.child = input.in.child.key(),
                                .hub = input.in.frame.key.name,
                                .from = {.name = from->meta.name, .uid = from->meta.uid},
                                .from_ip = from->ip,
                                .to = {.name = to->meta.name, .uid = to->meta.uid},
                                .to_ip = to->ip,
                                .epoch = epoch,
                                .spec = spec}};
  }
  if (!state->over) return {};
  if (!state->problem.empty()) return failed("TimedOut", state->problem);
  return {.outcome = over(true, "StateGiven",
                          fmt::format("epoch {}: pod {} has given its state to pod {}", epoch,
                                      from->meta.name, to->meta.name))};
}

api::Condition handover_begins(const Pod& from, const Pod& to, int64_t epoch) {
  return {.type = kHandedOver,
          .status = ConditionStatus::kUnknown,
          .reason = "GivingState",
          .message = fmt::format("epoch {}: pod {} is to give its state to pod {}", epoch,
                                 from.meta.name, to.meta.name)};
}

api::Condition handover_ends_unused(const api::ActiveReplica& active, int64_t epoch) {
  return over(false, "Abandoned",
              fmt::format("epoch {}: pod {} did not come to lead with the state of the pod before "
                          "it",
                          epoch, active.pod));
}

}  // namespace processhub::plan
