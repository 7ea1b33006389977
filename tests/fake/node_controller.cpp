#include "fake/node_controller.h"

#include <utility>

#include "fake/object_rules.h"
#include "fake/taints.h"
#include "kube/json_text.h"

namespace processhub::testing {

using nlohmann::json;

namespace {

constexpr const char* kNotReady = "node.kubernetes.io/not-ready";
constexpr const char* kUnreachable = "node.kubernetes.io/unreachable";
constexpr const char* kUnschedulable = "node.kubernetes.io/unschedulable";
constexpr const char* kOutOfService = "node.kubernetes.io/out-of-service";

std::string node_of(const json& pod) { return pod.at("spec").value("nodeName", ""); }

}  // namespace

NodeController::NodeController(ApiServer& server, const Clock& clock, NodeControllerOptions options)
    : server_(server), admin_(server), clock_(clock), options_(options) {}

bool NodeController::step() {
  listen();
  const Objects nodes = admin_.all(kube::kNodes);
  for (const auto& [name, node] : nodes) {
    if (check(*node)) return true;
  }
  return collect_orphans() || collect_out_of_service();
}

// By its own clock: a Lease that has changed has changed now.
void NodeController::listen() {
  const SteadyTime now = clock_.steady_now();
  for (const auto& [name, node] : admin_.all(kube::kNodes)) {
    const ObjectPtr lease = admin_.get(kube::kLeases, "kube-node-lease", name);
    const std::string renewed =
        lease ? lease->value(json::json_pointer("/spec/renewTime"), "") : std::string();
    const auto [at, fresh] = heartbeats_.try_emplace(kube::meta_text(*node, "uid"));
    if (!fresh && at->second.renewed == renewed) continue;
    at->second = {.renewed = renewed, .seen = now};
  }
}

bool NodeController::check(const json& node) {
  const std::string name = kube::meta_text(node, "name");
  const WallTime now = clock_.wall_now();
  const bool silent =
      clock_.steady_now() - heartbeats_.at(kube::meta_text(node, "uid")).seen > options_.grace;
  if (silent) {
    json lost = node;
    if (set_condition(lost, "Ready", "Unknown", "NodeStatusUnknown",
                      "Kubelet stopped posting node status.", now)) {
      return admin_.replace(kube::kNodes, lost, "status").ok();
    }
  }
  const std::string ready = condition_of(node, "Ready");
  if (taint(node, ready)) return true;
  if (ready != "True" && unready_pods(name)) return true;
  return evict(node);
}

bool NodeController::taint(const json& node, const std::string& ready) {
  const bool lost = ready == "Unknown" || ready.empty();
  const bool cordoned = node.at("spec").value("unschedulable", false);
  const json& present = list_at(node, "/spec/taints");
  json wanted = json::array();
  for (const json& taint : present) {
    const std::string key = taint.value("key", "");
    if ((key == kNotReady && ready != "False") || (key == kUnreachable && !lost) ||
        (key == kUnschedulable && !cordoned)) {
      continue;
    }
    wanted.push_back(taint);
  }
  const auto add = [&](const char* key, const char* effect, bool timed) {
    if (has_taint(node, key, effect)) return;
    json taint = {{"key", key}, {"effect", effect}};
    if (timed) taint["timeAdded"] = format_time(clock_.wall_now());
    wanted.push_back(std::move(taint));
  };
  if (cordoned) add(kUnschedulable, "NoSchedule", true);
  if (lost || ready == "False") {
    add(lost ? kUnreachable : kNotReady, "NoSchedule", true);
    add(lost ? kUnreachable : kNotReady, "NoExecute", true);
  }
  if (wanted == present) return false;
  json patch;
  patch["spec"]["taints"] = wanted.empty() ? json() : wanted;
  return admin_.merge(kube::kNodes, "", kube::meta_text(node, "name"), patch).ok();
}

bool NodeController::unready_pods(const std::string& node) {
  const Objects pods = admin_.all(kube::kPods);
  for (const auto& [key, pod] : pods) {
    if (node_of(*pod) != node || condition_of(*pod, "Ready") != "True") continue;
    json marked = *pod;
    set_condition(marked, "Ready", "False", "", "", clock_.wall_now());
    return admin_.replace(kube::kPods, marked, "status").ok();
  }
  return false;
}

bool NodeController::evict(const json& node) {
  const WallTime now = clock_.wall_now();
  for (const json& taint : list_at(node, "/spec/taints")) {
    if (taint.value("effect", "") != "NoExecute") continue;
    const WallTime since = parse_time(taint.value("timeAdded", "")).value_or(now);
    for (const auto& [key, pod] : admin_.all(kube::kPods)) {
      if (node_of(*pod) != kube::meta_text(node, "name") || is_deleting(*pod)) continue;
      if (const json* toleration = toleration_for(*pod, taint)) {
        const auto seconds = toleration->find("tolerationSeconds");
        if (seconds == toleration->end()) continue;
        if (now < since + std::chrono::seconds(seconds->get<int64_t>())) continue;
      }
      const json options = {{"preconditions", {{"uid", pod->at("metadata").at("uid")}}}};
      return admin_
          .remove(kube::kPods, kube::meta_text(*pod, "namespace"), kube::meta_text(*pod, "name"),
                  options)
          .ok();
    }
  }
  return false;
}

bool NodeController::collect_orphans() {
  const SteadyTime now = clock_.steady_now();
  std::map<std::string, SteadyTime> missing;
  const Objects pods = admin_.all(kube::kPods);
  for (const auto& [key, pod] : pods) {
    const std::string node = node_of(*pod);
    if (node.empty() || admin_.get(kube::kNodes, "", node)) continue;
    const auto before = missing_.find(node);
    missing.emplace(node, before == missing_.end() ? now : before->second);
  }
  missing_ = std::move(missing);
  for (const auto& [key, pod] : pods) {
    const auto since = missing_.find(node_of(*pod));
    if (since != missing_.end() && now - since->second >= options_.quarantine) return drop(*pod);
  }
  return false;
}

// Somebody vouches that the machine is off: what was to end there has.
bool NodeController::collect_out_of_service() {
  const Objects pods = admin_.all(kube::kPods);
  for (const auto& [key, pod] : pods) {
    if (node_of(*pod).empty() || !is_deleting(*pod)) continue;
    const ObjectPtr node = admin_.get(kube::kNodes, "", node_of(*pod));
    if (!node || condition_of(*node, "Ready") == "True") continue;
    if (has_taint(*node, kOutOfService, "NoExecute") ||
        has_taint(*node, kOutOfService, "NoSchedule")) {
      return drop(*pod);
    }
  }
  return false;
}

bool NodeController::drop(const json& pod) {
  const std::string ns = kube::meta_text(pod, "namespace");
  const std::string name = kube::meta_text(pod, "name");
  const std::string phase = pod.at("status").value("phase", "");
  if (phase != "Failed" && phase != "Succeeded") {
    return admin_.merge(kube::kPods, ns, name, {{"status", {{"phase", "Failed"}}}}, "status").ok();
  }
  const json options = {{"gracePeriodSeconds", 0},
                        {"preconditions", {{"uid", pod.at("metadata").at("uid")}}}};
  return admin_.remove(kube::kPods, ns, name, options).ok();
}

}  // namespace processhub::testing
