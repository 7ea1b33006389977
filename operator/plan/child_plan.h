// What has to change so that one child's pods and status match its hub and spec.
//
// Computed from one snapshot by `plan_child`, which performs no I/O and reads no
// clock; carried out by apply::PlanExecutor. Planning the state that a plan leads to
// gives the empty plan.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "plan/action.h"
#include "plan/frame.h"

namespace processhub::plan {

// Of a GiveState that has been begun.
struct HandoverState {
  int64_t epoch = 0;
  bool over = false;
  std::string problem = {};  // once it is over; empty: the state has been given
};

// What pods have answered, or not, when they were told their roles or asked for their state; by
// the pod's uid. In memory alone: a pod that is told twice does no harm.
struct RoleAnswers {
  std::map<Uid, redundancy::RoleAt> answered = {};
  std::map<Uid, redundancy::RoleAt> silent = {};
  std::map<Uid, std::string> peers = {};  // the body that a peer was told last, answered or not
  std::map<Uid, HandoverState> handovers = {};  // to this pod
  std::set<Uid> bound = {};  // pods that have been bound: the caches may not know yet

  // Null: none has been begun under that epoch.
  [[nodiscard]] const HandoverState* handover_to(const kube::Pod& to, int64_t epoch) const {
    const auto found = handovers.find(to.meta.uid);
    return found == handovers.end() || found->second.epoch != epoch ? nullptr : &found->second;
  }
};

struct ChildInput {
  const HubFrame& frame;
  const api::ProcessHubChild& child;
  std::span<const kube::Pod* const> pods;  // all with the child's labels, in any order
  const PodTemplate& pod_template;
  bool may_move = false;        // there is a place in the hub's budget of voluntary moves
  bool may_update = false;      // also for a new template
  bool rollout_failed = false;  // one of the hub's children has not come up with a new template
  WallTime now;
  int failures = 0;  // pods that ended by themselves, since the child last ran
  // Where the hub's strategy remembers: what the child has been given, and the loads of all
  // others.
  std::span<const placement::Seat> seats = {};
  const placement::Loads* loads = nullptr;
  const RoleAnswers* answers = nullptr;
  std::span<const kube::Service* const> services = {};  // all with the child's labels
  // Why the API server would not have the child's Service a moment ago; empty: it was not asked.
  std::string service_problem = {};
  std::string service_problem_reason = {};
  // For pods that the operator binds; null where there is no such Node.
  std::function<const kube::Node*(const NodeName&)> find_node = {};

  // A paused hub leaves what runs as it is, also where the child's spec says otherwise.
  [[nodiscard]] bool suspended() const {
    return child.spec.suspended && (!frame.hub->spec.paused || pods.empty());
  }
};

// What a place in the hub's budget is taken for.
enum class MoveKind {
  kOfNodes,  // to another node
  kUpdate,   // to a new template
};

struct ChildPlan {
  std::vector<Action> actions = {};           // in execution order; each waits for the one before
  api::ChildStatus status = {};               // what the child's status should say
  std::vector<redundancy::PodRef> gone = {};  // what that leaves out: see PutStatus
  std::vector<placement::Seat> seats = {};    // what the child is given now
  std::optional<MoveKind> wants_move = {};    // would start a voluntary move if it might
  std::optional<MoveKind> moving = {};        // holds a place in the budget
  bool update_failed = false;  // a new template has not come up in time, and none has since
  bool serves = false;         // its pods of the present template are Ready
  std::optional<WallTime> look_again = {};  // the earliest instant at which time changes the plan
};

// Deterministic: equal arguments give equal plans, whatever the order of `pods`.
[[nodiscard]] ChildPlan plan_child(const ChildInput& input);

}  // namespace processhub::plan
