#include "api/conditions.h"

#include <algorithm>

namespace processhub::api {

const Condition* find_condition(const std::vector<Condition>& conditions, std::string_view type) {
  const auto found = std::find_if(conditions.begin(), conditions.end(),
                                  [&](const Condition& c) { return c.type == type; });
  return found == conditions.end() ? nullptr : &*found;
}

bool is_true(const std::vector<Condition>& conditions, std::string_view type) {
  const Condition* condition = find_condition(conditions, type);
  return condition != nullptr && condition->status == kube::ConditionStatus::kTrue;
}

void set_condition(std::vector<Condition>& conditions, Condition condition, WallTime now) {
  condition.last_transition = std::chrono::floor<std::chrono::seconds>(now);  // as it is stored
  const auto at =
      std::lower_bound(conditions.begin(), conditions.end(), condition.type,
                       [](const Condition& c, const std::string& type) { return c.type < type; });
  if (at == conditions.end() || at->type != condition.type) {
    conditions.insert(at, std::move(condition));
    return;
  }
  if (at->status == condition.status) condition.last_transition = at->last_transition;
  *at = std::move(condition);
}

}  // namespace processhub::api
