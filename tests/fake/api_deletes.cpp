// Of ApiServer: DELETE.
#include <algorithm>
#include <charconv>
#include <utility>

#include "fake/api_server.h"
#include "fake/object_rules.h"
#include "fake/status.h"
#include "kube/json_text.h"

namespace processhub::testing {

using kube::Method;
using kube::Response;

namespace {

// Of a request without a body.
json options_of(const Route& route) {
  json options = json::object();
  if (const std::string policy = route.value("propagationPolicy"); !policy.empty()) {
    options["propagationPolicy"] = policy;
  }
  const std::string text = route.value("gracePeriodSeconds");
  int64_t seconds = 0;
  const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (!text.empty() && error == std::errc()) options["gracePeriodSeconds"] = seconds;
  return options;
}

std::optional<int64_t> grace_of(const json& options) {
  const auto found = options.find("gracePeriodSeconds");
  if (found == options.end() || !found->is_number_integer()) return std::nullopt;
  return found->get<int64_t>();
}

// The finalizers for the garbage collector that the policy asks for, and no others of its.
void apply_policy(const json& options, json& object) {
  const std::string policy = options.value("propagationPolicy", "");
  if (policy.empty()) return;
  json& meta = object["metadata"];
  json kept = json::array();
  for (const json& one : meta.value("finalizers", json::array())) {
    if (one != "orphan" && one != "foregroundDeletion") kept.push_back(one);
  }
  if (policy == "Orphan") kept.push_back("orphan");
  if (policy == "Foreground") kept.push_back("foregroundDeletion");
  if (kept.empty()) {
    meta.erase("finalizers");
  } else {
    meta["finalizers"] = std::move(kept);
  }
}

}  // namespace

Response ApiServer::remove(const Route& route, const std::string& body) {
  const ObjectPtr before = store_.find(*route.kind, route.key());
  if (!before) return not_found(*route.kind, route.name);
  if (body.empty()) return remove_one(route, before, options_of(route));
  const json options = json::parse(body, nullptr, false);
  if (!options.is_object()) return bad_request("the delete options are no JSON object");
  // Beside a body the query says nothing, not even that this is a trial.
  Route bare = route;
  bare.query.clear();
  if (!options.value("dryRun", json::array()).empty()) bare.query["dryRun"] = "All";
  return remove_one(bare, before, options);
}

Response ApiServer::remove_one(const Route& route, const ObjectPtr& before, const json& options) {
  const Kind& kind = *route.kind;
  if (auto refusal = check_preconditions(kind, *before, options)) return *refusal;
  if (auto refusal = refused(route, Method::kDelete, before.get(), nullptr)) return *refusal;
  const WallTime now = clock_.wall_now();
  json after = *before;
  GracefulDelete how;
  if (kind.graceful) how = begin_delete(after, grace_of(options), now);
  if (how.pending) return show(route, 200, *before);
  apply_policy(options, after);
  if (has_finalizers(after)) {
    if (!how.graceful) mark_deleting(after, now);
    if (after == *before) return show(route, 200, *before);
    return show(route, 200, *commit(route, std::move(after)));
  }
  if (!how.graceful) return finalize(route, before);
  // Also a pod that goes at once is marked first, for its watchers to see.
  const ObjectPtr marked = commit(route, std::move(after));
  if (how.seconds > 0 || route.is_dry_run()) return show(route, 200, *marked);
  return finalize(route, marked);
}

Response ApiServer::finalize(const Route& route, const ObjectPtr& before) {
  if (!route.is_dry_run()) announce(store_.remove(*route.kind, route.key()));
  if (route.kind->returns_deleted) return show(route, 200, *before);
  return deleted(*route.kind, *before);
}

}  // namespace processhub::testing
