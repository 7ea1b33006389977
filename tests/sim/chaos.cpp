#include "sim/chaos.h"

#include <algorithm>

#include "sim/end_state.h"

#include "fake/object_rules.h"
#include "kube/json_text.h"

namespace processhub::sim {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Fate;
using testing::ObjectPtr;

namespace {

constexpr const char* kOutOfService = "node.kubernetes.io/out-of-service";

std::string name_of(const json& object) { return kube::meta_text(object, "name"); }

}  // namespace

Fate Chaos::fate(const kube::Request& request) {
  if (healed_) return {};
  const bool write = request.method != kube::Method::kGet;
  if (settings_.has(Fault::kRequests) && dice_.permille(40)) {
    switch (dice_.below(8)) {
      case 0:
        return Fate::unreachable();
      case 1:
        return Fate::lost_before();
      case 2:
        return Fate::lost_after();
      case 3:
        return Fate::silent();
      case 4:
        return Fate::refused({.status = 503, .body = "no"});
      case 5:
        return Fate::refused({.status = 429, .body = "slowly", .retry_after = milliseconds(1000)});
      case 6:
        return Fate::replaced({.status = 504, .body = "too late"});
      default:
        return Fate::late(milliseconds(dice_.below(3000)), milliseconds(dice_.below(3000)));
    }
  }
  if (write && settings_.has(Fault::kLateWrites) && dice_.permille(60)) {
    return Fate::late(milliseconds(dice_.between(1000, 90'000)));
  }
  return {};
}

void Chaos::strike() {
  if (settings_.kinds.empty()) return;
  const std::vector<Fault> kinds(settings_.kinds.begin(), settings_.kinds.end());
  world_.act("user", [&] { strike(dice_.pick(kinds)); });
  world_.wake();
}

void Chaos::strike(Fault kind) {
  switch (kind) {
    case Fault::kCrashNode:
    case Fault::kDeleteNode:
    case Fault::kOutOfService:
    case Fault::kPartition:
    case Fault::kSlowKubelet:
    case Fault::kCordon:
    case Fault::kNodeLabels:
    case Fault::kDrain:
      return nodes(kind);
    case Fault::kDeletePod:
    case Fault::kFailPod:
    case Fault::kUnreadyPod:
    case Fault::kPodAnswers:
      return pods(kind);
    case Fault::kWatches:
    case Fault::kCrashOperator:
    case Fault::kStallOperator:
    case Fault::kDeleteLease:
      return process(kind);
    case Fault::kSpec:
    case Fault::kPause:
    case Fault::kRemakeChild:
    case Fault::kFenceChange:
    case Fault::kSwitchTo:
    case Fault::kSuspend:
      return specs(kind);
    case Fault::kTamperStatus:
    case Fault::kTamperPods:
      return tamper(kind);
    case Fault::kRequests:
    case Fault::kLateWrites:
      return;  // drawn with each request
  }
}

// --- machines ---

Chaos::Kubelet* Chaos::any_machine() {
  auto at = world_.machines().begin();
  std::advance(at, dice_.below(static_cast<int>(world_.machines().size())));
  return at->second.get();
}

// Whoever switches it on again has taken the taint off, and the Node is there or is made anew.
void Chaos::start_machine(Kubelet& machine) {
  if (const ObjectPtr node = world_.admin().get(kube::kNodes, "", machine.node())) {
    json taints = json::array();
    for (const json& taint : node->at("spec").value("taints", json::array())) {
      if (taint.value("key", "") != kOutOfService) taints.push_back(taint);
    }
    world_.admin().merge(kube::kNodes, "", machine.node(), {{"spec", {{"taints", taints}}}});
  }
  machine.start();
  machine.join();
}

void Chaos::take_out_of_service(const std::string& name, const json& node) {
  json taints = node.at("spec").value("taints", json::array());
  taints.push_back({{"key", kOutOfService}, {"value", "off"}, {"effect", "NoExecute"}});
  note(name + " is tainted out-of-service");
  world_.admin().merge(kube::kNodes, "", name, {{"spec", {{"taints", taints}}}});
}

void Chaos::lose_for_good(Kubelet& machine) {
  const std::string& name = machine.node();
  if (machine.is_up()) {
    note(name + " loses power, for good");
    machine.crash();
  }
  machine.partition(false);
  const ObjectPtr node = world_.admin().get(kube::kNodes, "", name);
  if (!node) return;
  if (settings_.lost_for_good == Loss::kDeleted) {
    note(name + " is deleted");
    world_.admin().remove(kube::kNodes, "", name);
  } else if (settings_.lost_for_good == Loss::kOutOfService) {
    take_out_of_service(name, *node);
  }
}

// From the API server, or from the operators, or both.
void Chaos::partition(Kubelet& machine) {
  const std::string& name = machine.node();
  if (machine.is_partitioned() || world_.pods_are_cut_off(name)) {
    note(name + " is heard of and reached again");
    machine.partition(false);
    return world_.cut_off_pods(name, false);
  }
  const int side = dice_.below(3);
  note(name + std::vector<std::string>{" is cut off", " is not heard of any more",
                                       " is not reached any more"}[static_cast<size_t>(side)]);
  machine.partition(side != 2);
  world_.cut_off_pods(name, side != 1);
}

void Chaos::drain(const std::string& node) {
  if (drains_.is_open(node)) return drains_.give_up(node);
  DrainOptions options{.uncordons = dice_.below(2) == 0,
                       .rests = seconds(dice_.pick<int>({0, 5, 60}))};
  if (const int limit = dice_.pick<int>({0, 20, 60, 300}); limit > 0) {
    options.limit = seconds(limit);
  }
  drains_.begin(node, options);
}

// With fewer nodes left than a child has replicas its pods stay where they are, and the budget
// holds them: that is what it is for.
void Chaos::give_up_hopeless_drains() {
  const json hub = *world_.admin().get(kube::kProcessHubs, kNamespace, kHub);
  const size_t wanted = replicas_of(hub).value_or(1);
  for (const std::string& node : drains_.open()) {
    size_t left = 0;
    for (const auto& [name, one] : world_.admin().all(kube::kNodes)) {
      const bool usable =
          !drains_.is_open(name) && is_for(hub, *one) && world_.machines().at(name)->is_up();
      if (usable) ++left;
    }
    if (left < wanted) drains_.give_up(node);
  }
}

void Chaos::nodes(Fault kind) {
  Kubelet& machine = *any_machine();
  const std::string& name = machine.node();
  const ObjectPtr node = world_.admin().get(kube::kNodes, "", name);
  switch (kind) {
    case Fault::kCrashNode:
      if (machine.is_up()) {
        note(name + " loses power");
        machine.crash();
      } else {
        note(name + " is on again");
        start_machine(machine);
      }
      return;
    case Fault::kDeleteNode:
      if (!machine.is_up()) {
        if (node) {
          note(name + " is deleted");
          world_.admin().remove(kube::kNodes, "", name);
        } else {
          note(name + " is on again, as another Node");
          machine.start();
          machine.join();
        }
      } else if (dice_.below(2) == 0) {
        note("another machine takes the name " + name);
        machine.replace();
      } else {
        note(name + " loses power");
        machine.crash();
      }
      return;
    case Fault::kOutOfService:
      if (!node) return;
      if (machine.is_up()) {
        note(name + " loses power");
        machine.crash();
      } else if (!testing::condition_of(*node, "Ready").starts_with("T")) {
        take_out_of_service(name, *node);
      }
      return;
    case Fault::kPartition:
      return partition(machine);
    case Fault::kDrain:
      return drain(name);
    case Fault::kSlowKubelet: {
      const bool on = dice_.below(2) == 0;
      const int what = dice_.below(3);
      note(name + (on ? " is slow to " : " is quick to ") +
           std::vector<std::string>{"start pods", "see changes",
                                    "end pods"}[static_cast<size_t>(what)]);
      if (what == 0) machine.hold_starts(on);
      if (what == 1) machine.hold_sight(on);
      if (what == 2) machine.hold_ends(on);
      return;
    }
    case Fault::kCordon: {
      if (!node) return;
      const bool on = !node->at("spec").value("unschedulable", false);
      note(name + (on ? " is cordoned" : " is uncordoned"));
      world_.admin().merge(kube::kNodes, "", name, {{"spec", {{"unschedulable", on}}}});
      return;
    }
    default: {
      if (!node) return;
      const bool in = node->at("metadata").at("labels").value("pool", "") == "a";
      note(name + (in ? " leaves the selector" : " comes into the selector"));
      world_.admin().merge(kube::kNodes, "", name,
                           {{"metadata", {{"labels", {{"pool", in ? "b" : "a"}}}}}});
    }
  }
}

// --- pods ---

ObjectPtr Chaos::any(const kube::Resource& resource) {
  const testing::Objects& all = world_.admin().all(resource);
  if (all.empty()) return nullptr;
  return std::next(all.begin(), dice_.below(static_cast<int>(all.size())))->second;
}

// Its containers have ended before the API server knows.
void Chaos::fail_pod(Kubelet& machine, const Uid& uid) {
  const PodKey key = machine.running().at(uid).key;
  machine.hold_ends(false);
  machine.hold_sight(false);
  world_.admin().merge(kube::kPods, key.ns, key.name, {{"status", {{"phase", "Failed"}}}},
                       "status");
  while (machine.running().contains(uid) && machine.step()) {
  }
}

void Chaos::pods(Fault kind) {
  const ObjectPtr pod = any(kube::kPods);
  if (!pod) return;
  const std::string name = name_of(*pod);
  const Uid uid(kube::meta_text(*pod, "uid"));
  if (kind == Fault::kDeletePod) {
    note("a user deletes " + name);
    world_.admin().remove(kube::kPods, kNamespace, name);
    return;
  }
  const auto at = world_.machines().find(pod->at("spec").value("nodeName", ""));
  if (at == world_.machines().end() || !at->second->running().contains(uid)) return;
  Kubelet& machine = *at->second;
  if (kind == Fault::kPodAnswers) {
    const int mood = dice_.below(4);
    note(name + " answers " +
         std::vector<std::string>{"well", "500", "never", "slowly"}[static_cast<size_t>(mood)]);
    world_.set_mood(uid, static_cast<World::Mood>(mood));
  } else if (kind == Fault::kUnreadyPod) {
    const bool ready = machine.running().at(uid).ready;
    note(name + (ready ? " is not Ready any more" : " is Ready again"));
    machine.set_ready(uid, !ready);
  } else if (!machine.is_partitioned() && machine.is_up()) {
    note(name + " fails");
    fail_pod(machine, uid);
  }
}

}  // namespace processhub::sim
