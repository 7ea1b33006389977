#include "plan/move_rules.h"

#include <algorithm>

#include "api/conditions.h"
#include "plan/child_status.h"
#include "plan/pod.h"

namespace processhub::plan {

using kube::Pod;

namespace {

// Between this clock and the API server's, whose times pods have.
constexpr auto kClockSkew = std::chrono::seconds(30);

}  // namespace

std::optional<MoveKind> move_under_way(const api::ChildStatus& status) {
  const api::Condition* const told = api::find_condition(status.conditions, kMigrating);
  if (told == nullptr || told->status != kube::ConditionStatus::kTrue) return std::nullopt;
  return told->reason == to_string(Reason::kTemplateChanged) ? MoveKind::kUpdate
                                                             : MoveKind::kOfNodes;
}

bool is_overdue(const Pod& pod, const api::ChildStatus& status, std::chrono::seconds timeout,
                ChildView& view) {
  const api::Condition* const told = api::find_condition(status.conditions, kMigrating);
  if (pod.ready || told == nullptr || told->status != kube::ConditionStatus::kTrue) return false;
  // A replica that was there before and fares badly meanwhile is no matter of the move.
  if (pod.meta.created < told->last_transition - kClockSkew) return false;
  return view.passed(unready_since(pod) + timeout);
}

bool is_overdue_without_pod(const api::ChildStatus& status, std::chrono::seconds timeout,
                            ChildView& view) {
  const api::Condition* const told = api::find_condition(status.conditions, kMigrating);
  return told != nullptr && told->status == kube::ConditionStatus::kTrue &&
         view.passed(told->last_transition + timeout);
}

WallTime unready_since(const Pod& pod) {
  return std::max(pod.meta.created, pod.ready_since.value_or(pod.meta.created));
}

bool has_come_up(const ChildInput& input, const ChildView& view) {
  return input.pod_template.state == PodTemplate::State::kValid &&
         std::any_of(view.own().begin(), view.own().end(), [&](const Pod* pod) {
           return serves(*pod, input.frame.membership) &&
                  has_revision(*pod, input.pod_template.revision);
         });
}

MoveKind kind_of(Reason reason) {
  return reason == Reason::kTemplateChanged ? MoveKind::kUpdate : MoveKind::kOfNodes;
}

bool has_failed_update(std::span<const api::Exclusion> excluded, std::string_view revision) {
  return std::any_of(excluded.begin(), excluded.end(), [&](const api::Exclusion& one) {
    return one.reason == kUpdateTimedOut && (revision.empty() || one.fingerprint == revision);
  });
}

bool MoveRules::is_old(const Pod& pod) const {
  return in_.pod_template.state == PodTemplate::State::kValid &&
         !has_revision(pod, in_.pod_template.revision);
}

bool MoveRules::is_outdated(const Pod& pod) const {
  return is_old(pod) && !has_failed_update(placed_.excluded, in_.pod_template.revision);
}

Reason MoveRules::why_not_here(const NodeName& node) const {
  if (is_excluded(node, kSpill)) return Reason::kUnschedulable;
  if (is_excluded(node, kMoveTimedOut)) return Reason::kMoveTimedOut;
  const Membership& members = in_.frame.membership;
  if (members.member(node) != nullptr) return Reason::kRingChanged;
  return members.nodes.at(node).draining ? Reason::kNodeDraining : Reason::kNodeLeft;
}

Reason MoveRules::why_swapped(const Slot& slot, const Pod& old) const {
  const bool stays = slot.successor != nullptr && node_of(*slot.successor) == node_of(old);
  return stays || in_.frame.membership.node(node_of(old)) == nullptr ? Reason::kTemplateChanged
                                                                     : why_not_here(node_of(old));
}

api::Exclusion MoveRules::node_failed(const Slot& slot, const NodeName& node) const {
  const NodeState& state = in_.frame.membership.nodes.at(node);
  return {.node = node,
          .node_uid = state.uid,
          .reason = kMoveTimedOut,
          .slot = slot.number,
          .fingerprint = fingerprint_of(state, in_.pod_template)};
}

api::Exclusion MoveRules::template_failed(const Slot& slot, const NodeName& node) const {
  const NodeState* const state = in_.frame.membership.node(node);
  return {.node = node,
          .node_uid = state == nullptr ? Uid() : state->uid,
          .reason = kUpdateTimedOut,
          .slot = slot.number,
          .fingerprint = in_.pod_template.revision};
}

bool MoveRules::is_excluded(const NodeName& node, const char* reason) const {
  return std::any_of(
      placed_.excluded.begin(), placed_.excluded.end(),
      [&](const api::Exclusion& one) { return one.node == node && one.reason == reason; });
}

}  // namespace processhub::plan
