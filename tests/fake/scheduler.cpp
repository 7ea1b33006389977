#include "fake/scheduler.h"

#include <algorithm>
#include <cstdlib>
#include <map>

#include "fake/object_rules.h"
#include "fake/taints.h"
#include "kube/json_text.h"

namespace processhub::testing {

using nlohmann::json;

namespace {

bool contains(const json& list, const std::string& text) {
  return std::find(list.begin(), list.end(), json(text)) != list.end();
}

// One requirement of a term, on the value that the node has for its key.
bool holds(const json& requirement, const json& value) {
  const std::string op = requirement.value("operator", "");
  const json& values = list_at(requirement, "/values");
  const bool has = value.is_string();
  if (op == "Exists") return has;
  if (op == "DoesNotExist") return !has;
  if (op == "In") return has && contains(values, value.get<std::string>());
  if (op == "NotIn") return !has || !contains(values, value.get<std::string>());
  return false;
}

bool matches(const json& term, const json& node) {
  const json labels = node.at("metadata").value("labels", json::object());
  const json& expressions = list_at(term, "/matchExpressions");
  const json& fields = list_at(term, "/matchFields");
  if (expressions.empty() && fields.empty()) return false;
  return std::all_of(expressions.begin(), expressions.end(),
                     [&](const json& requirement) {
                       return holds(requirement,
                                    labels.value(requirement.value("key", ""), json()));
                     }) &&
         std::all_of(fields.begin(), fields.end(), [&](const json& requirement) {
           return requirement.value("key", "") == "metadata.name" &&
                  holds(requirement, node.at("metadata").at("name"));
         });
}

bool is_selected(const json& pod, const json& node) {
  const json labels = node.at("metadata").value("labels", json::object());
  const json selector = pod.at("spec").value("nodeSelector", json::object());
  for (const auto& [key, value] : selector.items()) {
    if (labels.value(key, json()) != value) return false;
  }
  static const char* const kTerms =
      "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/"
      "nodeSelectorTerms";
  if (!pod.contains(json::json_pointer(kTerms))) return true;
  const json& terms = list_at(pod, kTerms);
  return std::any_of(terms.begin(), terms.end(),
                     [&](const json& term) { return matches(term, node); });
}

}  // namespace

bool Scheduler::step() {
  // Copies: a write moves the maps.
  const Objects pods = admin_.all(kube::kPods);
  const Objects nodes = admin_.all(kube::kNodes);
  for (const auto& [key, pod] : pods) {
    const json& spec = pod->at("spec");
    if (!spec.value("nodeName", "").empty() || is_deleting(*pod)) continue;
    if (!list_at(*pod, "/spec/schedulingGates").empty()) continue;
    if (spec.value("schedulerName", "default-scheduler") != "default-scheduler") continue;
    const std::string ns = kube::meta_text(*pod, "namespace");
    const std::string name = kube::meta_text(*pod, "name");
    std::map<std::string, int> obstacles;
    for (const auto& [node_name, node] : nodes) {
      const std::string problem = obstacle(*pod, *node);
      if (problem.empty()) return admin_.bind(ns, name, node_name).ok();
      ++obstacles[problem];
    }
    json marked = *pod;
    std::string message = "0/" + std::to_string(nodes.size()) + " nodes are available";
    for (const auto& [problem, count] : obstacles) {
      message += (problem == obstacles.begin()->first ? ": " : ", ") + std::to_string(count) + " " +
                 problem;
    }
    if (set_condition(marked, "PodScheduled", "False", "Unschedulable", message + ".",
                      server_.clock().wall_now())) {
      return admin_.replace(kube::kPods, marked, "status").ok();
    }
  }
  return false;
}

std::string Scheduler::obstacle(const json& pod, const json& node) const {
  if (!is_selected(pod, node)) return "node(s) didn't match Pod's node affinity/selector";
  static const json kCordon = {{"key", "node.kubernetes.io/unschedulable"},
                               {"effect", "NoSchedule"}};
  if (node.at("spec").value("unschedulable", false) && toleration_for(pod, kCordon) == nullptr) {
    return "node(s) were unschedulable";
  }
  for (const json& taint : list_at(node, "/spec/taints")) {
    const std::string effect = taint.value("effect", "");
    if (effect == "PreferNoSchedule" || toleration_for(pod, taint) != nullptr) continue;
    return "node(s) had untolerated taint(s)";
  }
  return is_full(node) ? "Too many pods" : "";
}

bool Scheduler::is_full(const json& node) const {
  const json most = node.value(json::json_pointer("/status/allocatable/pods"), json());
  if (!options_.by_count || most.is_null()) return false;
  const long limit = most.is_string() ? std::strtol(most.get<std::string>().c_str(), nullptr, 10)
                                      : most.get<long>();
  const std::string name = kube::meta_text(node, "name");
  const Objects& pods = admin_.all(kube::kPods);
  return std::count_if(pods.begin(), pods.end(), [&](const auto& entry) {
           const json& pod = *entry.second;
           const std::string phase = pod.at("status").value("phase", "");
           return pod.at("spec").value("nodeName", "") == name && phase != "Succeeded" &&
                  phase != "Failed";
         }) >= limit;
}

}  // namespace processhub::testing
