// What a child's status says, from the same snapshot as its plan.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "plan/child_placement.h"
#include "plan/roles.h"
#include "plan/service.h"
#include "plan/slots.h"

namespace processhub::plan {

inline constexpr const char* kAccepted = "Accepted";
inline constexpr const char* kPlaced = "Placed";
inline constexpr const char* kReady = "Ready";
inline constexpr const char* kMigrating = "Migrating";
inline constexpr const char* kDegraded = "Degraded";

// What the planner found out besides its actions.
struct ChildFindings {
  std::span<const Slot> slots;
  const ChildPlacement& placed;
  const RolePlan& roles;
  const ServicePlan& service;
  bool moving;                               // a voluntary move is under way
  Reason begins_because;                     // then, if it begins now: why
  std::optional<Reason> waits_for_replicas;  // why one would be, were the other replicas Ready
  std::optional<Reason> waits_for_template;  // the same, were a failed roll-out mended
};

struct ChildReport {
  api::ChildStatus status = {};
  std::vector<redundancy::PodRef> gone = {};  // entries of the status before that are left out
  // With fence NodeConfirmed: a pod is named in its slot that was not before, which rests on
  // `only_if`; pods that the status before has named already may start.
  bool admits = false;
  std::vector<NodeIsDown> only_if = {};
  std::vector<LiftGate> lift = {};
};

[[nodiscard]] ChildReport child_report(const ChildInput& input, ChildView& view,
                                       const ChildFindings& findings);

// Of a child whose hub does not exist or cannot be used: its pods are left as they are.
[[nodiscard]] api::ChildStatus rejected_status(const api::ProcessHubChild& child,
                                               const std::string& reason,
                                               const std::string& message, WallTime now);

}  // namespace processhub::plan
