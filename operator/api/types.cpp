#include "api/types.h"

#include <algorithm>
#include <tuple>

namespace processhub::api {

bool LabelSelector::matches(const kube::StringMap& labels) const {
  for (const auto& [key, value] : match_labels) {
    const auto found = labels.find(key);
    if (found == labels.end() || found->second != value) return false;
  }
  for (const LabelRequirement& term : match_expressions) {
    const auto found = labels.find(term.key);
    const bool has = found != labels.end();
    const bool listed = has && std::find(term.values.begin(), term.values.end(), found->second) !=
                                   term.values.end();
    switch (term.op) {
      case LabelRequirement::Op::kIn:
        if (!listed) return false;
        break;
      case LabelRequirement::Op::kNotIn:  // as in Kubernetes: also true without the label
        if (listed) return false;
        break;
      case LabelRequirement::Op::kExists:
        if (!has) return false;
        break;
      case LabelRequirement::Op::kDoesNotExist:
        if (has) return false;
        break;
    }
  }
  return true;
}

bool Toleration::tolerates(const kube::Taint& taint) const {
  if (!effect.empty() && effect != taint.effect) return false;
  if (!key.empty() && key != taint.key) return false;
  if (op == "Exists") return true;
  return (op.empty() || op == "Equal") && value == taint.value;
}

int IntOrPercent::of(int whole) const {
  if (!percent) return value;
  return static_cast<int>((static_cast<int64_t>(whole) * value + 99) / 100);
}

bool Condition::says_the_same(const Condition& other) const {
  const auto said = [](const Condition& c) {
    return std::tie(c.type, c.status, c.reason, c.message, c.observed_generation);
  };
  return said(*this) == said(other);
}

}  // namespace processhub::api
