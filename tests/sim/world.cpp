#include "sim/world.h"

#include <algorithm>
#include <utility>

#include "sim/settings.h"

#include "fake/object_rules.h"
#include "kube/json_text.h"

namespace processhub::sim {

using nlohmann::json;
using testing::Change;
using testing::FakeTransport;
using testing::Fate;
using testing::Kind;
using testing::Kubelet;

namespace {

// What is told of an object: as much as the rules are about.
std::string summary(const json& object) {
  const json& meta = object.at("metadata");
  std::string text;
  if (meta.contains("deletionTimestamp")) text += " deleting";
  const std::string kind = object.value("kind", "");
  if (kind == "Pod") {
    text += " on " + object.at("spec").value("nodeName", "-");
    text += " " + object.value(json::json_pointer("/status/phase"), std::string("-"));
    text += " ready=" + testing::condition_of(object, "Ready");
    text += " label=" + meta.value("labels", json::object()).value("processhub.io/role", "-");
    text += " role=" + meta.value("annotations", json::object()).value("processhub.io/role", "-");
    if (object.at("spec").contains("schedulingGates") &&
        !object.at("spec").at("schedulingGates").empty()) {
      text += " gated";
    }
  } else if (kind == "ProcessHubChild" && object.contains("status")) {
    const json& status = object.at("status");
    text += " " + status.value("phase", "-");
    text += " epoch=" + std::to_string(status.value("epoch", int64_t{0}));
    if (status.contains("active")) text += " active=" + status.at("active").value("pod", "-");
    for (const json& one : status.value("replicas", json::array())) {
      text += " [" + std::to_string(one.value("slot", 0)) + "." +
              std::to_string(one.value("incarnation", 0)) + " " + one.value("node", "-") + " " +
              one.value("role", "-") + (one.value("ready", false) ? " ready" : "") +
              (one.value("demotedEpoch", int64_t{0}) > 0 ? " demoted" : "") + "]";
    }
    for (const json& one : status.value("conditions", json::array())) {
      text += " " + one.value("type", "") + "=" + one.value("status", "") + ":" +
              one.value("reason", "");
    }
  } else if (kind == "Node") {
    text += " ready=" + testing::condition_of(object, "Ready");
    for (const json& taint : object.at("spec").value("taints", json::array())) {
      text += " " + taint.value("key", "") + ":" + taint.value("effect", "");
    }
  } else if (kind == "PodDisruptionBudget") {
    text +=
        " allowed=" + object.value(json::json_pointer("/status/disruptionsAllowed"), json()).dump();
  } else if (kind == "Lease") {
    text += " " + object.at("spec").value("holderIdentity", "-");
  } else if (kind == "ProcessHub" && object.contains("status")) {
    text += " nodes=" + object.at("status").value("nodes", json()).dump();
    for (const json& one : object.at("status").value("conditions", json::array())) {
      text += " " + one.value("type", "") + "=" + one.value("status", "");
    }
  }
  return text;
}

std::vector<const Kind*> kinds_of(std::initializer_list<const kube::Resource*> resources) {
  std::vector<const Kind*> kinds;
  for (const Kind& kind : testing::all_kinds()) {
    for (const kube::Resource* resource : resources) {
      if (kind.resource.plural == resource->plural) kinds.push_back(&kind);
    }
  }
  return kinds;
}

}  // namespace

World::World(testing::FakeClock& clock, History& history)
    : clock_(clock),
      history_(history),
      server_(clock),
      admin_(server_),
      node_controller_(server_, clock),
      scheduler_(server_),
      collector_(server_),
      disruption_(server_, clock) {
  server_.observe([this](const Change& change) { narrate(change); });
  add_part("node controller", {&kube::kNodes, &kube::kPods, &kube::kLeases},
           [this] { return node_controller_.step(); });
  add_part("scheduler", {&kube::kNodes, &kube::kPods}, [this] { return scheduler_.step(); });
  add_part("disruption controller", {&kube::kPods, &kube::kPodDisruptionBudgets},
           [this] { return disruption_.step(); });
  std::vector<const Kind*> owned;
  for (const Kind& kind : testing::all_kinds()) {
    if (kind.resource.plural != "events" && kind.resource.plural != "leases")
      owned.push_back(&kind);
  }
  parts_.push_back(std::make_unique<Part>(Part{.name = "garbage collector",
                                               .work = [this] { return collector_.step(); },
                                               .looks_at = std::move(owned)}));
}

void World::add_part(std::string name, std::initializer_list<const kube::Resource*> looks_at,
                     std::function<bool()> work) {
  parts_.push_back(std::make_unique<Part>(
      Part{.name = std::move(name), .work = std::move(work), .looks_at = kinds_of(looks_at)}));
}

void World::narrate(const Change& change) {
  const json& object = change.after ? *change.after : *change.before;
  const std::string kind(change.kind->resource.plural);
  if (kind == "events") return;
  if (kind == "leases" && change.before && change.after &&
      summary(*change.before) == summary(*change.after)) {
    return;
  }
  history_.note("rv=" + std::to_string(change.version) + " " + actor_ +
                (change.after ? change.before ? ": updates " : ": creates " : ": removes ") + kind +
                " " + change.key + summary(object));
}

void World::add_machine(const std::string& name, const json& labels) {
  const std::string address = "10.0." + std::to_string(machines_.size()) + ".1";
  addresses_[address] = name;
  auto kubelet = std::make_unique<Kubelet>(
      server_, clock_, name, testing::KubeletOptions{.address = address, .labels = labels});
  kubelet->join();
  Kubelet* const it = kubelet.get();
  machines_[name] = std::move(kubelet);
  add_part("kubelet " + name, {&kube::kNodes, &kube::kPods, &kube::kLeases},
           [it] { return it->step(); });
}

void World::act(const std::string& name, const std::function<void()>& work) {
  const std::string before = std::exchange(actor_, name);
  work();
  actor_ = before;
}

std::vector<World::Part*> World::runnable() {
  std::vector<Part*> due;
  for (const auto& part : parts_) {
    const bool idle = part->idle_version == server_.store().version() &&
                      clock_.steady_now() - part->idle_since < std::chrono::seconds(1);
    if (!idle) due.push_back(part.get());
  }
  return due;
}

bool World::step(Part& part) {
  bool worked = false;
  if (!sees_no_change(part)) act(part.name, [&] { worked = part.work(); });
  if (!worked) {
    part.idle_version = server_.store().version();
    part.idle_since = clock_.steady_now();
  }
  return worked;
}

bool World::sees_no_change(const Part& part) const {
  return part.idle_version >= 0 && part.idle_since == clock_.steady_now() &&
         std::none_of(part.looks_at.begin(), part.looks_at.end(), [&](const Kind* kind) {
           return server_.store().changed(*kind) > part.idle_version;
         });
}

void World::wake() {
  for (const auto& part : parts_) part->idle_version = -1;
}

World::RunsAt World::find_pod(const std::string& server) const {
  const size_t begin = server.find("//") + 2;
  const std::string ip = server.substr(begin, server.rfind(':') - begin);
  for (const auto& [name, kubelet] : machines_) {
    for (const auto& [uid, run] : kubelet->running()) {
      if (run.ip == ip) return {.kubelet = kubelet.get(), .uid = uid};
    }
  }
  return {};
}

void World::cut_off_pods(const std::string& machine, bool on) {
  if (on) {
    cut_off_.insert(machine);
  } else {
    cut_off_.erase(machine);
  }
}

Fate World::fate_at_pod(const kube::Request& request) {
  const RunsAt at = find_pod(request.server);
  if (at.kubelet == nullptr) return Fate::unreachable();
  if (pods_are_cut_off(at.kubelet->node())) return Fate::silent();
  const auto mood = moods_.find(at.uid);
  if (mood == moods_.end()) return {};
  if (mood->second == Mood::kSilent) return Fate::silent();
  if (mood->second == Mood::kSlow) return Fate::late(std::chrono::milliseconds(900));
  return {};
}

Result<kube::Response> World::serve_pod(const kube::Request& request) {
  const RunsAt at = find_pod(request.server);
  if (at.kubelet == nullptr) return fail(ErrorKind::kBroken, "the pod is no more");
  const auto mood = moods_.find(at.uid);
  if (mood != moods_.end() && mood->second == Mood::kFails) return kube::Response{.status = 500};
  const json body = json::parse(request.body);
  if (request.path == kHandoverPath) return serve_handover(at, body);
  history_.note("pod " + at.kubelet->running().at(at.uid).key.str() + " is told " +
                body.at("role").get<std::string>() + " " +
                std::to_string(body.at("epoch").get<int64_t>()));
  if (on_answer) on_answer(at.uid, body.at("role"), body.at("epoch"));
  return kube::Response{.status = 200};
}

kube::Response World::serve_handover(const RunsAt& at, const json& body) {
  const std::string name = at.kubelet->running().at(at.uid).key.str();
  const int64_t epoch = body.at("epoch");
  if (body.at("type") == "handover.confirm") {
    const bool has = states_.contains(at.uid) && states_.at(at.uid) == epoch;
    history_.note("pod " + name + (has ? " has" : " has not") + " got its state");
    return {.status = has ? 200 : 404};
  }
  const RunsAt to = find_pod(body.at("to").get<std::string>());
  const bool reached = to.kubelet != nullptr && !pods_are_cut_off(to.kubelet->node());
  history_.note("pod " + name + (reached ? " gives its state" : " cannot give its state") +
                " under epoch " + std::to_string(epoch));
  if (to.kubelet != nullptr && on_handover) on_handover(at.uid, to.uid, epoch);
  if (!reached) return {.status = 502};
  states_[to.uid] = std::max(states_[to.uid], epoch);
  return {.status = 200};
}

FakeTransport::Reach World::reach(const std::string& address) {
  const auto name = addresses_.find(address);
  if (name == addresses_.end()) return FakeTransport::Reach::kRefused;
  const Kubelet& kubelet = *machines_.at(name->second);
  return kubelet.is_up() && !pods_are_cut_off(name->second) ? FakeTransport::Reach::kReached
                                                            : FakeTransport::Reach::kSilent;
}

}  // namespace processhub::sim
