#include "fake/disruption_controller.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "fake/budget.h"
#include "fake/object_rules.h"
#include "fake/taints.h"
#include "kube/json_text.h"

namespace processhub::testing {

using nlohmann::json;

namespace {

// How long a pod whose eviction was granted may take to be deleted.
constexpr auto kDeletionTimeout = std::chrono::minutes(2);

bool has_owner(const json& pod) {
  const json& owners = list_at(pod, "/metadata/ownerReferences");
  return std::any_of(owners.begin(), owners.end(),
                     [](const json& owner) { return owner.value("controller", false); });
}

struct Expected {
  int64_t pods = 0;
  int64_t healthy = 0;
};

// Or, in `problem`, why that cannot be said.
std::optional<Expected> expected_of(const json& spec, const std::vector<ObjectPtr>& pods,
                                    std::string& problem) {
  const auto least = spec.find("minAvailable");
  const bool by_count = least != spec.end() && least->is_number_integer();
  if (by_count) {
    return Expected{.pods = static_cast<int64_t>(pods.size()), .healthy = least->get<int64_t>()};
  }
  for (const ObjectPtr& pod : pods) {
    if (!has_owner(*pod)) continue;
    problem = "found no controllers for pod \"" + kube::meta_text(*pod, "name") + "\"";
    return std::nullopt;
  }
  return Expected{};  // pods of nobody do not count
}

}  // namespace

DisruptionController::DisruptionController(ApiServer& server, const Clock& clock)
    : admin_(server), clock_(clock) {
  server.observe([this](const Change& change) { on_change(change); });
}

void DisruptionController::on_change(const Change& change) {
  if (change.kind->resource == kube::kPodDisruptionBudgets) to_count_.insert(change.key);
  if (change.kind->resource != kube::kPods) return;
  const json& pod = change.after ? *change.after : *change.before;
  for (const auto& [key, budget] : admin_.all(kube::kPodDisruptionBudgets)) {
    if (selects(*budget, pod)) to_count_.insert(key);
  }
}

bool DisruptionController::step() {
  for (const auto& [key, due] : recount_) {
    if (clock_.wall_now() > due) to_count_.insert(key);
  }
  while (!to_count_.empty()) {
    const std::string key = to_count_.extract(to_count_.begin()).value();
    recount_.erase(key);
    const Objects& budgets = admin_.all(kube::kPodDisruptionBudgets);
    const auto found = budgets.find(key);
    if (found == budgets.end()) continue;
    const ObjectPtr budget = found->second;
    if (sync(key, *budget)) return true;
  }
  return false;
}

bool DisruptionController::sync(const std::string& key, const json& budget) {
  const WallTime now = clock_.wall_now();
  std::vector<ObjectPtr> pods;
  for (const auto& [key, pod] : admin_.all(kube::kPods)) {
    if (selects(budget, *pod)) pods.push_back(pod);
  }
  json after = budget;
  json& status = after["status"];
  std::string problem;
  const auto expected = expected_of(budget.at("spec"), pods, problem);
  if (!expected) {
    // What was observed is left as it is: evictions wait for that, too.
    status["disruptionsAllowed"] = 0;
    set_condition(after, kDisruptionAllowed, "False", "SyncFailed", problem, now);
  } else {
    const json granted = status.value("disruptedPods", json::object());
    json disrupted = json::object();
    int64_t healthy = 0;
    for (const ObjectPtr& pod : pods) {
      if (is_deleting(*pod)) continue;
      const std::string name = kube::meta_text(*pod, "name");
      const auto since = parse_time(granted.value(name, ""));
      if (since && now <= *since + kDeletionTimeout) {
        disrupted[name] = granted.at(name);
        const auto at = recount_.try_emplace(key, *since + kDeletionTimeout).first;
        at->second = std::min(at->second, *since + kDeletionTimeout);
      } else if (is_ready(*pod)) {
        ++healthy;
      }
    }
    const int64_t spare = expected->pods > 0 ? healthy - expected->healthy : 0;
    status["observedGeneration"] = budget.at("metadata").value("generation", int64_t{0});
    status["expectedPods"] = expected->pods;
    status["currentHealthy"] = healthy;
    status["desiredHealthy"] = expected->healthy;
    status.erase("disruptedPods");
    if (!disrupted.empty()) status["disruptedPods"] = std::move(disrupted);
    set_disruptions_allowed(after, std::max<int64_t>(0, spare), now);
  }
  if (after == budget) return false;
  return admin_.replace(kube::kPodDisruptionBudgets, after, "status").ok();
}

}  // namespace processhub::testing
