#include "plan/roles.h"

#include <algorithm>
#include <fmt/core.h>
#include <nlohmann/json.hpp>
#include <utility>

#include "api/conditions.h"
#include "plan/labels.h"
#include "plan/pod.h"

namespace processhub::plan {
namespace {

using api::Condition;
using kube::ConditionStatus;
using kube::Pod;
using nlohmann::json;
using redundancy::Role;
using redundancy::RoleAt;

bool has_ended(const Pod& pod) { return pod.phase == "Failed" || pod.phase == "Succeeded"; }

// How the one that leads fares, and so how another may take over from it.
enum class Standing {
  kFit,      // it stays
  kVacant,   // there is no such pod any more, or never was: the first that is Ready
  kSuspect,  // its node is under suspicion: at once, without its answer
  kUnfit,    // it is on a node that is well, and shall hand over: a planned switch
  kHeld,     // its node is under suspicion, but nobody may take over yet
};

class Assigner {
 public:
  Assigner(const RoleInput& input, ChildView& view)
      : in_(input.in),
        input_(input),
        view_(view),
        members_(in_.frame.membership),
        status_(in_.child.status),
        hub_(*in_.frame.hub) {
    out_.epoch = status_.epoch;
    out_.active = status_.active;
    for (const api::Replica& replica : status_.replicas) {
      if (replica.demoted > 0 && !has_answered(replica.pod_uid, replica.demoted)) {
        out_.demoted[replica.pod_uid] = replica.demoted;
      }
    }
    order_replicas();
  }

  RolePlan plan() {
    const Role born = redundancy::role_at_birth(*in_.frame.redundancy, in_.frame.key, name());
    if (born == Role::kPeer) {
      follow_peers();
    } else {
      follow_lead();
    }
    return std::move(out_);
  }

 private:
  [[nodiscard]] const std::string& name() const { return in_.child.meta.name; }

  // --- what there is ---

  // The current pod of each slot, in walk order; those that are on no node of the walk last.
  void order_replicas() {
    for (const Slot& slot : input_.slots) {
      if (slot.current() != nullptr) replicas_.push_back(slot.current());
    }
    const auto place = [&](const Pod* pod) {
      return std::find(input_.nodes.begin(), input_.nodes.end(), node_of(*pod));
    };
    std::stable_sort(replicas_.begin(), replicas_.end(),
                     [&](const Pod* a, const Pod* b) { return place(a) < place(b); });
  }

  [[nodiscard]] const Pod* own(const Uid& uid) const {
    for (const Pod* pod : view_.own()) {
      if (pod->meta.uid == uid) return pod;
    }
    return nullptr;
  }

  [[nodiscard]] bool has_answered(const Uid& uid, int64_t epoch) const {
    if (in_.answers == nullptr) return false;
    const auto found = in_.answers->answered.find(uid);
    return found != in_.answers->answered.end() && found->second.epoch >= epoch &&
           found->second.role != Role::kActive;
  }

  // It was told by HTTP already, whatever it answered.
  [[nodiscard]] bool knows(const Pod& pod, const RoleAt& role) const {
    if (in_.answers == nullptr) return false;
    const auto found = in_.answers->answered.find(pod.meta.uid);
    return was_silent(pod.meta.uid, role) ||
           (found != in_.answers->answered.end() && found->second == role);
  }

  [[nodiscard]] bool was_silent(const Uid& uid, const RoleAt& role) const {
    if (in_.answers == nullptr) return false;
    const auto found = in_.answers->silent.find(uid);
    return found != in_.answers->silent.end() && found->second == role;
  }

  // --- who leads ---

  void follow_lead() {
    find_lead();
    const Standing standing = judge();
    const Pod* const next = hub_.spec.paused ? nullptr : successor(standing);
    if (next != nullptr && next != lead_) {
      name_lead(*next, standing);
    } else if (tampered_ && lead_ != nullptr && standing != Standing::kVacant &&
               !hub_.spec.paused) {
      cause_ = "Repaired";
      name_lead(*lead_, Standing::kFit);
    }
    if (out_.active) finish();
    report(standing);
    obey_command();
  }

  // The one that the status names; unless somebody has edited that: then the pod that was told
  // last that it leads, for that is who works.
  void find_lead() {
    highest_ = std::max(status_.epoch,
                        in_.child.meta.created.time_since_epoch() / std::chrono::seconds(1));
    for (const Pod* pod : view_.own()) {
      const RoleAt role = role_of(*pod);
      highest_ = std::max(highest_, role.epoch);
      if (role.epoch > status_.epoch) tampered_ = true;
      const bool named = status_.active && status_.active->pod_uid == pod->meta.uid;
      if (role.role != Role::kActive || role.epoch < status_.epoch || named) continue;
      tampered_ = true;
      if (lead_ == nullptr || role.epoch > role_of(*lead_).epoch) lead_ = pod;
    }
    if (lead_ == nullptr && status_.active) lead_ = own(status_.active->pod_uid);
  }

  Standing judge() {
    if (lead_ == nullptr) {
      cause_ = status_.active ? "PodGone" : "FirstStart";
      return Standing::kVacant;
    }
    if (has_ended(*lead_)) {
      cause_ = "PodFailed";
      return Standing::kVacant;
    }
    const NodeState* node = members_.node(node_of(*lead_));
    const Host host = view_.host_of(*lead_);
    const bool replaced = host == Host::kGone || host == Host::kReplaced;
    if (replaced || view_.is_suspect(*node)) {
      cause_ = replaced                             ? "NodeGone"
               : node->health != NodeHealth::kReady ? "NodeNotReady"
                                                    : "NodeSuspect";
      if (members_.quorum.locked) return held("QuorumLost");
      if (view_.fenced() && !replaced && !node->dead) return held("AwaitsFence");
      return Standing::kSuspect;
    }
    if (lead_->meta.deleted) return unfit("PodTerminating");
    if (input_.leaving == lead_) return unfit(std::string(to_string(input_.leaves_because)));
    if (!lead_->ready && view_.passed(lead_->ready_since.value_or(lead_->meta.created) +
                                      hub_.spec.failover.active_not_ready)) {
      return unfit("PodNotReady");
    }
    if (const Pod* wanted = commanded(); wanted != nullptr && wanted != lead_) {
      return unfit("SwitchRequested");
    }
    return Standing::kFit;
  }

  Standing unfit(std::string cause) {
    cause_ = std::move(cause);
    return Standing::kUnfit;
  }
  Standing held(const char* why) {
    held_ = why;
    return Standing::kHeld;
  }

  // Whom the strategy has take over; null: nobody.
  const Pod* successor(Standing standing) {
    if (standing == Standing::kFit || standing == Standing::kHeld) return nullptr;
    const Pod* const wanted = cause_ == "SwitchRequested" ? commanded() : nullptr;
    std::vector<redundancy::Replica> replicas;
    for (const Pod* pod : replicas_) {
      const bool able = pod != lead_ && view_.can_lead(*pod) && pod != input_.leaving &&
                        (wanted == nullptr || pod == wanted);
      replicas.push_back({.node = node_of(*pod),
                          .pod = {pod->meta.name, pod->meta.uid},
                          .ready = able,
                          .active = pod == lead_});
    }
    if (standing != Standing::kVacant) {
      return led_by(in_.frame.redundancy->handle_post_update(
          in_.frame.key, name(), input_.nodes,
          {.kind = redundancy::NodeEvent::Kind::kDown, .node = node_of(*lead_)}, replicas));
    }
    for (redundancy::Replica& replica : replicas) replica.active = false;
    for (const redundancy::Replica& replica : replicas) {
      const Pod* const next = led_by(
          in_.frame.redundancy->handle_post_start(in_.frame.key, name(), replica.pod, replicas));
      if (next != nullptr) return next;
    }
    return nullptr;
  }

  [[nodiscard]] const Pod* led_by(const std::vector<redundancy::RoleSignal>& signals) const {
    for (const redundancy::RoleSignal& signal : signals) {
      if (signal.role == Role::kActive) return own(signal.to.uid);
    }
    return nullptr;
  }

  // A new epoch, never below the one before, not even of a former child of this name.
  void name_lead(const Pod& next, Standing standing) {
    out_.epoch = highest_ + 1;
    if (is_told() || view_.fenced()) {
      if (status_.active) out_.demoted[status_.active->pod_uid] = out_.epoch;
      if (lead_ != nullptr) out_.demoted[lead_->meta.uid] = out_.epoch;
      out_.demoted.erase(next.meta.uid);
    }
    if (standing == Standing::kSuspect) rest_on_suspicion();
    out_.active = api::ActiveReplica{
        .node = node_of(next),
        .node_uid = Uid(kube::value_of(next.meta.annotations, kNodeUidAnnotation)),
        .pod = next.meta.name,
        .pod_uid = next.meta.uid,
        .since = in_.now};
    out_.names = true;
  }

  // Confirmed once more, by the means by which it came about; a probe has its threshold.
  void rest_on_suspicion() {
    NodeIsDown fact = ChildView::down(*lead_);
    const NodeState* node = members_.node(fact.node);
    if (view_.fenced()) {
      fact.how = NodeIsDown::How::kDead;
    } else if (node != nullptr && node->health == NodeHealth::kReady) {
      if (node->uid == fact.uid && node->stale_lease.empty()) return;  // by a probe
      fact.how = node->uid == fact.uid ? NodeIsDown::How::kStale : NodeIsDown::How::kDown;
      fact.stale_lease = node->stale_lease;
    }
    out_.only_if.push_back(std::move(fact));
  }

  // --- the writes that follow the status ---

  void finish() {
    const Pod* const lead = own(out_.active->pod_uid);
    seal_others();
    for (const Pod* pod : view_.foreign()) {
      if (kube::value_of(pod->meta.labels, kRoleLabel) == to_string(Role::kActive)) {
        set_role(*pod, {Role::kPassive, std::max(out_.epoch, role_of(*pod).epoch)});
      }
    }
    const bool may_label = silence_the_demoted();
    if (lead == nullptr || has_ended(*lead) || role_of(*lead).epoch > out_.epoch) return;
    const RoleAt role{Role::kActive, out_.epoch};
    const bool labelled = is_as_told(*lead, role);
    if (!may_label) {
      out_.promoting = !labelled;
      return;
    }
    if (!labelled) {
      if (!lead->meta.deleted && !knows(*lead, role)) tell(*lead, role, false);
      set_role(*lead, role);
    } else {
      tell_of_peers(*lead, role);
    }
  }

  // Every pod that any epoch could have labelled. One that the cache shows passive at this
  // epoch stays so: no write with a lower epoch can succeed any more.
  void seal_others() {
    const RoleAt role{Role::kPassive, out_.epoch};
    for (const Pod* pod : view_.own()) {
      if (pod->meta.uid == out_.active->pod_uid) continue;
      if (is_as_told(*pod, role)) {
        tell_of_peers(*pod, role);
      } else if (role_of(*pod).epoch <= out_.epoch) {
        set_role(*pod, role);
      }
    }
    const Pod* const lead = own(out_.active->pod_uid);
    if (lead == nullptr || is_as_told(*lead, {Role::kActive, out_.epoch})) return;
    for (const api::Replica& replica : status_.replicas) {
      if (replica.pod_uid.empty() || replica.pod_uid == out_.active->pod_uid) continue;
      if (own(replica.pod_uid) != nullptr) continue;
      // Not in the cache: gone, or a user took its labels off.
      out_.actions.emplace_back(SetRole{.child = in_.child.key(),
                                        .pod = {in_.child.meta.ns, replica.pod},
                                        .uid = replica.pod_uid,
                                        .role = role,
                                        .peers = "[]",
                                        .hub = in_.frame.key.name});
    }
  }

  // Those that have lost the lead and may still think that they have it. Whether the new one
  // may be labelled now.
  bool silence_the_demoted() {
    bool may_label = true;
    for (auto it = out_.demoted.begin(); it != out_.demoted.end();) {
      const Pod* const pod = own(it->first);
      if (pod == nullptr || has_ended(*pod)) {
        it = out_.demoted.erase(it);
        continue;
      }
      const Host host = view_.host_of(*pod);
      const NodeState* node = members_.node(node_of(*pod));
      const bool dead =
          host == Host::kGone || host == Host::kReplaced || node == nullptr || node->dead;
      const RoleAt role{Role::kPassive, out_.epoch};
      const bool reached = !dead && !view_.is_suspect(*node) && !pod->ip.empty();
      if (dead) {
        ++it;
      } else if (is_told() && reached && !was_silent(pod->meta.uid, role)) {
        tell(*pod, role, view_.fenced());
        ++it;
      } else if (view_.fenced()) {
        may_label = false;
        if (!pod->meta.deleted && !hub_.spec.paused) end(*pod);
        ++it;
      } else {
        // Its role file tells it, as soon as its kubelet is there.
        it = reached || !is_told() ? out_.demoted.erase(it) : std::next(it);
      }
    }
    return may_label;
  }

  void end(const Pod& pod) {
    out_.actions.emplace_back(DeletePod{.child = in_.child.key(),
                                        .pod = {pod.meta.ns, pod.meta.name},
                                        .node = node_of(pod),
                                        .uid = pod.meta.uid,
                                        .reason = Reason::kNotAnswering});
  }

  [[nodiscard]] static bool is_as_told(const Pod& pod, const RoleAt& role) {
    return kube::value_of(pod.meta.labels, kRoleLabel) == to_string(role.role) &&
           kube::value_of(pod.meta.annotations, kRoleAnnotation) == to_text(role);
  }

  void set_role(const Pod& pod, const RoleAt& role) {
    out_.actions.emplace_back(SetRole{.child = in_.child.key(),
                                      .pod = {pod.meta.ns, pod.meta.name},
                                      .uid = pod.meta.uid,
                                      .role = role,
                                      .peers = peers_of(input_.slots, pod.meta.uid),
                                      .hub = in_.frame.key.name,
                                      .version = pod.meta.version,
                                      .cause = role.role == Role::kActive ? cause() : ""});
  }

  // A change of its peers alone: told when the child has come to rest, in one write.
  void tell_of_peers(const Pod& pod, const RoleAt& role) {
    const bool at_rest = std::all_of(input_.slots.begin(), input_.slots.end(), [&](const Slot& s) {
      return s.pods.size() == 1 && serves(*s.current(), members_) && !s.current()->ip.empty();
    });
    if (!at_rest || pod.meta.deleted || input_.leaving != nullptr || hub_.spec.paused) return;
    if (kube::value_of(pod.meta.annotations, kPeersAnnotation) !=
        peers_of(input_.slots, pod.meta.uid)) {
      set_role(pod, role);
      std::get<SetRole>(out_.actions.back()).cause.clear();
    }
  }

  // --- HTTP ---

  [[nodiscard]] bool is_told() const { return hub_.spec.redundancy.replication.http.has_value(); }

  void tell(const Pod& pod, const RoleAt& role, bool must_answer) {
    if (!is_told() || pod.ip.empty()) return;
    out_.actions.emplace_back(TellRole{.child = in_.child.key(),
                                       .pod = {pod.meta.ns, pod.meta.name},
                                       .uid = pod.meta.uid,
                                       .node = node_of(pod),
                                       .ip = pod.ip,
                                       .http = *hub_.spec.redundancy.replication.http,
                                       .role = role,
                                       .body = body_for(pod, role),
                                       .must_answer = must_answer});
  }

  [[nodiscard]] std::string body_for(const Pod& pod, const RoleAt& role) const {
    json body = {{"hub", in_.frame.key.name},
                 {"child", name()},
                 {"epoch", role.epoch},
                 {"role", to_string(role.role)},
                 {"peers", json::parse(peers_of(input_.slots, pod.meta.uid))},
                 {"cause", cause()}};
    if (!input_.nodes.empty()) {
      body["masterNode"] =
          in_.frame.redundancy->master_node(in_.frame.key, name(), input_.nodes).str();
    }
    return body.dump();
  }

  // Of this take-over, or of the one that the status tells of.
  [[nodiscard]] std::string cause() const {
    if (out_.names || peers_) return cause_;
    const Condition* before = api::find_condition(status_.conditions, kActive);
    return before == nullptr || before->status == ConditionStatus::kFalse ? "Resumed"
                                                                          : before->reason;
  }

  // --- peers ---

  // Nobody leads. Where somebody did, before the model was changed, that ends like a take-over.
  void follow_peers() {
    find_lead();
    peers_ = true;
    cause_ = "PeersChanged";
    if ((status_.active || tampered_) && !hub_.spec.paused) {
      cause_ = "ModelChanged";
      out_.epoch = highest_ + 1;
      out_.active.reset();
      out_.names = true;
    }
    const RoleAt role{Role::kPeer, out_.epoch};
    for (const Pod* pod : view_.own()) {
      if (is_as_told(*pod, role)) {
        tell_of_peers(*pod, role);
      } else if (role_of(*pod).epoch <= out_.epoch) {
        set_role(*pod, role);
      }
    }
    out_.demoted.clear();
    obey_command();
    if (!is_told()) return;
    std::vector<redundancy::Replica> replicas;
    for (const Pod* pod : replicas_) {
      replicas.push_back({.node = node_of(*pod),
                          .pod = {pod->meta.name, pod->meta.uid},
                          .ready = view_.can_lead(*pod) && !pod->ip.empty()});
    }
    const auto signals =
        in_.frame.redundancy->handle_post_update(in_.frame.key, name(), input_.nodes, {}, replicas);
    for (const redundancy::RoleSignal& signal : signals) tell_peer(*own(signal.to.uid), role);
  }

  // Once for each change of what it would be told.
  void tell_peer(const Pod& pod, const RoleAt& role) {
    if (in_.answers == nullptr || hub_.spec.paused) return;
    const auto told = in_.answers->peers.find(pod.meta.uid);
    if (told == in_.answers->peers.end() || told->second != body_for(pod, role)) {
      tell(pod, role, false);
    }
  }

  // --- commands and conditions ---

  // The pod that `switch-to` names, if it could lead.
  [[nodiscard]] const Pod* commanded() const {
    const std::string node = kube::value_of(in_.child.meta.annotations, kSwitchToAnnotation);
    if (node.empty()) return nullptr;
    for (const Pod* pod : replicas_) {
      if (node_of(*pod) == NodeName(node) && (pod == lead_ || view_.can_lead(*pod))) return pod;
    }
    return nullptr;
  }

  // First the condition says what has become of it, then the annotation goes.
  void obey_command() {
    const auto command = in_.child.meta.annotations.find(kSwitchToAnnotation);
    if (command == in_.child.meta.annotations.end() || hub_.spec.paused) return;
    const std::string& node = command->second;
    const Pod* const lead = out_.active ? own(out_.active->pod_uid) : nullptr;
    Condition told{.type = kSwitchRequested, .status = ConditionStatus::kUnknown, .reason = {}};
    if (lead != nullptr && node_of(*lead) == NodeName(node)) {
      told.reason = "Switching";
      told.message = fmt::format("the lead goes to node {}", node);
      if (!out_.names && is_as_told(*lead, {Role::kActive, out_.epoch})) {
        told.status = ConditionStatus::kTrue;
        told.reason = "Switched";
        told.message = fmt::format("pod {} on node {} leads", lead->meta.name, node);
      }
    } else if (commanded() != nullptr && held_.empty()) {
      told.reason = "Switching";
      told.message = fmt::format("the lead goes to node {}", node);
    } else {
      told.status = ConditionStatus::kFalse;
      told.reason = peers_ ? "NoLead" : held_.empty() ? "NoStandby" : held_;
      told.message = fmt::format(
          "{}: the child has no replica on node \"{}\" that could lead (Ready, on a node that is "
          "Ready): name the node of one of status.replicas",
          kSwitchToAnnotation, node);
    }
    const Condition* before = api::find_condition(status_.conditions, kSwitchRequested);
    const bool told_already = before != nullptr && before->status == told.status &&
                              before->reason == told.reason && before->message == told.message;
    if (told_already && told.status != ConditionStatus::kUnknown) {
      out_.actions.emplace_back(TakeOffCommand{.child = in_.child.key(),
                                              .uid = in_.child.meta.uid,
                                              .version = in_.child.meta.version,
                                              .annotation = kSwitchToAnnotation,
                                              .outcome = told.reason,
                                              .message = told.message,
                                              .refused = told.status == ConditionStatus::kFalse});
    }
    out_.switch_condition = std::move(told);
  }

  void report(Standing standing) {
    Condition told{.type = kActive, .status = ConditionStatus::kFalse, .reason = {}};
    const Pod* const lead = out_.active ? own(out_.active->pod_uid) : nullptr;
    if (out_.promoting) {
      told.status = ConditionStatus::kUnknown;
      told.reason = cause();
      told.message =
          fmt::format("epoch {}: pod {} on node {} takes over once the one before it has stopped",
                      out_.epoch, out_.active->pod, out_.active->node.str());
    } else if (standing == Standing::kHeld) {
      out_.suspect = true;
      told.reason = held_;
      told.message = fmt::format(
          "node {} of pod {} is not to be relied on ({}), but {}", node_of(*lead_).str(),
          lead_->meta.name, cause_,
          view_.fenced() && held_ != "QuorumLost"
              ? "with failover.fence NodeConfirmed nobody takes over before the Node is deleted "
                "or tainted node.kubernetes.io/out-of-service, or the pod has ended"
              : "the hub has lost its quorum: nobody takes over until that is back");
    } else if (lead == nullptr || (standing != Standing::kFit && !out_.names)) {
      told.reason = hub_.spec.paused ? "Paused" : "NoReadyReplica";
      told.message = fmt::format("{}: no other replica is Ready on a node that is well", cause_);
    } else {
      told.status = ConditionStatus::kTrue;
      told.reason = cause();
      told.message = fmt::format("pod {} on node {} leads since epoch {}", out_.active->pod,
                                 out_.active->node.str(), out_.epoch);
    }
    out_.active_condition = std::move(told);
  }

  const ChildInput& in_;
  const RoleInput& input_;
  ChildView& view_;
  const Membership& members_;
  const api::ChildStatus& status_;
  const api::ProcessHub& hub_;
  std::vector<const Pod*> replicas_;
  const Pod* lead_ = nullptr;  // who leads so far
  bool peers_ = false;         // all work, nobody leads
  bool tampered_ = false;      // somebody else has written epochs or roles
  int64_t highest_ = 0;        // epoch that was ever seen
  std::string cause_;
  std::string held_;
  RolePlan out_;
};

}  // namespace

RolePlan plan_roles(const RoleInput& input, ChildView& view) {
  return Assigner(input, view).plan();
}

bool has_standby(std::span<const Slot> slots, const Pod& pod, const ChildView& view) {
  return std::any_of(slots.begin(), slots.end(), [&](const Slot& slot) {
    return slot.current() != nullptr && slot.current() != &pod && view.can_lead(*slot.current());
  });
}

RoleAt role_of(const Pod& pod) {
  return redundancy::parse_role(kube::value_of(pod.meta.annotations, kRoleAnnotation))
      .value_or(RoleAt{});
}

std::string peers_of(std::span<const Slot> slots, const Uid& uid) {
  json peers = json::array();
  for (const Slot& slot : slots) {
    const Pod* const pod = slot.current();
    if (pod == nullptr || pod->meta.deleted || pod->meta.uid == uid) continue;
    peers.push_back({{"pod", pod->meta.name}, {"node", node_of(*pod).str()}, {"ip", pod->ip}});
  }
  return peers.dump();
}

}  // namespace processhub::plan
