// The roles of a child's pods: the writes that put who leads (lead.h) in place.
//
// The order of writes keeps at most one pod labelled active at every resourceVersion, whoever
// else writes late: the status names the new one (compare-and-swap, a new epoch), every other
// pod is sealed with that epoch, the new one is told, then labelled. tests/model has the proof
// and the shorter orders that fail; docs/concepts.md says it in words. Pure, like child_plan.h.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "plan/lead.h"

namespace processhub::plan {

inline constexpr const char* kActive = "Active";
inline constexpr const char* kSwitchRequested = "SwitchRequested";
inline constexpr const char* kSuspended = "Suspended";  // the reason of a suspended child

struct RolePlan {
  int64_t epoch = 0;
  std::optional<api::ActiveReplica> active = {};
  bool names = false;                    // another than the status does: that is written first
  std::vector<NodeIsDown> only_if = {};  // what naming it rests on
  std::vector<Action> actions = {};      // after the status
  std::map<Uid, int64_t> demoted =
      {};  // since which epoch pods have not answered that they stopped
  std::optional<api::Condition> active_condition = {};  // none: nobody leads, all are peers
  std::optional<api::Condition> switch_condition = {};
  // A handover begins or is over: that is written before what follows from it.
  std::optional<api::Condition> handover_condition = {};
  bool awaits_state = false;     // `promoting`, for the state of the one before it
  bool answers_command = false;  // the status has to say so before the command is taken off
  bool doubts = false;           // a status has to make sure that one which led is gone
  bool promoting = false;        // named, but its label is not in place and has to wait
  bool suspect = false;          // the one that leads is under suspicion, and nobody may take over
};

// `view` is told when to look again.
[[nodiscard]] RolePlan plan_roles(const RoleInput& input, ChildView& view);

}  // namespace processhub::plan
