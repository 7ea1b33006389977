#include "sim/drains.h"

#include <algorithm>
#include <utility>

#include "kube/json_text.h"

namespace processhub::sim {

using nlohmann::json;
using testing::ObjectPtr;

namespace {

// As kubectl waits: after a refusal, and between two looks whether a pod is gone.
constexpr auto kRetry = std::chrono::seconds(5);
constexpr auto kPoll = std::chrono::seconds(1);

std::string owner_of(const json& pod) {
  for (const json& owner : pod.at("metadata").value("ownerReferences", json::array())) {
    if (owner.value("controller", false)) return owner.value("uid", "");
  }
  return "";
}

std::string slot_of(const json& pod) {
  return pod.at("metadata").value("annotations", json::object()).value("processhub.io/slot", "");
}

Uid uid_of(const json& object) { return Uid(kube::meta_text(object, "uid")); }

}  // namespace

Drains::Drains(World& world) : world_(world) {
  world_.add_part(kKubectl, {&kube::kNodes, &kube::kPods, &kube::kPodDisruptionBudgets},
                  [this] { return step(); });
  world_.server().observe([this](const testing::Change& change) {
    if (!drains_.empty() && change.after && change.kind->resource == kube::kProcessHubChildren) {
      on_child(*change.after);
    }
  });
}

void Drains::on_child(const json& child) {
  std::vector<std::string> slots;
  for (const json& one : child.value(json::json_pointer("/status/replicas"), json::array())) {
    slots.push_back(std::to_string(one.value("slot", 0)));
  }
  const std::string uid = kube::meta_text(child, "uid");
  for (auto& [node, drain] : drains_) {
    for (Pod& pod : drain.pods) {
      if (pod.child != uid) continue;
      pod.slot_lost =
          pod.slot_lost || std::find(slots.begin(), slots.end(), pod.slot) == slots.end();
    }
  }
}

void Drains::begin(const std::string& node, DrainOptions options) {
  const ObjectPtr found = world_.admin().get(kube::kNodes, "", node);
  if (!found) return;
  note("drains " + node);
  world_.admin().merge(kube::kNodes, "", node, {{"spec", {{"unschedulable", true}}}});
  drains_[node] = {.options = options, .node_uid = kube::meta_text(*found, "uid"), .begun = now()};
}

void Drains::give_up(const std::string& node) {
  const Drain drain = drains_.at(node);
  note("gives up on " + node);
  drains_.erase(node);
  if (drain.options.uncordons) uncordon(node);
}

void Drains::be_patient() {
  for (auto& [node, drain] : drains_) {
    drain.options.limit.reset();
    drain.options.uncordons = true;
  }
}

std::vector<std::string> Drains::open() const {
  std::vector<std::string> nodes;
  for (const auto& [node, drain] : drains_) nodes.push_back(node);
  return nodes;
}

bool Drains::step() {
  for (auto at = drains_.begin(); at != drains_.end();) {
    auto& [node, drain] = *at++;
    if (step(node, drain)) return true;
  }
  return false;
}

bool Drains::step(const std::string& node, Drain& drain) {
  const ObjectPtr found = world_.admin().get(kube::kNodes, "", node);
  if (!found || kube::meta_text(*found, "uid") != drain.node_uid ||
      !found->at("spec").value("unschedulable", false)) {
    note(node + " is drained by nobody any more");
    drains_.erase(std::string(node));
    return true;
  }
  if (drain.drained) {
    if (now() < *drain.drained + drain.options.rests) return false;
    const std::string name = node;
    drains_.erase(name);
    uncordon(name);
    return true;
  }
  if (drain.options.limit && now() >= drain.begun + *drain.options.limit) {
    give_up(std::string(node));
    return true;
  }
  if (!drain.listed) {
    list(node, drain);
    return true;
  }
  if (!drain.pods.empty()) return mind(node, drain);
  note(node + " is drained");
  drain.drained = now();
  return true;
}

void Drains::list(const std::string& node, Drain& drain) {
  drain.listed = true;
  for (const auto& [key, pod] : world_.admin().all(kube::kPods)) {
    if (pod->at("spec").value("nodeName", "") != node) continue;
    drain.pods.push_back({.ns = kube::meta_text(*pod, "namespace"),
                          .name = kube::meta_text(*pod, "name"),
                          .uid = uid_of(*pod),
                          .child = owner_of(*pod),
                          .slot = slot_of(*pod)});
  }
}

bool Drains::mind(const std::string& node, Drain& drain) {
  const auto due = std::find_if(drain.pods.begin(), drain.pods.end(),
                                [this](const Pod& pod) { return pod.next <= now(); });
  if (due == drain.pods.end()) return false;
  if (due->evicted) {
    const ObjectPtr pod = world_.admin().get(kube::kPods, due->ns, due->name);
    const bool gone = !pod || uid_of(*pod) != due->uid;
    due->next = now() + kPoll;
    if (gone) drain.pods.erase(due);
  } else if (evict(node, *due)) {
    drain.pods.erase(due);
  }
  return true;
}

bool Drains::evict(const std::string& node, Pod& pod) {
  // Who has that name now, as far as kubectl knows.
  const ObjectPtr found = world_.admin().get(kube::kPods, pod.ns, pod.name);
  if (found) pod.uid = uid_of(*found);
  const testing::Written written = world_.admin().evict(pod.ns, pod.name);
  switch (written.code) {
    case 201:
      note(pod.name + " is evicted");
      pod.evicted = true;
      return false;
    case 404:
      return true;
    case 429:
      if (!std::exchange(pod.refused, true)) note(pod.name + " is held");
      // What a slot that there is again is called, nobody remembers.
      if (pod.slot_lost && found->at("spec").value("nodeName", "") != node) {
        note(pod.name + " is another, elsewhere");
        return true;
      }
      pod.next = now() + kRetry;
      return false;
    default:
      world_.history().violate("12", "the eviction of " + pod.name +
                                         " ends a drain: " + std::to_string(written.code) + " " +
                                         kube::text_at(written.body, "message"));
      return true;
  }
}

void Drains::uncordon(const std::string& node) {
  note("uncordons " + node);
  world_.admin().merge(kube::kNodes, "", node, {{"spec", {{"unschedulable", nullptr}}}});
}

}  // namespace processhub::sim
