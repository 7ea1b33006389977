// Of ApiServer: POST of pods/NAME/eviction. Nothing else comes between its steps, so that there
// are no conflicts to be tried again.
#include <utility>

#include "fake/api_server.h"
#include "fake/budget.h"
#include "fake/object_rules.h"
#include "fake/status.h"
#include "kube/json_text.h"

namespace processhub::testing {

using kube::Response;

namespace {

constexpr int64_t kRetryAfterSeconds = 10;

Response too_many_requests(const std::string& why, int64_t retry_after) {
  json details = {{"causes", {{{"reason", "DisruptionBudget"}, {"message", why}}}}};
  if (retry_after > 0) details["retryAfterSeconds"] = retry_after;
  Response response = answer_of(
      failure(429, "TooManyRequests",
              "Cannot evict pod as it would violate the pod's disruption budget.", details));
  if (retry_after > 0) response.retry_after = std::chrono::seconds(retry_after);
  return response;
}

// One that does not serve yet, or not any more, is asked about by nobody.
bool can_ignore_budgets(const json& pod) {
  const std::string phase = kube::text_at(pod.value("status", json::object()), "phase");
  return phase == "Pending" || phase == "Succeeded" || phase == "Failed" || is_deleting(pod);
}

// By the budget's policy for pods that are not Ready. Such a one spends nothing.
bool may_go_unready(const json& budget) {
  if (budget.at("spec").value("unhealthyPodEvictionPolicy", "") == "AlwaysAllow") return true;
  const int64_t desired = status_number(budget, "desiredHealthy");
  return desired > 0 && status_number(budget, "currentHealthy") >= desired;
}

const json* condition_in(const json& budget) {
  const auto status = budget.find("status");
  if (status == budget.end()) return nullptr;
  const auto list = status->find("conditions");
  if (list == status->end()) return nullptr;
  for (const json& condition : *list) {
    if (condition.value("type", "") == kDisruptionAllowed) return &condition;
  }
  return nullptr;
}

std::string why_none(const json& budget) {
  const std::string begin = "The disruption budget " + kube::meta_text(budget, "name");
  const int64_t desired = status_number(budget, "desiredHealthy");
  const int64_t current = status_number(budget, "currentHealthy");
  const json* const condition = condition_in(budget);
  if (condition != nullptr && condition->value("reason", "") == "SyncFailed") {
    return begin + " does not allow evicting pods currently because it failed sync: " +
           condition->value("message", "");
  }
  if (current <= desired) {
    return begin + " needs " + std::to_string(desired) + " healthy pods and has " +
           std::to_string(current) + " currently";
  }
  return begin + " does not allow evicting pods currently";
}

Response success() {
  return answer(201, {{"kind", "Status"},
                      {"apiVersion", "v1"},
                      {"metadata", json::object()},
                      {"status", "Success"},
                      {"code", 201}});
}

}  // namespace

Response ApiServer::evict(const Route& route, const json& body) {
  const Kind& kind = *route.kind;
  if (const std::string given = kube::text_at(body, "kind");
      !given.empty() && given != "Eviction") {
    return bad_request(given + " cannot be handled as a Eviction");
  }
  if (kube::meta_text(body, "name") != route.name) {
    return bad_request("name in URL does not match name in Eviction object");
  }
  json options = body.value("deleteOptions", json::object());
  if (!options.is_object()) return bad_request("deleteOptions is not an object");
  Route way = route;
  if (!options.value("dryRun", json::array()).empty()) way.query["dryRun"] = "All";
  ObjectPtr pod = store_.find(kind, route.key());
  if (!pod) return not_found(kind, route.name);
  if (!can_ignore_budgets(*pod)) {
    if (auto refusal = ask_budgets(way, *pod)) return *refusal;
  }
  if (auto refusal = check_preconditions(kind, *pod, options)) return *refusal;
  options.erase("preconditions");  // what follows makes new versions by itself
  if (!way.is_dry_run()) {
    json marked = *pod;
    if (set_condition(marked, "DisruptionTarget", "True", "EvictionByEvictionAPI",
                      "Eviction API: evicting", clock_.wall_now())) {
      pod = commit(way, std::move(marked));
    }
  }
  const Response removed = remove_one(way, pod, options);
  return removed.status < 300 ? success() : removed;
}

std::optional<Response> ApiServer::ask_budgets(const Route& route, const json& pod) {
  const Kind& kind = kind_of(kube::kPodDisruptionBudgets);
  ObjectPtr budget;
  for (const auto& [key, one] : store_.all(kind)) {
    if (!selects(*one, pod)) continue;
    if (budget) {
      return answer_of(failure(500, "",
                               "This pod has more than one PodDisruptionBudget, which the eviction "
                               "subresource does not support."));
    }
    budget = one;
  }
  if (!budget || (!is_ready(pod) && may_go_unready(*budget))) return std::nullopt;
  const std::string name = kube::meta_text(*budget, "name");
  if (is_unobserved(*budget)) {
    return too_many_requests(
        "The disruption budget " + name + " is still being processed by the server.",
        kRetryAfterSeconds);
  }
  const int64_t allowed = status_number(*budget, "disruptionsAllowed");
  if (allowed <= 0) return too_many_requests(why_none(*budget), 0);
  json spent = *budget;
  spent["status"]["disruptionsAllowed"] = allowed - 1;
  if (allowed == 1) set_disruptions_allowed(spent, 0, clock_.wall_now());
  // Until it is deleted, or so much time has passed that it will not be, the controller does not
  // count it as one that serves.
  spent["status"]["disruptedPods"][kube::meta_text(pod, "name")] = format_time(clock_.wall_now());
  Route way = route;
  way.kind = &kind;
  way.name = name;
  way.subresource = "status";
  commit(way, std::move(spent));
  return std::nullopt;
}

}  // namespace processhub::testing
