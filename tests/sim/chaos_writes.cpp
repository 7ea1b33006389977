#include <algorithm>

#include "sim/chaos.h"

#include "fake/object_rules.h"
#include "kube/json_text.h"

namespace processhub::sim {

using nlohmann::json;
using std::chrono::seconds;
using testing::ObjectPtr;

namespace {

std::string name_of(const json& object) { return kube::meta_text(object, "name"); }

}  // namespace

// --- operators ---

Process* Chaos::any_process() {
  std::vector<Process*> alive;
  for (const auto& process : processes_) {
    if (!process->is_dead()) alive.push_back(process.get());
  }
  return alive.empty() ? nullptr : dice_.pick(alive);
}

void Chaos::mind_watches(Process& process) {
  const auto streams = process.transport().streams();
  if (streams.empty()) return;
  const auto& stream = dice_.pick(streams);
  const std::string what =
      stream->kind() == nullptr ? "a" : std::string(stream->kind()->resource.plural);
  static const std::vector<std::string> kWhat = {"is held", "is held",      "flows",
                                                 "is cut",  "lets some by", "ends with 410"};
  const int how = dice_.below(6);
  note("the watch of " + process.name() + " on " + what + " " + kWhat[static_cast<size_t>(how)]);
  if (how <= 1) stream->hold();
  if (how == 2) stream->flow();
  if (how == 3) stream->cut();
  if (how == 4) static_cast<void>(stream->release(dice_.between(1, 4)));
  if (how == 5) stream->expire();
}

void Chaos::process(Fault kind) {
  if (kind == Fault::kDeleteLease) {
    note("the Lease is deleted");
    world_.admin().remove(kube::kLeases, "default", "processhub-operator");
    return;
  }
  Process* const process = any_process();
  if (process == nullptr) return;
  if (kind == Fault::kWatches) return mind_watches(*process);
  if (kind == Fault::kStallOperator) {
    const int time = dice_.pick<int>({1, 5, 12, 20, 40});
    note(process->name() + " stands still for " + std::to_string(time) + " s");
    process->stall(world_.clock().steady_now() + seconds(time));
  } else if (dice_.below(4) == 0) {
    process->crash();
  } else {
    const int writes = dice_.between(1, 6);
    const bool before = dice_.below(2) == 0;
    note(process->name() + " will crash " + (before ? "before" : "after") + " write " +
         std::to_string(writes) + " from now");
    process->crash_at_write(writes, before);
  }
}

// --- specs ---

void Chaos::edit_hub(const json& patch) {
  world_.admin().merge(kube::kProcessHubs, kNamespace, kHub, patch);
}

void Chaos::remake_child() {
  const std::string name = "c" + std::to_string(dice_.below(settings_.children));
  const bool there = world_.admin().get(kube::kProcessHubChildren, kNamespace, name) != nullptr;
  if (there) {
    note(name + " is deleted");
    world_.admin().remove(kube::kProcessHubChildren, kNamespace, name);
  }
  if (there && dice_.below(2) == 0) return;
  note(name + " is made again");
  world_.admin().create(kube::kProcessHubChildren, testing::sample_child(kNamespace, name, kHub));
}

void Chaos::suspend(const json& child, bool on) {
  note(name_of(child) + (on ? " is suspended" : " shall run again"));
  world_.admin().merge(kube::kProcessHubChildren, kNamespace, name_of(child),
                       {{"spec", {{"suspended", on ? json(true) : json()}}}});
}

void Chaos::specs(Fault kind) {
  if (kind == Fault::kFenceChange) {
    const bool fenced = dice_.below(2) == 0;
    note(fenced ? "the fence is NodeConfirmed" : "the fence is None");
    invariants_.fence_changed();
    return edit_hub({{"spec", {{"failover", {{"fence", fenced ? "NodeConfirmed" : "None"}}}}}});
  }
  if (kind == Fault::kPause) {
    const ObjectPtr hub = world_.admin().get(kube::kProcessHubs, kNamespace, kHub);
    const bool pauses = !hub->at("spec").value("paused", false);
    note(pauses ? "the hub is paused" : "the hub goes on");
    return edit_hub({{"spec", {{"paused", pauses}}}});
  }
  if (kind == Fault::kRemakeChild) return remake_child();
  if (kind == Fault::kSuspend) {
    const ObjectPtr child = any(kube::kProcessHubChildren);
    if (child) suspend(*child, !child->at("spec").value("suspended", false));
    return;
  }
  if (kind == Fault::kSwitchTo) {
    const ObjectPtr child = any(kube::kProcessHubChildren);
    if (!child) return;
    const std::string node =
        dice_.below(4) == 0 ? "nowhere" : "node-" + std::to_string(dice_.below(settings_.nodes));
    note(name_of(*child) + " shall switch to " + node);
    world_.admin().merge(kube::kProcessHubChildren, kNamespace, name_of(*child),
                         {{"metadata", {{"annotations", {{"processhub.io/switch-to", node}}}}}});
    return;
  }
  if (dice_.below(3) == 0) {
    const std::string image = "app:" + std::to_string(++templates_);
    note("the template changes to " + image);
    const json containers = {{{"name", "main"}, {"image", image}}};
    return edit_hub({{"spec", {{"template", {{"spec", {{"containers", containers}}}}}}}});
  }
  if (dice_.below(3) == 0) {
    const json failover = draw_failover(dice_);
    const json tolerance = draw_partition_tolerance(dice_);
    note("failover changes to " + failover.dump() + ", tolerance to " + tolerance.dump());
    return edit_hub({{"spec", {{"failover", failover}, {"partitionTolerance", tolerance}}}});
  }
  const json redundancy = draw_redundancy(dice_, settings_);
  note("redundancy changes to " + redundancy.dump());
  edit_hub({{"spec", {{"redundancy", redundancy}}}});
}

// --- a user who edits what is the operator's ---

bool Chaos::is_in_a_status(const json& pod) const {
  for (const auto& [key, child] : world_.admin().all(kube::kProcessHubChildren)) {
    const json replicas = child->value(json::json_pointer("/status/replicas"), json::array());
    for (const json& replica : replicas) {
      if (replica.value("podUID", "") == kube::meta_text(pod, "uid")) return true;
    }
  }
  return false;
}

void Chaos::tamper(Fault kind) {
  const ObjectPtr pod = any(kube::kPods);
  const ObjectPtr child = any(kube::kProcessHubChildren);
  if (!child) return;
  if (kind == Fault::kTamperStatus) {
    invariants_.tampered(kube::meta_text(*child, "uid"));
    json status = json::object();
    const int64_t epoch = child->value(json::json_pointer("/status/epoch"), int64_t{0});
    switch (dice_.below(3)) {
      case 0:
        note("a user sets back the epoch of " + name_of(*child));
        status["epoch"] = std::max<int64_t>(0, epoch - dice_.between(1, 5));
        break;
      case 1:
        note("a user takes status.active off " + name_of(*child));
        status["active"] = nullptr;
        break;
      default: {
        if (!pod) return;
        note("a user makes " + name_of(*pod) + " the active one of " + name_of(*child));
        status["active"] = {{"node", pod->at("spec").value("nodeName", "")},
                            {"pod", name_of(*pod)},
                            {"podUID", kube::meta_text(*pod, "uid")},
                            {"nodeUID", "x"},
                            {"sinceTime", "2026-01-02T00:00:00Z"}};
      }
    }
    world_.admin().merge(kube::kProcessHubChildren, kNamespace, name_of(*child),
                         {{"status", status}}, "status");
    return;
  }
  if (!pod) return;
  for (const json& owner : pod->at("metadata").value("ownerReferences", json::array())) {
    invariants_.tampered(owner.value("uid", ""));
  }
  json labels = json::object();
  json annotations = json::object();
  switch (dice_.below(5)) {
    case 0:
      // One that no status names yet is nobody's for good: docs/operations.md.
      if (!is_in_a_status(*pod)) return;
      note("a user takes the label child off " + name_of(*pod));
      labels["processhub.io/child"] = nullptr;
      break;
    case 1:
      if (!is_in_a_status(*pod)) return;
      note("a user takes the label hub off " + name_of(*pod));
      labels["processhub.io/hub"] = nullptr;
      break;
    case 2: {
      const std::string role = dice_.below(2) == 0 ? "active" : "passive";
      note("a user labels " + name_of(*pod) + " " + role);
      labels["processhub.io/role"] = role;
      break;
    }
    case 3:
      note("a user moves " + name_of(*pod) + " to the child " + name_of(*child));
      labels["processhub.io/child"] = name_of(*child);
      break;
    default: {
      const std::string role = dice_.pick<std::string>({"active 5", "passive 0", "nonsense", ""});
      note("a user annotates " + name_of(*pod) + " with the role \"" + role + "\"");
      annotations["processhub.io/role"] = role;
    }
  }
  world_.admin().merge(kube::kPods, kNamespace, name_of(*pod),
                       {{"metadata", {{"labels", labels}, {"annotations", annotations}}}});
}

// --- the end of all that ---

void Chaos::heal() {
  world_.act("user", [&] {
    note("faults are over");
    healed_ = true;
    world_.forget_moods();
    edit_hub({{"spec", {{"paused", nullptr}}}});
    const testing::Objects children = world_.admin().all(kube::kProcessHubChildren);
    for (const auto& [key, child] : children) {
      if (child->at("spec").value("suspended", false)) suspend(*child, false);
    }
    drains_.be_patient();
    int out = 0;
    const bool one_is_lost = settings_.lost_for_good != Loss::kNone;
    for (const auto& [name, machine] : world_.machines()) {
      if (one_is_lost && name == world_.machines().rbegin()->first) {
        lose_for_good(*machine);
        continue;
      }
      machine->partition(false);
      world_.cut_off_pods(name, false);
      machine->hold_starts(false);
      machine->hold_sight(false);
      machine->hold_ends(false);
      if (!machine->is_up()) start_machine(*machine);
      machine->join();
      std::vector<Uid> unready;
      for (const auto& [uid, run] : machine->running()) {
        if (!run.ready) unready.push_back(uid);
      }
      for (const Uid& uid : unready) machine->set_ready(uid, true);
      if (!drains_.is_open(name)) {
        world_.admin().merge(kube::kNodes, "", name, {{"spec", {{"unschedulable", nullptr}}}});
      }
      // With fewer nodes than replicas, pods stay where they happen to be.
      const bool stays_out = out < settings_.nodes - 3 - (one_is_lost ? 1 : 0);
      const ObjectPtr node = world_.admin().get(kube::kNodes, "", name);
      if (stays_out && node->at("metadata").at("labels").value("pool", "") != "a") {
        ++out;
      } else {
        world_.admin().merge(kube::kNodes, "", name, {{"metadata", {{"labels", {{"pool", "a"}}}}}});
      }
    }
    give_up_hopeless_drains();
  });
  for (const auto& process : processes_) {
    process->wake();
    if (process->is_dead()) continue;
    process->crash_at_write(1'000'000, true);
    for (const auto& stream : process->transport().streams()) stream->flow();
  }
  world_.wake();
}

}  // namespace processhub::sim
