#include "fake/budget.h"

#include "fake/object_rules.h"
#include "fake/selector.h"
#include "kube/json_text.h"

namespace processhub::testing {

using nlohmann::json;

bool selects(const json& budget, const json& pod) {
  if (kube::meta_text(budget, "namespace") != kube::meta_text(pod, "namespace")) return false;
  const auto selector =
      LabelSelector::of(budget.value(json::json_pointer("/spec/selector"), json()));
  return selector && selector->matches(pod);
}

int64_t status_number(const json& budget, const char* field) {
  const auto status = budget.find("status");
  return status == budget.end() ? 0 : status->value(field, int64_t{0});
}

void set_disruptions_allowed(json& budget, int64_t allowed, WallTime now) {
  budget["status"]["disruptionsAllowed"] = allowed;
  set_condition(budget, kDisruptionAllowed, allowed > 0 ? "True" : "False",
                allowed > 0 ? "SufficientPods" : "InsufficientPods", "", now);
}

bool is_unobserved(const json& budget) {
  return status_number(budget, "observedGeneration") <
         budget.at("metadata").value("generation", int64_t{0});
}

bool is_ready(const json& pod) { return condition_of(pod, "Ready") == "True"; }

}  // namespace processhub::testing
