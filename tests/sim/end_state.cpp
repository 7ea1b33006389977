#include "sim/end_state.h"

#include <algorithm>

#include "sim/process.h"
#include "sim/settings.h"

#include "fake/object_rules.h"
#include "kube/json_text.h"

namespace processhub::sim {

using nlohmann::json;

namespace {

std::string label_of(const json& object, const char* key) {
  return object.at("metadata").value("labels", json::object()).value(key, "");
}

std::string text_at(const json& object, const char* path) {
  return object.value(json::json_pointer(path), std::string());
}

bool is_ready(const json& node) { return testing::condition_of(node, "Ready") == "True"; }

bool is_well(World& world, const json& pod) {
  const auto node = world.admin().get(kube::kNodes, "", pod.at("spec").value("nodeName", ""));
  return node && is_ready(*node);
}

// Without those that are Terminating where nobody can end them.
std::vector<testing::ObjectPtr> pods_of(World& world, const std::string& child) {
  std::vector<testing::ObjectPtr> pods;
  for (const auto& [key, pod] : world.admin().all(kube::kPods)) {
    if (label_of(*pod, "processhub.io/child") != child) continue;
    if (!testing::is_deleting(*pod) || is_well(world, *pod)) pods.push_back(pod);
  }
  return pods;
}

// The nodes that the hub can use: none that is Ready is cordoned.
size_t usable_nodes(World& world, const json& hub) {
  size_t count = 0;
  for (const auto& [key, node] : world.admin().all(kube::kNodes)) {
    if (is_ready(*node) && is_for(hub, *node)) ++count;
  }
  return count;
}

std::string wrong_with_service(World& world, const json& hub, const std::string& child,
                               bool peers) {
  if (!hub.at("spec").contains("service")) return "";
  const auto service = world.admin().get(testing::kServices, kNamespace, child);
  if (!service) return child + " has no Service";
  const bool selects_active =
      service->at("spec").value("selector", json::object()).contains("processhub.io/role");
  return selects_active == peers ? child + ": its Service selects the wrong pods" : "";
}

std::string wrong_with(World& world, const json& hub, const json& child) {
  const std::string name = kube::meta_text(child, "name");
  const json redundancy = hub.at("spec").value("redundancy", json::object());
  const bool single = redundancy.value("strategy", "Singularity") == "Singularity";
  const json replication = redundancy.value("replication", json::object());
  const bool peers = !single && replication.value("model", "ActiveActive") == "ActiveActive";
  const auto factor = replicas_of(hub);
  const size_t usable = usable_nodes(world, hub);
  const size_t wanted = std::min(usable, factor.value_or(usable));
  const auto pods = pods_of(world, name);
  if (pods.size() != wanted) {
    return name + " has " + std::to_string(pods.size()) + " pods, not " + std::to_string(wanted);
  }
  std::set<std::string> nodes;
  int active = 0;
  for (const auto& pod : pods) {
    const std::string pod_name = kube::meta_text(*pod, "name");
    nodes.insert(pod->at("spec").value("nodeName", ""));
    if (testing::is_deleting(*pod)) return pod_name + " is being deleted for ever";
    if (testing::condition_of(*pod, "Ready") != "True") return pod_name + " is not Ready";
    const std::string role = label_of(*pod, "processhub.io/role");
    const std::string told = text_at(*pod, "/metadata/annotations/processhub.io~1role");
    const bool leads = role == "active";
    if (leads) ++active;
    if (peers && role != "peer") return pod_name + " is no peer but " + role;
    const std::string epoch =
        std::to_string(child.value(json::json_pointer("/status/epoch"), int64_t{0}));
    if (told != role + " " + epoch) {
      return pod_name + " is labelled " + role + ", told \"" + told + "\" at epoch " + epoch;
    }
    if (leads && text_at(child, "/status/active/podUID") != kube::meta_text(*pod, "uid")) {
      return pod_name + " leads, and status.active names another";
    }
  }
  if (nodes.size() != pods.size()) return name + " has two pods on one node";
  if (wanted > 0 && !peers && active != 1) {
    return name + " has " + std::to_string(active) + " active pods";
  }
  size_t listed = 0;
  for (const json& one : child.value(json::json_pointer("/status/replicas"), json::array())) {
    const auto node = world.admin().get(kube::kNodes, "", one.value("node", ""));
    if (node && is_ready(*node)) ++listed;
  }
  if (listed != pods.size()) return name + ": its status lists other replicas than there are";
  if (std::string wrong = wrong_with_service(world, hub, name, peers); !wrong.empty()) {
    return wrong;
  }
  const bool complete = !factor || usable >= *factor;
  if (wanted > 0 && complete && testing::condition_of(child, "Ready") != "True") {
    return name + ": its condition Ready is " + testing::condition_of(child, "Ready");
  }
  if (testing::condition_of(child, "Migrating") == "True") return name + " moves for ever";
  if (child.at("metadata")
          .value("annotations", json::object())
          .contains("processhub.io/switch-to")) {
    return name + ": its command switch-to stays for ever";
  }
  return "";
}

}  // namespace

bool is_for(const json& hub, const json& node) {
  return !hub.at("spec").contains(json::json_pointer("/nodes/selector")) ||
         label_of(node, "pool") == "a";
}

std::optional<size_t> replicas_of(const json& hub) {
  const json redundancy = hub.at("spec").value("redundancy", json::object());
  if (redundancy.value("strategy", "Singularity") == "Singularity") return 1;
  const json factor = redundancy.value("replication", json::object()).value("factor", json(2));
  if (factor.is_string()) return std::nullopt;
  return factor.get<size_t>();
}

std::map<std::string, ChildState> children_of(World& world) {
  std::map<std::string, ChildState> states;
  for (const auto& [key, child] : world.admin().all(kube::kProcessHubChildren)) {
    const std::string name = kube::meta_text(*child, "name");
    ChildState& state = states[name];
    for (const auto& pod : pods_of(world, name)) {
      ++state.pods;
      state.nodes.insert(pod->at("spec").value("nodeName", ""));
      state.revisions.insert(label_of(*pod, "processhub.io/revision"));
    }
  }
  return states;
}

std::string wrong_at_rest(World& world) {
  for (const auto& [key, child] : world.admin().all(kube::kProcessHubChildren)) {
    const auto hub = world.admin().get(kube::kProcessHubs, kube::meta_text(*child, "namespace"),
                                       text_at(*child, "/spec/hub"));
    if (std::string wrong = wrong_with(world, *hub, *child); !wrong.empty()) return wrong;
  }
  for (const auto& [key, pod] : world.admin().all(kube::kPods)) {
    const std::string child = label_of(*pod, "processhub.io/child");
    if (testing::is_deleting(*pod) && !is_well(world, *pod)) continue;
    if (!world.admin().get(kube::kProcessHubChildren, kube::meta_text(*pod, "namespace"), child)) {
      return kube::meta_text(*pod, "name") + " belongs to nobody";
    }
  }
  return "";
}

std::map<std::string, ChildState> without_faults(World& world) {
  testing::FakeClock clock;
  History history(clock, false);
  World calm(clock, history);
  for (const auto& [key, node] : world.admin().all(kube::kNodes)) {
    if (is_ready(*node)) calm.add_machine(key, node->at("metadata").at("labels"));
  }
  const auto copy = [&](const kube::Resource& resource) {
    for (const auto& [key, object] : world.admin().all(resource)) {
      const json meta = {{"name", kube::meta_text(*object, "name")},
                         {"namespace", kube::meta_text(*object, "namespace")}};
      calm.admin().create(resource, {{"apiVersion", object->at("apiVersion")},
                                     {"kind", object->at("kind")},
                                     {"metadata", meta},
                                     {"spec", object->at("spec")}});
    }
  };
  copy(kube::kProcessHubs);
  copy(kube::kProcessHubChildren);
  const auto settle = [&](Process* process, Duration silence) {
    int64_t version = -1;
    SteadyTime since = clock.steady_now();
    const SteadyTime end = since + std::chrono::minutes(5);
    while (clock.steady_now() < end) {
      bool worked = false;
      for (World::Part* part : calm.runnable()) worked = calm.step(*part) || worked;
      while (process != nullptr && process->runnable()) {
        process->step();
        worked = true;
      }
      if (worked) {
        if (version != calm.server().store().version()) since = clock.steady_now();
        version = calm.server().store().version();
        continue;
      }
      // Leases are renewed every 10 s: twice in silence.
      if (clock.steady_now() - since >= silence) return;
      clock.move(std::chrono::seconds(1));
    }
  };
  settle(nullptr, std::chrono::seconds(2));
  Process process(
      calm, {.name = "op-calm", .elected = false}, [](const auto&) { return testing::Fate{}; },
      [](const auto&, const auto&) {});
  process.start();
  settle(&process, std::chrono::seconds(9));
  return children_of(calm);
}

}  // namespace processhub::sim
