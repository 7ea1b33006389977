#include "plan/roles.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "api/conditions.h"
#include "plan/handover.h"
#include "plan/labels.h"
#include "plan/peers.h"
#include "plan/pod.h"
#include "plan/role_conditions.h"

namespace processhub::plan {
namespace {

using api::Condition;
using kube::ConditionStatus;
using kube::Pod;
using nlohmann::json;
using redundancy::Role;
using redundancy::RoleAt;

class Assigner {
 public:
  Assigner(const RoleInput& input, ChildView& view)
      : in_(input.in),
        input_(input),
        view_(view),
        members_(in_.frame.membership),
        status_(in_.child.status),
        hub_(*in_.frame.hub),
        lead_(find_lead(input, view)),
        list_(input.slots) {
    out_.epoch = status_.epoch;
    out_.active = status_.active;
    for (const api::Replica& replica : status_.replicas) {
      if (replica.demoted > 0 && !has_answered(replica.pod_uid, replica.demoted)) {
        out_.demoted[replica.pod_uid] = replica.demoted;
      }
    }
  }

  RolePlan plan() {
    const Role born = redundancy::role_at_birth(*in_.frame.redundancy, in_.frame.key, name());
    if (in_.suspended()) {
      stand_down(born);
    } else if (born == Role::kPeer) {
      follow_peers();
    } else {
      follow_lead();
    }
    return std::move(out_);
  }

 private:
  [[nodiscard]] const std::string& name() const { return in_.child.meta.name; }

  // --- what there is ---

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
    if (lead_.next != nullptr) name_lead(*lead_.next);
    if (out_.active) finish();
    out_.suspect = !out_.promoting && lead_.standing == Standing::kHeld;
    out_.active_condition = active_condition(input_, view_, lead_, out_, cause());
    obey_command();
  }

  // A new epoch, never below the one before, not even of a former child of this name.
  void name_lead(const Pod& next) {
    out_.epoch = lead_.highest + 1;
    demote_those_before();
    out_.demoted.erase(next.meta.uid);
    out_.only_if = lead_.only_if;
    out_.active = api::ActiveReplica{
        .node = node_of(next),
        .node_uid = Uid(kube::value_of(next.meta.annotations, kNodeUidAnnotation)),
        .pod = next.meta.name,
        .pod_uid = next.meta.uid,
        .since = in_.now,
        .handover_from = gives_state(input_, lead_, next) ? lead_.pod->meta.uid : Uid()};
    out_.names = true;
    abandon_handover();
    if (!out_.active->handover_from.empty()) {
      out_.handover_condition = handover_begins(*lead_.pod, next, out_.epoch);
    }
  }

  // One that is open under the epoch before.
  void abandon_handover() {
    if (!status_.active || status_.active->handover_from.empty()) return;
    out_.handover_condition = handover_ends_unused(*status_.active, status_.epoch);
  }

  // They have to say that they have stopped, or to end.
  void demote_those_before() {
    if (!is_told() && !view_.fenced()) return out_.demoted.clear();
    if (status_.active) out_.demoted[status_.active->pod_uid] = out_.epoch;
    if (lead_.pod != nullptr) out_.demoted[lead_.pod->meta.uid] = out_.epoch;
    // Peers work too, until they are told that they stand by now.
    for (const Pod* pod : view_.own()) {
      if (is_told() && role_of(*pod, out_.epoch).role == Role::kPeer) {
        out_.demoted[pod->meta.uid] = out_.epoch;
      }
    }
  }

  // --- the writes that follow the status ---

  void finish() {
    const Pod* const lead = view_.own(out_.active->pod_uid);
    seal_others();
    for (const Pod* pod : view_.foreign()) {
      if (kube::value_of(pod->meta.labels, kRoleLabel) == to_string(Role::kActive)) {
        set_role(*pod, {Role::kPassive, std::max(out_.epoch, role_of(*pod, out_.epoch).epoch)});
      }
    }
    const bool may_label = silence_the_demoted() && outlived_foreign();
    if (lead == nullptr || ChildView::has_ended(*lead) ||
        role_of(*lead, out_.epoch).epoch > out_.epoch)
      return;
    const RoleAt role{Role::kActive, out_.epoch};
    const bool labelled = is_as_told(*lead, role, hub_.meta.name);
    if (!may_label) {
      out_.promoting = !labelled;
      return;
    }
    if (!labelled && !has_state()) {
      out_.promoting = true;
      out_.awaits_state = true;
      return;
    }
    if (labelled) abandon_handover();
    out_.active->handover_from = Uid();
    if (!labelled) {
      if (!lead->meta.deleted && !knows(*lead, role) && tell(*lead, role, false)) {
        std::get<TellRole>(out_.actions.back()).only_if = dead_;
      }
      set_role(*lead, role);
      std::get<SetRole>(out_.actions.back()).only_if = std::move(dead_);
    } else {
      tell_of_peers(*lead, role);
    }
  }

  // Whether the one that leads has the state of the one before it, or shall do without.
  bool has_state() {
    if (out_.active->handover_from.empty()) return true;
    HandoverPlan handover = plan_handover(input_, view_, *out_.active, out_.epoch);
    if (handover.action) out_.actions.emplace_back(*std::move(handover.action));
    if (!handover.outcome) return false;
    out_.handover_condition = std::move(handover.outcome);
    return true;
  }

  // Every pod that any epoch could have labelled. One that the cache shows passive at this
  // epoch stays so: no write with a lower epoch can succeed any more.
  void seal_others() {
    const RoleAt role{Role::kPassive, out_.epoch};
    for (const Pod* pod : view_.own()) {
      if (pod->meta.uid != out_.active->pod_uid) settle(*pod, role);
    }
    const Pod* const lead = view_.own(out_.active->pod_uid);
    if (lead == nullptr || is_as_told(*lead, {Role::kActive, out_.epoch}, hub_.meta.name)) return;
    for (const api::Replica& replica : status_.replicas) {
      if (replica.pod_uid.empty() || replica.pod_uid == out_.active->pod_uid) continue;
      if (view_.own(replica.pod_uid) != nullptr) continue;
      // Not in the cache: gone, or a user took its labels off.
      out_.actions.emplace_back(SetRole{.child = in_.child.key(),
                                        .pod = {in_.child.meta.ns, replica.pod},
                                        .uid = replica.pod_uid,
                                        .role = role,
                                        .peers = "[]",
                                        .hub = in_.frame.key.name,
                                        .owner = in_.child.meta.uid});
    }
  }

  // Those that have lost the lead and may still think that they have it. Whether the new one
  // may be labelled now.
  bool silence_the_demoted() {
    bool may_label = true;
    for (auto it = out_.demoted.begin(); it != out_.demoted.end();) {
      const Pod* const pod = view_.find(it->first);
      if (pod == nullptr && view_.fenced() && is_listed(it->first) && !out_.names) {
        // A status written first makes sure that it is gone, or gives its labels back.
        out_.doubts = true;
        may_label = false;
        ++it;
        continue;
      }
      if (pod == nullptr || ChildView::has_ended(*pod)) {
        it = out_.demoted.erase(it);
        continue;
      }
      const RoleAt role{Role::kPassive, out_.epoch};
      const Host host = view_.host_of(*pod);
      const bool dead = view_.is_dead(*pod);
      // Where another machine has the node's name, another pod may have the address.
      const bool reached = !dead && host != Host::kReplaced &&
                           !view_.is_suspect(*members_.node(node_of(*pod))) && !pod->ip.empty();
      if (dead) {
        if (view_.fenced()) dead_.push_back(view_.beyond_recall(*pod));
        ++it;
      } else if (is_told() && reached && !was_silent(pod->meta.uid, role)) {
        tell(*pod, role, view_.fenced());
        ++it;
      } else if (view_.fenced()) {
        may_label = false;
        // What cannot be reached answers, or is ended by its kubelet, when its node is back.
        const bool can_end = reached || !members_.frozen();
        if (!pod->meta.deleted && !hub_.spec.paused && can_end) end(*pod);
        ++it;
      } else {
        // Its role file tells it, as soon as its kubelet is there.
        it = reached || !is_told() ? out_.demoted.erase(it) : std::next(it);
      }
    }
    return may_label;
  }

  // With a fence: pods of a former child of this name may work as they were last told. They are
  // deleted, and have to end.
  bool outlived_foreign() {
    if (!view_.fenced()) return true;
    bool outlived = true;
    for (const Pod* pod : view_.foreign()) {
      if (ChildView::has_ended(*pod) || ChildView::is_gated(*pod)) continue;
      if (view_.is_dead(*pod)) {
        dead_.push_back(view_.beyond_recall(*pod));
      } else {
        outlived = false;
      }
    }
    return outlived;
  }

  [[nodiscard]] bool is_listed(const Uid& uid) const {
    return std::any_of(status_.replicas.begin(), status_.replicas.end(),
                       [&](const api::Replica& one) { return one.pod_uid == uid; });
  }

  // Never with an epoch below its own.
  void settle(const Pod& pod, const RoleAt& role) {
    if (is_as_told(pod, role, hub_.meta.name)) {
      tell_of_peers(pod, role);
    } else if (role_of(pod, role.epoch).epoch <= role.epoch) {
      set_role(pod, role);
    }
  }

  void end(const Pod& pod) {
    out_.actions.emplace_back(DeletePod{.child = in_.child.key(),
                                        .pod = {pod.meta.ns, pod.meta.name},
                                        .node = node_of(pod),
                                        .uid = pod.meta.uid,
                                        .reason = Reason::kNotAnswering});
  }

  void set_role(const Pod& pod, const RoleAt& role) {
    out_.actions.emplace_back(SetRole{.child = in_.child.key(),
                                      .pod = {pod.meta.ns, pod.meta.name},
                                      .uid = pod.meta.uid,
                                      .role = role,
                                      .peers = list_.of(pod.meta.uid),
                                      .hub = in_.frame.key.name,
                                      .version = pod.meta.version,
                                      .cause = role.role == Role::kActive ? cause() : "",
                                      .decided = out_.active ? out_.active->since : WallTime()});
  }

  // A change of its peers alone: told when the child has come to rest, in one write.
  void tell_of_peers(const Pod& pod, const RoleAt& role) {
    const bool at_rest = std::all_of(input_.slots.begin(), input_.slots.end(), [&](const Slot& s) {
      return s.pods.size() == 1 && !s.swaps() && serves(*s.current(), members_) &&
             !s.current()->ip.empty();
    });
    if (!at_rest || pod.meta.deleted || input_.leaving != nullptr || hub_.spec.paused) return;
    if (kube::value_of(pod.meta.annotations, kPeersAnnotation) != list_.of(pod.meta.uid)) {
      set_role(pod, role);
      std::get<SetRole>(out_.actions.back()).cause.clear();
    }
  }

  // --- HTTP ---

  [[nodiscard]] bool is_told() const { return hub_.spec.redundancy.replication.http.has_value(); }

  // Whether there is a way to.
  bool tell(const Pod& pod, const RoleAt& role, bool must_answer) {
    if (!is_told() || pod.ip.empty()) return false;
    out_.actions.emplace_back(TellRole{.child = in_.child.key(),
                                       .pod = {pod.meta.ns, pod.meta.name},
                                       .uid = pod.meta.uid,
                                       .node = node_of(pod),
                                       .ip = pod.ip,
                                       .http = *hub_.spec.redundancy.replication.http,
                                       .role = role,
                                       .body = body_for(pod, role),
                                       .must_answer = must_answer});
    return true;
  }

  [[nodiscard]] std::string body_for(const Pod& pod, const RoleAt& role) const {
    json body = {{"hub", in_.frame.key.name},
                 {"child", name()},
                 {"pod", pod.meta.name},
                 {"podUID", pod.meta.uid.str()},
                 {"epoch", role.epoch},
                 {"role", to_string(role.role)},
                 {"peers", json::parse(list_.of(pod.meta.uid))},
                 {"cause", cause()}};
    if (!input_.nodes.empty()) {
      body["masterNode"] =
          in_.frame.redundancy->master_node(in_.frame.key, name(), input_.nodes).str();
    }
    return body.dump();
  }

  // Of this take-over, or of the one that the status tells of.
  [[nodiscard]] std::string cause() const {
    if (peers_) return "PeersChanged";
    if (out_.names) return lead_.cause;
    const Condition* before = api::find_condition(status_.conditions, kActive);
    return before == nullptr || before->status == ConditionStatus::kFalse ? "Resumed"
                                                                          : before->reason;
  }

  // --- nobody ---

  // A suspended child: whoever leads is passive before its pods go.
  void stand_down(Role born) {
    end_lead();
    if (born != Role::kPeer) {
      for (const Pod* pod : view_.own()) settle(*pod, {Role::kPassive, out_.epoch});
      out_.active_condition = suspended_condition();
    }
    silence_the_demoted();
    obey_command();
  }

  // Where somebody leads, that ends like a take-over.
  void end_lead() {
    if ((!status_.active && !lead_.tampered) || hub_.spec.paused) return;
    out_.epoch = lead_.highest + 1;
    out_.active.reset();
    out_.names = true;
    abandon_handover();
    demote_those_before();
  }

  // --- peers ---

  // Nobody leads, though somebody may have, before the model was changed.
  void follow_peers() {
    peers_ = true;
    end_lead();
    const RoleAt role{Role::kPeer, out_.epoch};
    // Who was no peer is told first, whatever `signal` says: that it was none is known from the
    // annotation alone.
    for (const Pod* pod : view_.own()) {
      if (is_told() && role_of(*pod, out_.epoch).role != Role::kPeer && view_.can_lead(*pod)) {
        tell_peer(*pod, role);
      }
    }
    for (const Pod* pod : view_.own()) settle(*pod, role);
    obey_command();
    if (!is_told()) return;
    std::vector<redundancy::Replica> replicas;
    for (const Pod* pod : in_walk_order(input_)) {
      replicas.push_back({.node = node_of(*pod),
                          .pod = {pod->meta.name, pod->meta.uid},
                          .ready = view_.can_lead(*pod) && !pod->ip.empty()});
    }
    const auto signals =
        in_.frame.redundancy->handle_post_update(in_.frame.key, name(), input_.nodes, {}, replicas);
    for (const redundancy::RoleSignal& signal : signals) tell_peer(*view_.own(signal.to.uid), role);
  }

  // Once for each change of what it would be told.
  void tell_peer(const Pod& pod, const RoleAt& role) {
    if (in_.answers == nullptr || hub_.spec.paused) return;
    const auto told = in_.answers->peers.find(pod.meta.uid);
    if (told == in_.answers->peers.end() || told->second != body_for(pod, role)) {
      tell(pod, role, false);
    }
  }

  // First the condition says what has become of it, then the annotation goes.
  void obey_command() {
    out_.switch_condition = switch_condition(input_, view_, lead_, out_, peers_);
    if (!out_.switch_condition) return;
    const Condition& told = *out_.switch_condition;
    const Condition* before = api::find_condition(status_.conditions, kSwitchRequested);
    out_.answers_command = before == nullptr || before->status != told.status ||
                           before->reason != told.reason || before->message != told.message;
    if (out_.answers_command || told.status == ConditionStatus::kUnknown) return;
    out_.actions.emplace_back(TakeOffCommand{.child = in_.child.key(),
                                             .uid = in_.child.meta.uid,
                                             .version = in_.child.meta.version,
                                             .annotation = kSwitchToAnnotation,
                                             .outcome = told.reason,
                                             .message = told.message,
                                             .refused = told.status == ConditionStatus::kFalse});
  }

  const ChildInput& in_;
  const RoleInput& input_;
  ChildView& view_;
  const Membership& members_;
  const api::ChildStatus& status_;
  const api::ProcessHub& hub_;
  const Lead lead_;
  const Peers list_;              // what each pod is told of the others
  bool peers_ = false;            // all work, nobody leads
  std::vector<NodeIsDown> dead_;  // where pods that led before were, with a fence
  RolePlan out_;
};

}  // namespace

RolePlan plan_roles(const RoleInput& input, ChildView& view) {
  return Assigner(input, view).plan();
}

}  // namespace processhub::plan
