#include "plan/child_status.h"

#include <algorithm>
#include <fmt/core.h>

#include "api/conditions.h"
#include "plan/binding.h"
#include "plan/labels.h"
#include "plan/placed_condition.h"
#include "plan/pod.h"

namespace processhub::plan {
namespace {

using api::Condition;
using kube::ConditionStatus;
using kube::Pod;

ConditionStatus as_status(bool value) {
  return value ? ConditionStatus::kTrue : ConditionStatus::kFalse;
}

class Reporter {
 public:
  Reporter(const ChildInput& input, ChildView& view, const ChildFindings& findings)
      : in_(input), view_(view), members_(input.frame.membership), found_(findings) {
    if (!in_.suspended()) factor_ = in_.frame.redundancy->replication_factor();
    for (const Slot& slot : found_.slots) {
      const bool old = slot.current() != nullptr && serves(*slot.current(), members_);
      if (old || (slot.successor != nullptr && serves(*slot.successor, members_))) ++ready_;
    }
  }

  ChildReport report() {
    api::ChildStatus& status = out_.status;
    status.observed_generation = in_.child.meta.generation;
    status.phase = phase();
    if (!found_.placed.nodes.empty()) {
      status.master_node = in_.frame.redundancy->master_node(in_.frame.key, in_.child.meta.name,
                                                             found_.placed.nodes);
    }
    status.epoch = found_.roles.epoch;
    status.active = found_.roles.active;
    for (const Slot& slot : found_.slots) add_replicas(slot, status);
    find_those_gone();
    for (api::Replica& replica : status.replicas) tell_of_seat(replica);
    status.ready = fmt::format("{}/{}", ready_, factor_);
    status.excluded = found_.placed.excluded;
    std::sort(status.excluded.begin(), status.excluded.end(),
              [](const auto& a, const auto& b) { return a.node < b.node; });
    status.service_name = found_.service.name;
    status.conditions = in_.child.status.conditions;
    if (!found_.service.condition) {
      std::erase_if(status.conditions,
                    [](const Condition& one) { return one.type == kServiceReady; });
    }
    if (!found_.roles.active_condition) {
      std::erase_if(status.conditions, [](const Condition& one) { return one.type == kActive; });
    }
    for (Condition& condition : conditions()) {
      condition.observed_generation = in_.child.meta.generation;
      api::set_condition(status.conditions, std::move(condition), in_.now);
    }
    return std::move(out_);
  }

 private:
  [[nodiscard]] api::Phase phase() const {
    if (in_.suspended()) return api::Phase::kSuspended;
    if (found_.moving) return api::Phase::kMigrating;
    if (found_.roles.suspect) return api::Phase::kSuspect;
    if (found_.roles.promoting) return api::Phase::kPromoting;
    if (ready_ >= factor_) return api::Phase::kRunning;
    if (ready_ > 0) return api::Phase::kDegraded;
    const bool lost = std::any_of(found_.slots.begin(), found_.slots.end(), [&](const Slot& slot) {
      return slot.current() != nullptr && !host_is_up(*slot.current());
    });
    return lost ? api::Phase::kLost : api::Phase::kPending;
  }

  [[nodiscard]] bool host_is_up(const Pod& pod) const {
    const NodeState* node = members_.node(node_of(pod));
    return node != nullptr && node->health == NodeHealth::kReady;
  }

  void add_replicas(const Slot& slot, api::ChildStatus& status) {
    for (const Pod* pod : slot.pods) add_replica(slot, *pod, status);
    if (slot.successor != nullptr) {
      add_replica(slot, *slot.successor, status);
      status.replicas.back().replaces = slot.replaces;
      return;
    }
    const Pod* pod = slot.current();
    const bool awaited = pod == nullptr || slot_of(*pod)->incarnation < slot.incarnation;
    if (in_.suspended() && pod == nullptr) {
      // Where it goes on when it runs again.
      status.replicas.push_back(
          {.slot = slot.number, .incarnation = slot.incarnation, .node = slot.node});
    }
    if (!slot.target || !awaited) return;
    // A paused hub decides nothing: what the slot had is to be known when it goes on.
    if (const api::Replica* const known = known_replica(slot);
        in_.frame.hub->spec.paused && known != nullptr) {
      status.replicas.push_back(*known);
      status.replicas.back().ready = false;
      add_name(status, known->node);
      return;
    }
    status.replicas.push_back({.slot = slot.number,
                               .incarnation = slot.incarnation,
                               .node = *slot.target,
                               .node_uid = uid_of(*slot.target),
                               .pod = pod_name(in_.child, slot.number, slot.incarnation),
                               .replaces = slot.replaces});
    add_name(status, *slot.target);
  }

  // Null: the status knows of no pod for it.
  [[nodiscard]] const api::Replica* known_replica(const Slot& slot) const {
    for (const api::Replica& one : in_.child.status.replicas) {
      if (one.slot == slot.number && one.incarnation == slot.incarnation && !one.node.empty()) {
        return &one;
      }
    }
    return nullptr;
  }

  void add_replica(const Slot& slot, const Pod& pod, api::ChildStatus& status) {
    status.replicas.push_back(
        {.slot = slot.number,
         .incarnation = slot_of(pod)->incarnation,
         .node = node_of(pod),
         .node_uid = Uid(kube::value_of(pod.meta.annotations, kNodeUidAnnotation)),
         .pod = pod.meta.name,
         .pod_uid = may_be_named(pod, slot) ? pod.meta.uid : Uid(),
         .role = std::string(redundancy::to_string(assigned_to(pod))),
         .revision = kube::value_of(pod.meta.labels, kRevisionLabel),
         .ready = serves(pod, members_),
         .demoted = demoted_at(pod.meta.uid)});
    if (!pod.meta.deleted) add_name(status, node_of(pod));  // where it runs or shall run
  }

  [[nodiscard]] redundancy::Role assigned_to(const Pod& pod) const {
    if (!found_.roles.active_condition) return redundancy::Role::kPeer;
    const bool leads = found_.roles.active && found_.roles.active->pod_uid == pod.meta.uid;
    return leads ? redundancy::Role::kActive : redundancy::Role::kPassive;
  }

  [[nodiscard]] int64_t demoted_at(const Uid& uid) const {
    const auto found = found_.roles.demoted.find(uid);
    return found == found_.roles.demoted.end() ? 0 : found->second;
  }

  [[nodiscard]] bool is_named(const Uid& uid) const {
    const auto& replicas = in_.child.status.replicas;
    return std::any_of(replicas.begin(), replicas.end(),
                       [&](const api::Replica& one) { return one.pod_uid == uid; });
  }

  // A pod behind the gate is named once every other of its slot is known not to run, and
  // started once it is named.
  bool may_be_named(const Pod& pod, const Slot& slot) {
    if (!ChildView::is_gated(pod)) return true;
    const bool named = is_named(pod.meta.uid);
    if (&pod != slot.current()) return named;  // surplus: it never starts
    if (named || !view_.fenced()) {
      lift(pod);
      return true;
    }
    if (in_.frame.hub->spec.paused) return false;  // no status is written first
    std::vector<NodeIsDown> facts;
    for (const Pod* other : slot.pods) {
      if (other == &pod || kube::value_of(other->meta.labels, kChildLabel).empty()) continue;
      if (ChildView::is_gated(*other) && !is_named(other->meta.uid)) continue;  // it never ran
      if (!other->meta.deleted || !view_.is_dead(*other)) return false;
      facts.push_back(view_.beyond_recall(*other));
    }
    if (pod.meta.deleted) return false;
    out_.admits = true;
    std::move(facts.begin(), facts.end(), std::back_inserter(out_.only_if));
    return true;
  }

  void lift(const Pod& pod) {
    if (pod.meta.deleted || in_.frame.hub->spec.paused) return;
    LiftGate lift{.child = in_.child.key(),
                  .pod = {pod.meta.ns, pod.meta.name},
                  .uid = pod.meta.uid,
                  .version = pod.meta.version,
                  .gates = pod.gates};
    std::erase(lift.gates, kFenceGate);
    out_.lift.push_back(std::move(lift));
  }

  // Nothing leaves the list unseen: what any epoch could have labelled is sealed by it.
  void find_those_gone() {
    for (const api::Replica& replica : in_.child.status.replicas) {
      if (replica.pod_uid.empty()) continue;
      const auto& listed = out_.status.replicas;
      const bool stays = std::any_of(listed.begin(), listed.end(), [&](const api::Replica& one) {
        return one.pod_uid == replica.pod_uid;
      });
      if (stays) continue;
      // Still there, but not the child's any more to look at: its end is waited for.
      if (view_.find(replica.pod_uid) != nullptr) {
        out_.status.replicas.push_back(replica);
      } else {
        out_.gone.push_back({.name = replica.pod, .uid = replica.pod_uid});
      }
    }
  }

  [[nodiscard]] Uid uid_of(const NodeName& name) const {
    if (const NodeState* node = members_.node(name)) return node->uid;
    const placement::Member* member = members_.member(name);  // one whose Node was deleted
    return member != nullptr ? member->uid : Uid();
  }

  void tell_of_seat(api::Replica& replica) const {
    const placement::Seat* seat = placement::seat_on(found_.placed.placement.seats, replica.node);
    if (seat == nullptr) return;
    replica.home = seat->home;
    replica.over_bound = seat->over_bound;
  }

  [[nodiscard]] static bool names_end_with(const std::string& names, const std::string& name) {
    return names == name || names.ends_with("," + name);
  }

  // Once, also where two of its pods are on one node for a while.
  static void add_name(api::ChildStatus& status, const NodeName& name) {
    if (names_end_with(status.node_names, name.str())) return;
    if (!status.node_names.empty()) status.node_names += ",";
    status.node_names += name.str();
  }

  [[nodiscard]] std::vector<Condition> conditions() const {
    std::vector<Condition> all{accepted()};
    if (in_.suspended()) {
      for (const char* type : {kPlaced, kReady, kMigrating, kDegraded}) {
        all.push_back({.type = type, .status = ConditionStatus::kFalse, .reason = kSuspended});
      }
    } else {
      all.insert(all.end(),
                 {placed_condition(in_, found_.placed), readiness(), migrating(), degraded()});
    }
    if (found_.roles.active_condition) all.push_back(*found_.roles.active_condition);
    if (found_.roles.switch_condition) all.push_back(*found_.roles.switch_condition);
    if (found_.roles.handover_condition) all.push_back(*found_.roles.handover_condition);
    if (found_.service.condition) all.push_back(*found_.service.condition);
    return all;
  }

  [[nodiscard]] Condition accepted() const {
    if (in_.pod_template.state == PodTemplate::State::kInvalid) {
      return {.type = kAccepted,
              .status = ConditionStatus::kFalse,
              .reason = "TemplateInvalid",
              .message = in_.pod_template.message};
    }
    if (in_.pod_template.state == PodTemplate::State::kUnchecked) {
      if (!in_.pod_template.message.empty()) {
        return {.type = kAccepted,
                .status = ConditionStatus::kUnknown,
                .reason = "TrialFailed",
                .message = in_.pod_template.message};
      }
      const Condition* before = api::find_condition(in_.child.status.conditions, kAccepted);
      if (before != nullptr) return *before;
      return {.type = kAccepted, .status = ConditionStatus::kUnknown, .reason = "NotTriedYet"};
    }
    return {.type = kAccepted, .status = ConditionStatus::kTrue, .reason = "Accepted"};
  }

  [[nodiscard]] Condition readiness() const {
    if (ready_ >= factor_) {
      return {.type = kReady, .status = ConditionStatus::kTrue, .reason = "AllReplicasReady"};
    }
    if (found_.slots.empty()) {
      return {.type = kReady,
              .status = ConditionStatus::kFalse,
              .reason = "NoNodes",
              .message = "no node can be used: see the nodes of hub " + in_.frame.key.name};
    }
    return {
        .type = kReady,
        .status = ConditionStatus::kFalse,
        .reason = "ReplicasNotReady",
        .message = fmt::format("{} of {} replicas Ready; {}", ready_, factor_, first_trouble())};
  }

  // What keeps the first replica that does not serve from serving.
  [[nodiscard]] std::string first_trouble() const {
    for (const Slot& slot : found_.slots) {
      const Pod* pod = slot.current();
      if (pod == nullptr) {
        if (!slot.target) continue;
        return fmt::format("slot {} has no pod on {} yet{}", slot.number, slot.target->str(),
                           why_none_is_made());
      }
      if (serves(*pod, members_)) continue;
      const std::string where = fmt::format("pod {} on {}", pod->meta.name, node_of(*pod).str());
      if (!host_is_up(*pod)) return where + ": its node is not Ready";
      if (pod->meta.deleted) return where + " is being deleted";
      if (waits_for_binding(*pod)) {
        if (const auto why = why_not_bound(*pod, in_)) return where + " is not bound: " + *why;
      }
      if (!pod->message.empty()) return where + ": " + pod->message;
      return where + " is not Ready";
    }
    return "there are fewer nodes than replicas";
  }

  [[nodiscard]] const char* why_none_is_made() const {
    if (in_.frame.hub->spec.paused) return ": the hub is paused";
    if (in_.pod_template.usable() == nullptr) return ": the template is not accepted";
    return "";
  }

  [[nodiscard]] Condition migrating() const {
    if (!found_.moving && found_.waits_for_replicas) {
      return {
          .type = kMigrating,
          .status = ConditionStatus::kFalse,
          .reason = "WaitsForReplicas",
          .message = fmt::format("a replica is to be moved ({}) once the child's other replicas "
                                 "are Ready",
                                 to_string(*found_.waits_for_replicas))};
    }
    if (!found_.moving && found_.waits_for_template) {
      return {.type = kMigrating,
              .status = ConditionStatus::kFalse,
              .reason = "WaitsForTemplate",
              .message = fmt::format(
                  "a replica is to be moved ({}), and would get the new template, which has not "
                  "come up elsewhere in the hub (RolloutStopped): it stays until that is mended",
                  to_string(*found_.waits_for_template))};
    }
    if (!found_.moving) {
      return {.type = kMigrating, .status = ConditionStatus::kFalse, .reason = "Settled"};
    }
    // A move keeps the reason that it began with.
    const Condition* before = api::find_condition(in_.child.status.conditions, kMigrating);
    const bool began = before != nullptr && before->status == ConditionStatus::kTrue;
    return {.type = kMigrating,
            .status = ConditionStatus::kTrue,
            .reason = began ? before->reason : std::string(to_string(found_.begins_because)),
            .message = trouble_of_new_pod()};
  }

  // What keeps the new pod of a HotSwap from taking its place; empty: nothing that is known.
  [[nodiscard]] std::string trouble_of_new_pod() const {
    for (const Slot& slot : found_.slots) {
      const Pod* const fresh = slot.successor;
      if (fresh == nullptr || fresh->meta.deleted || serves(*fresh, members_)) continue;
      if (fresh->message.empty()) continue;
      return fmt::format("the new pod {} on {} is not Ready: {}", fresh->meta.name,
                         node_of(*fresh).str(), fresh->message);
    }
    return "";
  }

  [[nodiscard]] Condition degraded() const {
    if (auto problem = problem_of_list(in_, found_.placed)) return *std::move(problem);
    const int nodes = static_cast<int>(found_.placed.nodes.size());
    if (nodes < factor_) {
      return {.type = kDegraded,
              .status = ConditionStatus::kTrue,
              .reason = "NotEnoughNodes",
              .message = fmt::format("{} replicas wanted, {} nodes can be used", factor_, nodes)};
    }
    return {.type = kDegraded,
            .status = as_status(ready_ < factor_),
            .reason = ready_ < factor_ ? "ReplicasNotReady" : "AllReplicasReady"};
  }

  const ChildInput& in_;
  ChildView& view_;
  const Membership& members_;
  const ChildFindings& found_;
  ChildReport out_;
  int factor_ = 0;
  int ready_ = 0;
};

}  // namespace

ChildReport child_report(const ChildInput& input, ChildView& view, const ChildFindings& findings) {
  return Reporter(input, view, findings).report();
}

api::ChildStatus rejected_status(const api::ProcessHubChild& child, const std::string& reason,
                                 const std::string& message, WallTime now) {
  api::ChildStatus status = child.status;
  status.observed_generation = child.meta.generation;
  status.phase = api::Phase::kRejected;
  api::set_condition(status.conditions,
                     {.type = kAccepted,
                      .status = ConditionStatus::kFalse,
                      .reason = reason,
                      .message = message,
                      .observed_generation = child.meta.generation},
                     now);
  // Its move does not go on, and must not hold the place of another child's.
  if (api::is_true(status.conditions, kMigrating)) {
    api::set_condition(status.conditions,
                       {.type = kMigrating,
                        .status = ConditionStatus::kFalse,
                        .reason = "Rejected",
                        .observed_generation = child.meta.generation},
                       now);
  }
  return status;
}

}  // namespace processhub::plan
