// The one PodDisruptionBudget of a hub, which lets nobody evict a Ready pod of its: the operator
// moves the child off the node that is drained and deletes the pod itself. Pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "api/types.h"

namespace processhub::plan {

inline constexpr const char* kDisruptionHold = "DisruptionHold";

// Fails with kAlreadyExists where the name is taken: what is there is somebody else's.
struct CreateBudget {
  std::string name;
  api::JsonPtr body;
  bool operator==(const CreateBudget&) const = default;
};

// Merge patch of its spec. Precondition: `uid` and `version`.
struct UpdateBudget {
  std::string name;
  Uid uid;
  ResourceVersion version;
  api::JsonPtr spec;
  bool operator==(const UpdateBudget&) const = default;
};

struct DeleteBudget {
  std::string name;
  Uid uid;
  bool operator==(const DeleteBudget&) const = default;
};

using BudgetAction = std::variant<CreateBudget, UpdateBudget, DeleteBudget>;

struct DisruptionInput {
  const api::ProcessHub& hub;
  std::span<const kube::PodDisruptionBudget* const> budgets;  // of its namespace
  std::span<const kube::Pod* const> pods;  // of the hub; needed beside budgets of users alone
  // Why the API server would not have our budget a moment ago; empty: it was not asked.
  std::string problem = {};
  std::string problem_reason = {};
};

struct DisruptionPlan {
  std::vector<BudgetAction> actions = {};
  std::optional<api::Condition> condition = {};  // none: nothing is to be held
};

[[nodiscard]] DisruptionPlan plan_disruption(const DisruptionInput& input);

[[nodiscard]] std::string budget_name(const std::string& hub);
// Of this one or another; else it is a user's.
[[nodiscard]] bool is_of_a_hub(const kube::PodDisruptionBudget& budget);

}  // namespace processhub::plan
