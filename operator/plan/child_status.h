// What a child's status says, from the same snapshot as its plan.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "plan/child_placement.h"
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
  std::optional<Reason> moving;              // why a voluntary move is under way
  std::optional<Reason> waits_for_replicas;  // why one would be, were the other replicas Ready
};

[[nodiscard]] api::ChildStatus child_status(const ChildInput& input, const ChildFindings& findings);

// Of a child whose hub does not exist or cannot be used: its pods are left as they are.
[[nodiscard]] api::ChildStatus rejected_status(const api::ProcessHubChild& child,
                                               const std::string& reason,
                                               const std::string& message, WallTime now);

}  // namespace processhub::plan
