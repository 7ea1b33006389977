// What has to change so that a hub's inline children and its status match its spec.
//
// Pure, like child_plan.h.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "plan/disruption.h"
#include "plan/frame.h"

namespace processhub::plan {

// The ProcessHubChild that an entry of `spec.children` stands for: made, or with `uid`
// brought to what `body` says of labels, annotations, template and nodes. What others
// have added to it stays.
struct ApplyChild {
  ChildKey child;
  std::optional<Uid> uid = {};                // of the one that is there, and ours
  api::JsonPtr body;                          // apiVersion, kind, metadata, spec
  std::vector<std::string> drop_labels = {};  // that were once in the list
  bool operator==(const ApplyChild&) const = default;
};

// An inline child that is no longer in the list. Precondition: it still has `uid`.
struct DeleteChild {
  ChildKey child;
  Uid uid;
  bool operator==(const DeleteChild&) const = default;
};

// An annotation of the hub that commands something. Precondition: the status is written; then
// it is removed from the hub as it was seen, and `note` goes into an Event.
struct RemoveCommand {
  std::string annotation;
  bool refused = false;
  std::string reason;
  std::string note;
  bool operator==(const RemoveCommand&) const = default;
};

// The reason of Progressing=False while no further child gets a new template.
inline constexpr const char* kRolloutStopped = "RolloutStopped";

struct HubInput {
  const HubFrame& frame;
  // All that name this hub, and whatever has the name of one of its inline children.
  std::span<const api::ProcessHubChild* const> children;
  const PodTemplate& pod_template;  // the hub's own
  // The inline children that the API server refused, and its words.
  std::map<std::string, std::string> refused = {};
  WallTime now;
  std::span<const kube::PodDisruptionBudget* const> budgets = {};  // of the hub's namespace
  std::span<const kube::Pod* const> pods = {};  // of the hub; needed with budgets of others alone
  // Why the API server would not have the hub's own budget a moment ago; empty: it was not asked.
  std::string budget_problem = {};
  std::string budget_problem_reason = {};
  // Of the template that the pods of a child are to be of; empty where it cannot be merged.
  std::function<std::string(const api::ProcessHubChild&)> revision_of = {};
};

struct HubPlan {
  std::vector<ApplyChild> apply = {};
  std::vector<DeleteChild> remove = {};
  api::HubStatus status = {};
  std::optional<RemoveCommand> command = {};
  std::vector<BudgetAction> budget = {};
};

[[nodiscard]] HubPlan plan_hub(const HubInput& input);

// Of a hub whose spec cannot be used: `problem` names the field.
[[nodiscard]] api::HubStatus rejected_status(const api::ProcessHub& hub, const std::string& problem,
                                             WallTime now);

}  // namespace processhub::plan
