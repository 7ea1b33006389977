#include "plan/pod.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/hash.h"
#include "plan/labels.h"
#include "plan/owner.h"

namespace processhub::plan {
namespace {

using nlohmann::json;

constexpr size_t kMaxHostname = 63;
constexpr int kMostNumber = 1'000'000'000;  // of a slot or incarnation that is believed
constexpr const char* kRoleVolume = "processhub-role";
const std::string kRoleDirectory = "/var/run/processhub";
const std::string kRoleFile = kRoleDirectory + "/role";

// The member `key` of `object` as an object or array of that kind, made where it is absent.
json& section(json& object, const char* key, json::value_t kind) {
  json& value = object[key];
  if (value.type() != kind) value = json(kind);
  return value;
}

// The name's end is what tells pods apart, so that is what is kept of a long one.
std::string hostname_of(std::string name) {
  std::replace(name.begin(), name.end(), '.', '-');
  if (name.size() > kMaxHostname) name = name.substr(name.size() - kMaxHostname);
  const size_t first = name.find_first_not_of('-');
  return name.substr(first);
}

bool is_empty_term(const json& term) {
  if (!term.is_object()) return true;
  return std::all_of(term.begin(), term.end(), [](const json& list) { return list.empty(); });
}

// Requirements within a term are ANDed, terms are ORed: so the node goes into every
// term. A term that is empty matches nothing, and would match with the node in it.
void pin(json& spec, const NodeName& node) {
  const json on_node = {{"key", "metadata.name"}, {"operator", "In"}, {"values", {node.str()}}};
  json& affinity = section(section(spec, "affinity", json::value_t::object), "nodeAffinity",
                           json::value_t::object);
  json& required =
      section(affinity, "requiredDuringSchedulingIgnoredDuringExecution", json::value_t::object);
  json& terms = section(required, "nodeSelectorTerms", json::value_t::array);
  if (terms.empty()) {
    terms.push_back({{"matchFields", {on_node}}});
    return;
  }
  for (json& term : terms) {
    if (is_empty_term(term)) continue;
    json& fields = section(term, "matchFields", json::value_t::array);
    fields.insert(fields.begin(), on_node);
  }
}

json to_json(const api::Toleration& toleration) {
  json out = {{"key", toleration.key}, {"operator", toleration.op}};
  if (!toleration.value.empty()) out["value"] = toleration.value;
  if (!toleration.effect.empty()) out["effect"] = toleration.effect;
  if (toleration.seconds) out["tolerationSeconds"] = *toleration.seconds;
  return out;
}

// The operator decides when a pod leaves a node, not the 300 s timer; so NoExecute of
// a lost node is tolerated without limit. Pressure is tolerated as by a DaemonSet's pods.
void tolerate(json& spec, const api::NodesSpec& nodes) {
  json& list = section(spec, "tolerations", json::value_t::array);
  const auto add = [&](json toleration) {
    if (std::find(list.begin(), list.end(), toleration) == list.end()) {
      list.push_back(std::move(toleration));
    }
  };
  for (const api::Toleration& toleration : nodes.tolerations) add(to_json(toleration));
  for (const char* key : {"node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"}) {
    // The template's own would end ours by its tolerationSeconds: the shortest counts.
    const auto is_this = [&](const json& t) {
      if (!t.is_object() || t.value("key", json()) != key) return false;
      const json effect = t.value("effect", json());
      return effect.is_null() || effect == json("") || effect == json("NoExecute");
    };
    list.erase(std::remove_if(list.begin(), list.end(), is_this), list.end());
    add({{"key", key}, {"operator", "Exists"}, {"effect", "NoExecute"}});
  }
  for (const char* key : {"node.kubernetes.io/memory-pressure", "node.kubernetes.io/disk-pressure",
                          "node.kubernetes.io/pid-pressure"}) {
    add({{"key", key}, {"operator", "Exists"}, {"effect", "NoSchedule"}});
  }
  if (nodes.on_cordon == api::OnCordon::kKeep) {
    add({{"key", "node.kubernetes.io/unschedulable"},
         {"operator", "Exists"},
         {"effect", "NoSchedule"}});
  }
}

void tell(json& spec, const HubFrame& frame, const PodIdentity& identity) {
  const std::pair<const char*, const std::string&> variables[] = {
      {"PROCESSHUB_HUB", frame.key.name},
      {"PROCESSHUB_CHILD", identity.child.meta.name},
      {"PROCESSHUB_NODE", identity.node.str()},
      {"PROCESSHUB_ROLE_FILE", kRoleFile},
  };
  for (const char* group : {"initContainers", "containers"}) {
    if (!spec.contains(group) || !spec[group].is_array()) continue;
    for (json& container : spec[group]) {
      if (!container.is_object()) continue;
      json& env = section(container, "env", json::value_t::array);
      json ours = json::array();  // first, so that the template's may refer to them
      for (const auto& [name, value] : variables) {
        const bool set = std::any_of(env.begin(), env.end(), [&name = name](const json& variable) {
          return variable.is_object() && variable.contains("name") && variable["name"] == name;
        });
        if (!set) ours.push_back({{"name", name}, {"value", value}});
      }
      ours.insert(ours.end(), env.begin(), env.end());
      env = std::move(ours);
    }
  }
}

// A volume whose files follow the pod's annotations: a pod that reads them needs no server.
void give_role_file(json& spec) {
  const auto file = [](const char* name, const char* annotation) -> json {
    return {{"path", name},
            {"fieldRef",
             {{"apiVersion", "v1"},
              {"fieldPath", "metadata.annotations['" + std::string(annotation) + "']"}}}};
  };
  const auto is_ours = [](const json& one) {
    return one.is_object() && one.value("name", json()) == kRoleVolume;
  };
  json& volumes = section(spec, "volumes", json::value_t::array);
  volumes.erase(std::remove_if(volumes.begin(), volumes.end(), is_ours), volumes.end());
  volumes.push_back({{"name", kRoleVolume},
                     {"downwardAPI",
                      {{"items", json::array({file("role", kRoleAnnotation),
                                              file("peers", kPeersAnnotation)})}}}});
  for (const char* group : {"initContainers", "containers"}) {
    if (!spec.contains(group) || !spec[group].is_array()) continue;
    for (json& container : spec[group]) {
      if (!container.is_object()) continue;
      json& mounts = section(container, "volumeMounts", json::value_t::array);
      mounts.erase(std::remove_if(mounts.begin(), mounts.end(), is_ours), mounts.end());
      mounts.push_back({{"name", kRoleVolume}, {"mountPath", kRoleDirectory}, {"readOnly", true}});
    }
  }
}

std::optional<int> number(const kube::StringMap& annotations, const char* key) {
  const auto found = annotations.find(key);
  if (found == annotations.end()) return std::nullopt;
  int value = 0;
  const char* const end = found->second.data() + found->second.size();
  const auto [at, error] = std::from_chars(found->second.data(), end, value);
  if (error != std::errc() || at != end || value < 0 || value > kMostNumber) return std::nullopt;
  return value;
}

}  // namespace

std::string pod_name(const api::ProcessHubChild& child, int slot, int incarnation) {
  const std::string identity =
      child.meta.uid.str() + "/" + std::to_string(slot) + "/" + std::to_string(incarnation);
  return child.meta.name + "-" + std::to_string(slot) + "-" + base32(hash64(identity), 5);
}

json build_pod(const HubFrame& frame, const PodTemplate& pod_template,
               const PodIdentity& identity) {
  const api::ProcessHubChild& child = identity.child;
  json pod = json::object();
  if (pod_template.json && pod_template.json->is_object()) pod = *pod_template.json;
  pod["apiVersion"] = "v1";
  pod["kind"] = "Pod";

  json& meta = section(pod, "metadata", json::value_t::object);
  meta["name"] = pod_name(child, identity.slot, identity.incarnation);
  meta["namespace"] = child.meta.ns;
  json& labels = section(meta, "labels", json::value_t::object);
  labels[kHubLabel] = frame.key.name;
  labels[kChildLabel] = child.meta.name;
  labels[kRevisionLabel] = pod_template.revision;
  labels[kHoldLabel] = "true";
  labels[kRoleLabel] = redundancy::to_string(identity.role.role);
  json& annotations = section(meta, "annotations", json::value_t::object);
  annotations[kSlotAnnotation] = std::to_string(identity.slot);
  annotations[kIncarnationAnnotation] = std::to_string(identity.incarnation);
  annotations[kNodeUidAnnotation] = identity.node_uid.str();
  annotations[kRoleAnnotation] = to_text(identity.role);
  annotations[kPeersAnnotation] = "[]";
  annotations.erase(kHomeAnnotation);
  if (!identity.home.empty()) annotations[kHomeAnnotation] = identity.home.str();
  meta["ownerReferences"] = json::array({owner_reference(kube::kProcessHubChildren, child.meta)});

  json& spec = section(pod, "spec", json::value_t::object);
  // Whoever binds it: its affinity says where it belongs, to people and to us.
  pin(spec, identity.node);
  switch (pod_template.pinning) {
    case api::Pinning::kAffinity:
      break;
    case api::Pinning::kBind:
      spec["schedulerName"] = kSchedulerName;
      break;
    case api::Pinning::kNodeName:
      spec["nodeName"] = identity.node.str();
      break;
  }
  tolerate(spec, frame.hub->spec.nodes);
  tell(spec, frame, identity);
  give_role_file(spec);
  if (frame.hub->spec.failover.fence == api::Fence::kNodeConfirmed) {
    section(spec, "schedulingGates", json::value_t::array).push_back({{"name", kFenceGate}});
  }
  if (!spec.contains("hostname")) {
    spec["hostname"] = hostname_of(meta["name"].get<std::string>());
  }
  // With 0 a delete drops the object at once while the container may still run.
  json& grace = spec["terminationGracePeriodSeconds"];
  if (grace.is_number_integer() && grace.get<int64_t>() < 1) grace = 1;
  if (grace.is_null()) spec.erase("terminationGracePeriodSeconds");
  return pod;
}

std::optional<SlotRef> slot_of(const kube::Pod& pod) {
  const auto slot = number(pod.meta.annotations, kSlotAnnotation);
  const auto incarnation = number(pod.meta.annotations, kIncarnationAnnotation);
  if (!slot || !incarnation || *incarnation < 1) return std::nullopt;
  return SlotRef{.slot = *slot, .incarnation = *incarnation};
}

bool has_revision(const kube::Pod& pod, const std::string& revision) {
  const auto label = pod.meta.labels.find(kRevisionLabel);
  return label != pod.meta.labels.end() && label->second == revision;
}

}  // namespace processhub::plan
