#include "controller/child_events.h"

#include <algorithm>
#include <string>
#include <utility>

#include "api/conditions.h"
#include "plan/child_placement.h"
#include "plan/child_status.h"
#include "plan/handover.h"
#include "plan/roles.h"

namespace processhub::controller {
namespace {

// Nobody leads any more, although somebody should.
void tell_of_lead(const Context& context, const api::ProcessHubChild& child,
                  const api::ChildStatus& status) {
  const auto* active = api::find_condition(status.conditions, plan::kActive);
  const auto* before = api::find_condition(child.status.conditions, plan::kActive);
  if (active == nullptr || active->status == kube::ConditionStatus::kTrue) return;
  // A handover is no trouble.
  if (status.active && !status.active->handover_from.empty()) return;
  // A child that starts has no lead yet.
  if (before == nullptr || before->reason == active->reason) return;
  // Unknown: another one is on its way to lead.
  const bool wanted =
      active->reason == plan::kSuspended || active->status == kube::ConditionStatus::kUnknown;
  tell_of(context, child, wanted ? status::EventType::kNormal : status::EventType::kWarning,
          active->reason, active->message);
}

// Why it is not where it would be: its bound, its zones, nodes that are left out or away.
void tell_of_place(const Context& context, const api::ProcessHubChild& child,
                   const api::ChildStatus& status) {
  std::string_view told;  // one reason may be that of both
  for (const char* type : {plan::kDegraded, plan::kPlaced}) {
    const auto* after = api::find_condition(status.conditions, type);
    const auto* before = api::find_condition(child.status.conditions, type);
    if (after == nullptr || after->message.empty() || after->reason == told) continue;
    if (before != nullptr && before->status == after->status && before->reason == after->reason &&
        before->message == after->message) {
      continue;
    }
    const bool bad = (after->status == kube::ConditionStatus::kTrue) == (type == plan::kDegraded) ||
                     after->reason == plan::kUpdateTimedOut;
    told = after->reason;
    tell_of(context, child, bad ? status::EventType::kWarning : status::EventType::kNormal,
            after->reason, after->message);
  }
}

// A move has come to nothing, which the condition Placed says.
bool has_timed_out(const api::ChildStatus& before, const api::ChildStatus& after) {
  return std::any_of(after.excluded.begin(), after.excluded.end(), [&](const auto& one) {
    return (one.reason == plan::kMoveTimedOut || one.reason == plan::kUpdateTimedOut) &&
           std::find(before.excluded.begin(), before.excluded.end(), one) == before.excluded.end();
  });
}

}  // namespace

void tell_of_conditions(const Context& context, const api::ProcessHubChild& child,
                        const api::ChildStatus& status) {
  const auto* accepted = api::find_condition(status.conditions, plan::kAccepted);
  const auto* before = api::find_condition(child.status.conditions, plan::kAccepted);
  if (accepted != nullptr && accepted->status == kube::ConditionStatus::kFalse &&
      (before == nullptr || !before->says_the_same(*accepted))) {
    tell_of(context, child, status::EventType::kWarning, accepted->reason, accepted->message);
  }
  tell_of_place(context, child, status);
  tell_of_lead(context, child, status);
  const auto* handover = api::find_condition(status.conditions, plan::kHandedOver);
  before = api::find_condition(child.status.conditions, plan::kHandedOver);
  if (handover != nullptr && handover->status != kube::ConditionStatus::kUnknown &&
      (before == nullptr || before->message != handover->message)) {
    const bool done = handover->status == kube::ConditionStatus::kTrue;
    tell_of(context, child, done ? status::EventType::kNormal : status::EventType::kWarning,
            done ? "StateGiven" : "StateNotGiven", handover->message);
  }
  const auto* ready = api::find_condition(status.conditions, plan::kReady);
  before = api::find_condition(child.status.conditions, plan::kReady);
  if (ready != nullptr && ready->reason == "PodRefused" &&
      (before == nullptr || !before->says_the_same(*ready))) {
    tell_of(context, child, status::EventType::kWarning, ready->reason, ready->message);
  }
  const auto* migrating = api::find_condition(status.conditions, plan::kMigrating);
  const bool was_migrating = api::is_true(child.status.conditions, plan::kMigrating);
  if (migrating == nullptr) return;
  if (migrating->status == kube::ConditionStatus::kTrue && !was_migrating) {
    if (context.observer.migrated) context.observer.migrated(child.hub_key(), migrating->reason);
    tell_of(context, child, status::EventType::kNormal, "Migrating",
            "a move begins: " + migrating->reason);
  } else if (migrating->status == kube::ConditionStatus::kFalse && was_migrating &&
             !has_timed_out(child.status, status)) {
    tell_of(context, child, status::EventType::kNormal, "Migrated", "runs on " + status.node_names);
  }
}

void tell_of(const Context& context, const api::ProcessHubChild& child, status::EventType type,
             std::string_view reason, std::string note) {
  context.tell(kube::kProcessHubChildren, child.meta, child.spec.hub, type, reason,
               std::move(note));
}

}  // namespace processhub::controller
