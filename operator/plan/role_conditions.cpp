#include "plan/role_conditions.h"

#include <fmt/core.h>
#include <utility>

#include "plan/labels.h"
#include "plan/pod.h"

namespace processhub::plan {

using api::Condition;
using kube::ConditionStatus;
using kube::Pod;

namespace {

std::string those_before(const ChildView& view, const RolePlan& roles) {
  std::string text;
  const auto add = [&](const Pod& pod) {
    text += fmt::format(" {} on node {}", pod.meta.name, node_of(pod).str());
  };
  for (const auto& [uid, epoch] : roles.demoted) {
    const Pod* const pod = view.find(uid);
    if (pod != nullptr) add(*pod);
  }
  if (view.fenced()) {
    for (const Pod* pod : view.foreign()) add(*pod);
  }
  return text;
}

// Why nobody may take over, in words.
std::string words_of(const Lead& lead, const ChildView& view) {
  return view.fenced() && lead.held != "QuorumLost"
             ? "with failover.fence NodeConfirmed nobody takes over before the Node is deleted "
               "or tainted node.kubernetes.io/out-of-service, or the pod has ended"
             : "the hub has lost its quorum: nobody takes over until that is back";
}

}  // namespace

Condition active_condition(const RoleInput& input, const ChildView& view, const Lead& lead,
                           const RolePlan& roles, std::string cause) {
  Condition told{.type = kActive, .status = ConditionStatus::kFalse, .reason = {}};
  const Pod* const pod = roles.active ? view.own(roles.active->pod_uid) : nullptr;
  if (roles.promoting) {
    told.status = ConditionStatus::kUnknown;
    told.reason = std::move(cause);
    if (roles.awaits_state) {
      told.message = fmt::format(
          "epoch {}: pod {} on node {} takes over once it has the state of the pod "
          "before it",
          roles.epoch, roles.active->pod, roles.active->node.str());
      return told;
    }
    told.message = fmt::format(
        "epoch {}: pod {} on node {} takes over once those that led before have stopped:{}; with "
        "failover.fence NodeConfirmed such a pod answers, or ends, or its Node is deleted or "
        "tainted node.kubernetes.io/out-of-service",
        roles.epoch, roles.active->pod, roles.active->node.str(), those_before(view, roles));
  } else if (lead.standing == Standing::kHeld) {
    told.reason = lead.held;
    told.message = fmt::format("node {} of pod {} is not to be relied on ({}), but {}",
                               node_of(*lead.pod).str(), lead.pod->meta.name, lead.cause,
                               words_of(lead, view));
  } else if (pod == nullptr || (lead.standing != Standing::kFit && !roles.names)) {
    told.reason = input.in.frame.hub->spec.paused ? "Paused" : "NoReadyReplica";
    told.message = fmt::format("{}: no other replica is Ready on a node that is well", lead.cause);
  } else {
    told.status = ConditionStatus::kTrue;
    told.reason = std::move(cause);
    told.message = fmt::format("pod {} on node {} leads since epoch {}", roles.active->pod,
                               roles.active->node.str(), roles.epoch);
  }
  return told;
}

Condition suspended_condition() {
  return {.type = kActive,
          .status = ConditionStatus::kFalse,
          .reason = kSuspended,
          .message = "spec.suspended is true: nobody leads, and the child is to have no pods"};
}

std::optional<Condition> switch_condition(const RoleInput& input, const ChildView& view,
                                          const Lead& lead, const RolePlan& roles, bool peers) {
  const auto& annotations = input.in.child.meta.annotations;
  const auto command = annotations.find(kSwitchToAnnotation);
  if (command == annotations.end() || input.in.frame.hub->spec.paused) return std::nullopt;
  const NodeName node(command->second);
  const Pod* const pod = roles.active ? view.own(roles.active->pod_uid) : nullptr;
  Condition told{.type = kSwitchRequested,
                 .status = ConditionStatus::kUnknown,
                 .reason = "Switching",
                 .message = fmt::format("the lead goes to node {}", node.str())};
  if (pod != nullptr && node_of(*pod) == node) {
    if (roles.names ||
        !is_as_told(*pod, {redundancy::Role::kActive, roles.epoch}, input.in.frame.key.name))
      return told;
    told.status = ConditionStatus::kTrue;
    told.reason = "Switched";
    told.message = fmt::format("pod {} on node {} leads", pod->meta.name, node.str());
  } else if (peers) {
    told.status = ConditionStatus::kFalse;
    told.reason = "NoLead";
    told.message =
        fmt::format("{}: all replicas of the child are peers: none leads", kSwitchToAnnotation);
  } else if (!lead.held.empty()) {
    told.status = ConditionStatus::kFalse;
    told.reason = lead.held;
    told.message = fmt::format("{}: {}", kSwitchToAnnotation, words_of(lead, view));
  } else if (commanded(input, view, lead.pod) == nullptr) {
    told.status = ConditionStatus::kFalse;
    told.reason = "NoStandby";
    told.message = fmt::format(
        "{}: the child has no replica on node \"{}\" that could lead (Ready, on a node that is "
        "Ready): name the node of one of status.replicas",
        kSwitchToAnnotation, node.str());
  }
  return told;
}

}  // namespace processhub::plan
