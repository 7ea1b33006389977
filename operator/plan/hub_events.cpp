#include "plan/hub_events.h"

#include <utility>

#include "api/conditions.h"
#include "plan/child_status.h"
#include "plan/disruption.h"
#include "plan/hub_plan.h"
#include "plan/quorum.h"

namespace processhub::plan {
namespace {

using kube::ConditionStatus;

// Said elsewhere: how many children are Ready, by the status; a lock, by its own condition.
bool needs_no_event(const api::Condition& condition) {
  return condition.reason == "ChildrenNotReady" || condition.reason == "NotMadeYet" ||
         condition.reason == "ChildrenDegraded" ||
         (condition.type == "Progressing" && condition.reason != kRolloutStopped) ||
         (condition.type == kDegraded &&
          (condition.reason == kQuorumLost || condition.reason == kRolloutStopped));
}

}  // namespace

std::vector<HubEvent> events_of(const api::HubStatus& before, const api::HubStatus& after) {
  static const std::pair<const char*, ConditionStatus> kBad[] = {
      {"TemplateValid", ConditionStatus::kFalse}, {"ChildrenAccepted", ConditionStatus::kFalse},
      {kDisruptionHold, ConditionStatus::kFalse}, {kQuorumLost, ConditionStatus::kTrue},
      {kDegraded, ConditionStatus::kTrue},        {kReady, ConditionStatus::kFalse},
      {"Progressing", ConditionStatus::kFalse}};
  std::vector<HubEvent> events;
  for (const auto& [type, worse] : kBad) {
    const api::Condition* now = api::find_condition(after.conditions, type);
    const api::Condition* was = api::find_condition(before.conditions, type);
    if (now == nullptr || now->status != worse || needs_no_event(*now)) continue;
    if (was != nullptr && was->status == worse && was->reason == now->reason) continue;
    // That one has reasons of its own; the Event is called what people look for.
    const std::string reason = now->type == kQuorumLost ? kQuorumLost : now->reason;
    events.push_back({.reason = reason, .note = now->message});
  }
  if (api::is_true(before.conditions, kQuorumLost) &&
      !api::is_true(after.conditions, kQuorumLost)) {
    const api::Condition* now = api::find_condition(after.conditions, kQuorumLost);
    events.push_back(
        {.warning = false,
         .reason = "QuorumRestored",
         .note = now != nullptr && !now->message.empty() ? now->message : "no quorum is required"});
  }
  return events;
}

}  // namespace processhub::plan
