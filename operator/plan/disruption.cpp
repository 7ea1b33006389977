#include "plan/disruption.h"

#include <algorithm>
#include <fmt/core.h>
#include <limits>
#include <nlohmann/json.hpp>

#include "api/fields.h"
#include "api/spec_parts.h"
#include "plan/labels.h"
#include "plan/owner.h"

namespace processhub::plan {
namespace {

using kube::ConditionStatus;
using nlohmann::json;

// More than there can ever be: no eviction of a Ready pod is granted. One that is not Ready is
// nothing to be held.
json spec_of(const std::string& hub) {
  return {{"selector", {{"matchLabels", {{kHubLabel, hub}, {kHoldLabel, "true"}}}}},
          {"minAvailable", std::numeric_limits<int32_t>::max()},
          {"unhealthyPodEvictionPolicy", "AlwaysAllow"}};
}

json body_of(const api::ProcessHub& hub) {
  return {{"apiVersion", kube::kPodDisruptionBudgets.api_version()},
          {"kind", kube::kPodDisruptionBudgets.kind},
          {"metadata",
           {{"name", budget_name(hub.meta.name)},
            {"namespace", hub.meta.ns},
            {"labels", {{kHubLabel, hub.meta.name}}},
            {"ownerReferences", json::array({owner_reference(kube::kProcessHubs, hub.meta)})}}},
          {"spec", spec_of(hub.meta.name)}};
}

bool is_wanted(const api::ProcessHub& hub) {
  return hub.spec.disruption.hold && hub.spec.nodes.on_cordon == api::OnCordon::kMigrate;
}

bool selects_any(const kube::PodDisruptionBudget& budget, std::span<const kube::Pod* const> pods) {
  const auto given = budget.spec->find("selector");
  if (given == budget.spec->end() || !given->is_object()) return false;
  api::Problems problems;
  const api::LabelSelector selector =
      api::read_selector(api::Fields(&*given, "spec.selector", problems));
  return std::any_of(pods.begin(), pods.end(), [&](const kube::Pod* pod) {
    return kube::value_of(pod->meta.labels, kHoldLabel) == "true" &&
           selector.matches(pod->meta.labels);
  });
}

// Another budget over the same pods: the API server then refuses every eviction as an error,
// whatever either of them allows.
const kube::PodDisruptionBudget* other_budget(const DisruptionInput& in) {
  for (const kube::PodDisruptionBudget* budget : in.budgets) {
    if (budget->meta.deleted || is_of_a_hub(*budget)) continue;
    if (selects_any(*budget, in.pods)) return budget;
  }
  return nullptr;
}

// A merge patch keeps what it does not name: what is not ours to have there is null.
json change_of(const std::string& hub, const json& found) {
  json spec = spec_of(hub);
  spec["maxUnavailable"] = nullptr;
  json& selector = spec["selector"];
  selector["matchExpressions"] = nullptr;
  const json labels = found.value(json::json_pointer("/selector/matchLabels"), json::object());
  for (const auto& [key, value] : labels.items()) {
    if (!selector["matchLabels"].contains(key)) selector["matchLabels"][key] = nullptr;
  }
  return spec;
}

api::Condition told(bool held, std::string reason, std::string message = {}) {
  return {.type = kDisruptionHold,
          .status = held ? ConditionStatus::kTrue : ConditionStatus::kFalse,
          .reason = std::move(reason),
          .message = std::move(message)};
}

}  // namespace

std::string budget_name(const std::string& hub) { return "processhub-" + hub; }

bool is_of_a_hub(const kube::PodDisruptionBudget& budget) {
  const std::string hub = kube::value_of(budget.meta.labels, kHubLabel);
  return !hub.empty() && budget.meta.name == budget_name(hub);
}

DisruptionPlan plan_disruption(const DisruptionInput& in) {
  DisruptionPlan plan;
  const api::ProcessHub& hub = in.hub;
  const bool wanted = is_wanted(hub);
  const std::string name = budget_name(hub.meta.name);
  const kube::PodDisruptionBudget* found = nullptr;
  for (const kube::PodDisruptionBudget* budget : in.budgets) {
    if (budget->meta.owner_uid != hub.meta.uid || budget->meta.deleted) continue;
    if (wanted && budget->meta.name == name) {
      found = budget;
    } else if (!hub.spec.paused) {
      plan.actions.emplace_back(DeleteBudget{.name = budget->meta.name, .uid = budget->meta.uid});
    }
  }
  if (!wanted) return plan;
  if (found == nullptr || *found->spec != spec_of(hub.meta.name)) {
    const bool refused = !in.problem.empty();
    if (!refused && !hub.spec.paused && found == nullptr) {
      plan.actions.emplace_back(
          CreateBudget{.name = name, .body = std::make_shared<const json>(body_of(hub))});
    } else if (!refused && !hub.spec.paused) {
      plan.actions.emplace_back(UpdateBudget{
          .name = name,
          .uid = found->meta.uid,
          .version = found->meta.version,
          .spec = std::make_shared<const json>(change_of(hub.meta.name, *found->spec))});
    }
    plan.condition = told(false, refused ? in.problem_reason : "NotMadeYet", in.problem);
    return plan;
  }
  const kube::PodDisruptionBudget* const other = other_budget(in);
  plan.condition =
      other == nullptr
          ? told(true, "Held")
          : told(false, "OtherBudget",
                 fmt::format("PodDisruptionBudget {} selects pods of this hub, too: with two of "
                             "them the API server fails every eviction. Delete it, or set "
                             "spec.disruption.hold to false",
                             other->meta.name));
  return plan;
}

}  // namespace processhub::plan
