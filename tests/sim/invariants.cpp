#include "sim/invariants.h"

#include <algorithm>

#include "sim/drains.h"

#include "fake/object_rules.h"
#include "fake/taints.h"
#include "kube/json_text.h"
#include "redundancy/role.h"

namespace processhub::sim {

using nlohmann::json;
using testing::Change;

namespace {

constexpr const char* kRole = "processhub.io/role";

std::string label_of(const json& object, const char* key) {
  return object.at("metadata").value("labels", json::object()).value(key, "");
}
std::string annotation_of(const json& object, const char* key) {
  return object.at("metadata").value("annotations", json::object()).value(key, "");
}

std::string owner_of(const json& pod) {
  for (const json& owner : pod.at("metadata").value("ownerReferences", json::array())) {
    if (owner.value("kind", "") == "ProcessHubChild") return owner.value("uid", "");
  }
  return "";
}

std::string reason_of(const json& object, const std::string& type) {
  for (const json& condition : testing::list_at(object, "/status/conditions")) {
    if (condition.value("type", "") == type) return condition.value("reason", "");
  }
  return "";
}

bool is_migrating(const json& child) { return testing::condition_of(child, "Migrating") == "True"; }

}  // namespace

Invariants::Invariants(World& world, const Settings& settings)
    : world_(world), settings_(settings) {
  world_.server().observe([this](const Change& change) { on_change(change); });
  world_.on_answer = [this](const Uid& uid, const std::string& role, int64_t epoch) {
    auto& [highest, last] = told_[uid];
    if (epoch < highest) return;
    highest = epoch;
    last = role;
  };
  world_.on_handover = [this](const Uid& from, const Uid& to, int64_t epoch) {
    check_handover(from, to, epoch);
  };
}

void Invariants::violate(const std::string& invariant, const std::string& what) {
  world_.history().violate(invariant, what);
}

bool Invariants::is_by_operator() const { return world_.actor().starts_with("op-"); }

void Invariants::on_request(const std::string& process, const kube::Request& request) {
  if (!request.server.empty() || request.path.find("/pods") == std::string::npos) return;
  const json body = json::parse(request.body, nullptr, false);
  if (request.method == kube::Method::kDelete) {
    const json uid =
        body.is_object() ? body.value(json::json_pointer("/preconditions/uid"), json()) : json();
    if (!uid.is_string() || uid.get<std::string>().empty()) {
      violate("3", process + " deletes a pod without saying which: " + request.path);
    }
  }
  if (request.method != kube::Method::kPatch && request.method != kube::Method::kPut) return;
  const json meta = body.is_object() ? body.value("metadata", json::object()) : json::object();
  if (meta.value("uid", "").empty() || meta.value("resourceVersion", "").empty()) {
    violate("3", process + " writes to a pod without its uid or version: " + request.path);
  }
}

void Invariants::on_change(const Change& change) {
  const auto kind = change.kind->resource.plural;
  if (kind == "pods") on_pod(change);
  if (kind == "processhubchildren") on_child(change);
  if (kind == "pods" || kind == "nodes") mark_lost();
}

void Invariants::on_pod(const Change& change) {
  const json& pod = change.after ? *change.after : *change.before;
  const std::string uid = kube::meta_text(pod, "uid");
  PodRecord& record = pods_[uid];
  if (!change.before) {
    record.child = owner_of(pod);
    record.name = label_of(pod, "processhub.io/child");
    record.slot = annotation_of(pod, "processhub.io/slot");
    record.node_uid = annotation_of(pod, "processhub.io/node-uid");
  }
  record.node = pod.at("spec").value("nodeName", "");
  record.terminating = !change.after || testing::is_deleting(pod);
  if (record.terminating && !record.lost && !record.node.empty()) ending_.insert(uid);
  if (change.after) {
    there_[record.child].insert(uid);
  } else {
    there_[record.child].erase(uid);
  }
  const std::string label = change.after ? label_of(pod, kRole) : "";
  if (label != record.labelled) {
    record.labelled = label;
    record.by_operator = is_by_operator();
  }
  if (change.after && is_by_operator()) {
    check_label(uid, pod);
    if (!change.before || label_of(*change.before, kRole) != "active") check_has_state(uid, pod);
  }
  const bool deletes = change.before && !testing::is_deleting(*change.before) &&
                       (!change.after || testing::is_deleting(pod));
  if (deletes && is_by_operator() && settings_.calm) check_some_run(*change.before);
  if (deletes && settings_.held && world_.actor() == kKubectl) check_held(*change.before);
  count_active(record.child);
}

// 1: at every version at most one.
void Invariants::count_active(const std::string& child) {
  if (child.empty()) return;
  std::string found;
  int count = 0;
  bool by_user = false;
  for (const std::string& uid : there_[child]) {
    const PodRecord& pod = pods_.at(uid);
    if (pod.labelled != "active") continue;
    ++count;
    by_user = by_user || !pod.by_operator;
    found += " " + uid;
  }
  if (count <= 1) {
    excused_.erase(child);
    return;
  }
  if (by_user || excused_.contains(child)) {
    // The one that the user labelled stays excused only as long as it is there.
    excused_.insert(child);
    return;
  }
  violate("1", std::to_string(count) + " pods of one child are labelled active:" + found);
}

// 2: an epoch has one pod.
void Invariants::check_label(const std::string& uid, const json& pod) {
  if (label_of(pod, kRole) != "active") return;
  const auto role = redundancy::parse_role(annotation_of(pod, kRole));
  if (!role || role->role != redundancy::Role::kActive) return;
  const std::string child = owner_of(pod);
  const auto tampered = tampered_epoch_.find(child);
  if (tampered != tampered_epoch_.end() && role->epoch <= tampered->second) return;
  const auto [at, fresh] = active_pods_.try_emplace({child, role->epoch}, uid);
  if (!fresh && at->second != uid) {
    violate("2",
            "epoch " + std::to_string(role->epoch) + " names both " + at->second + " and " + uid);
  }
}

void Invariants::on_child(const Change& change) {
  if (!change.after || !is_by_operator()) return;
  const auto epoch_of = [](const json& child) {
    return child.value(json::json_pointer("/status/epoch"), int64_t{0});
  };
  const int64_t before = change.before ? epoch_of(*change.before) : 0;
  if (epoch_of(*change.after) < before) {
    violate("2", "the epoch of " + change.key + " goes back from " + std::to_string(before) +
                     " to " + std::to_string(epoch_of(*change.after)));
  }
  if (is_migrating(*change.after) && !(change.before && is_migrating(*change.before))) {
    check_moves();
  }
}

// 8: the one budget of voluntary moves, and within it that of new templates. Two that believe that
// they lead have one each.
void Invariants::check_moves() {
  if (!settings_.elected || settings_.has(Fault::kLateWrites) || settings_.has(Fault::kDeleteLease))
    return;
  int moving = 0;
  int updating = 0;
  for (const auto& [key, child] : world_.admin().all(kube::kProcessHubChildren)) {
    if (!is_migrating(*child)) continue;
    ++moving;
    if (reason_of(*child, "Migrating") == "TemplateChanged") ++updating;
  }
  if (updating > settings_.max_unavailable) {
    violate("8", std::to_string(updating) + " children get a new template, " +
                     std::to_string(settings_.max_unavailable) + " may");
  }
  if (moving > settings_.max_concurrent) {
    violate("8", std::to_string(moving) + " children move, " +
                     std::to_string(settings_.max_concurrent) + " may");
  }
}

// 10: the state of an epoch goes from one pod to one pod, and from one that has been sealed.
void Invariants::check_handover(const Uid& from, const Uid& to, int64_t epoch) {
  const std::string child = pods_.at(from.str()).child;
  const auto tampered = tampered_epoch_.find(child);
  if (tampered != tampered_epoch_.end() && epoch <= tampered->second) return;
  const auto [at, fresh] = handovers_.try_emplace({child, epoch}, from, to);
  if (!fresh && at->second != std::pair(from, to)) {
    violate("10", "the state of epoch " + std::to_string(epoch) + " goes two ways: to " +
                      at->second.second.str() + " and to " + to.str());
  }
  for (const auto& [key, pod] : world_.admin().all(kube::kPods)) {
    if (kube::meta_text(*pod, "uid") != from.str()) continue;
    const auto role = redundancy::parse_role(annotation_of(*pod, kRole));
    if (!role || role->role == redundancy::Role::kActive || role->epoch < epoch) {
      violate("10", from.str() + " is asked for its state before it was sealed with epoch " +
                        std::to_string(epoch));
    }
  }
}

// 10: nobody is labelled while its handover is open.
void Invariants::check_has_state(const std::string& uid, const json& pod) {
  if (label_of(pod, kRole) != "active") return;
  const auto role = redundancy::parse_role(annotation_of(pod, kRole));
  for (const auto& [key, child] : world_.admin().all(kube::kProcessHubChildren)) {
    if (kube::meta_text(*child, "uid") != owner_of(pod) || !role) continue;
    const json active = child->value(json::json_pointer("/status/active"), json::object());
    if (active.value("podUID", "") == uid && !active.value("handoverFrom", "").empty() &&
        child->value(json::json_pointer("/status/epoch"), int64_t{0}) == role->epoch) {
      violate("10", uid + " is labelled active before its handover is over");
    }
  }
}

// 9: by HotSwap, a child that runs goes on running.
void Invariants::check_some_run(const json& deleted) {
  if (testing::condition_of(deleted, "Ready") != "True") return;
  const std::string child = owner_of(deleted);
  for (const auto& [key, pod] : world_.admin().all(kube::kPods)) {
    const bool another = kube::meta_text(*pod, "uid") != kube::meta_text(deleted, "uid");
    if (another && owner_of(*pod) == child && !testing::is_deleting(*pod) &&
        testing::condition_of(*pod, "Ready") == "True") {
      return;
    }
  }
  violate("9",
          kube::meta_text(deleted, "name") + " is deleted, and no other pod of its child is Ready");
}

// 11: once the budget is in place. A pod whose label the user has taken off is not the hub's.
void Invariants::check_held(const json& evicted) {
  const bool serves = testing::condition_of(evicted, "Ready") == "True" &&
                      evicted.at("status").value("phase", "") == "Running";
  if (!serves || label_of(evicted, "processhub.io/hub") != kHub) return;
  if (!world_.admin().get(kube::kPodDisruptionBudgets, kNamespace,
                          std::string("processhub-") + kHub)) {
    return;
  }
  violate("11", "the Ready pod " + kube::meta_text(evicted, "name") + " is evicted");
}

// A pod that is to end where nobody can end it: its slot may be used again.
void Invariants::mark_lost() {
  std::erase_if(ending_, [&](const std::string& uid) {
    PodRecord& pod = pods_.at(uid);
    const auto node = world_.admin().get(kube::kNodes, "", pod.node);
    pod.lost = !node || testing::condition_of(*node, "Ready") == "Unknown" ||
               kube::meta_text(*node, "uid") != pod.node_uid;
    const auto machine = world_.machines().find(pod.node);
    const bool runs =
        machine != world_.machines().end() && machine->second->running().contains(Uid(uid));
    return pod.lost || (!there_[pod.child].contains(uid) && !runs);
  });
}

bool Invariants::believes_active(const Uid& uid, const std::string& role_file) const {
  const auto role = redundancy::parse_role(role_file).value_or(redundancy::RoleAt{});
  if (const auto told = told_.find(uid); told != told_.end() && told->second.first > role.epoch) {
    return told->second.second == "active";
  }
  return role.role == redundancy::Role::kActive;
}

// 4 and 5.
void Invariants::check_containers() {
  std::map<std::pair<std::string, std::string>, std::vector<Uid>> slots;
  std::map<std::string, std::vector<Uid>> leads;
  for (const auto& [name, machine] : world_.machines()) {
    for (const auto& [uid, run] : machine->running()) {
      const PodRecord& pod = pods_.at(uid.str());
      if (pod.child.empty()) continue;
      // A former child of that name counts: who is outside cannot tell them apart.
      slots[{pod.name, pod.slot}].push_back(uid);
      if (believes_active(uid, run.role)) leads[pod.name].push_back(uid);
    }
  }
  for (const auto& [slot, uids] : slots) {
    if (uids.size() < 2) continue;
    if (fence_changed_) continue;
    // No write of one holds up a create of the other that was planned before.
    // Nor does anything hold up one that lands long after its time.
    const bool late = settings_.has(Fault::kLateWrites);
    if (!settings_.fenced && (late || (!settings_.elected && settings_.operators > 1))) continue;
    const bool excused = !settings_.fenced &&
                         std::count_if(uids.begin(), uids.end(),
                                       [&](const Uid& uid) { return pods_.at(uid.str()).lost; }) +
                                 (settings_.hot ? 2 : 1) >=
                             static_cast<int64_t>(uids.size());
    if (!excused) {
      violate("4", std::to_string(uids.size()) + " pods run in slot " + slot.second +
                       " of one child: " + uids[0].str() + " and " + uids[1].str());
    }
  }
  if (!settings_.fenced || fence_changed_) return;
  for (const auto& [child, uids] : leads) {
    if (uids.size() < 2) continue;
    if (std::any_of(uids.begin(), uids.end(), [&](const Uid& uid) {
          return tampered_epoch_.contains(pods_.at(uid.str()).child);
        })) {
      continue;
    }
    violate("5", "two pods of one child believe that they lead: " + uids[0].str() + " and " +
                     uids[1].str());
  }
}

// Of epochs that there were by then nothing can be said any more.
void Invariants::tampered(const std::string& child) {
  int64_t highest = 0;
  for (const auto& [key, pod] : world_.admin().all(kube::kPods)) {
    if (owner_of(*pod) != child) continue;
    const auto role = redundancy::parse_role(annotation_of(*pod, kRole));
    if (role) highest = std::max(highest, role->epoch);
  }
  for (const auto& [of, uid] : active_pods_) {
    if (of.first == child) highest = std::max(highest, of.second);
  }
  for (const auto& [key, object] : world_.admin().all(kube::kProcessHubChildren)) {
    if (kube::meta_text(*object, "uid") != child) continue;
    highest = std::max(highest, object->value(json::json_pointer("/status/epoch"), int64_t{0}));
  }
  int64_t& epoch = tampered_epoch_[child];
  epoch = std::max(epoch, highest);
}

}  // namespace processhub::sim
