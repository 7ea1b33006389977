#include "plan/child_placement.h"

#include <algorithm>
#include <fmt/core.h>

#include "base/hash.h"
#include "plan/binding.h"
#include "plan/labels.h"
#include "plan/move_rules.h"
#include "plan/pod.h"
#include "plan/slots.h"

namespace processhub::plan {
namespace {

using api::Exclusion;
using kube::Pod;

// So many nodes are tried for a slot besides its own; then its pod waits where it is.
constexpr int kMostTries = 3;

NodeName home_at_creation(const Slot& slot) {
  const Pod* pod = slot.current();
  if (pod == nullptr || node_of(*pod) != slot.node) return {};
  return NodeName(kube::value_of(pod->meta.annotations, kHomeAnnotation));
}

placement::Seat seat_of(const Slot& slot, const api::ChildStatus& status) {
  placement::Seat seat{.node = slot.node, .home = home_at_creation(slot)};
  for (const api::Replica& replica : status.replicas) {
    if (replica.slot != slot.number || replica.node != slot.node) continue;
    seat.home = replica.home;
    seat.over_bound = replica.over_bound;
  }
  return seat;
}

// It has never run: the kubelet would not have it, and would not have it again. (A pod's message
// begins with its status.reason.) Others fail after they ran, such as by an eviction.
bool is_refused_by_kubelet(const Pod& pod) {
  if (pod.phase != "Failed") return false;
  static constexpr const char* kReasons[] = {"OutOf", "NodeAffinity", "NodePorts",
                                             "TopologyAffinityError"};
  return std::any_of(std::begin(kReasons), std::end(kReasons),
                     [&](const char* reason) { return pod.message.starts_with(reason); });
}

class Placer {
 public:
  Placer(const ChildInput& input, ChildView& view)
      : in_(input),
        members_(input.frame.membership),
        view_(view),
        key_(placement_key(input.frame.key, input.child.meta.name)) {
    out_.excluded = in_.child.status.excluded;
    if (in_.frame.distribution->remembers()) facts_ = seats_of_pods();
  }

  ChildPlacement place() {
    std::erase_if(out_.excluded, [&](const Exclusion& one) { return !holds(one); });
    ask();
    if (!in_.frame.hub->spec.paused && !members_.frozen()) {
      // Each round excludes one more member, so this ends.
      while (exclude_a_lost_node() || spill_a_pod() || give_up_a_move()) {
      }
    }
    out_.nodes = placement::nodes_of(out_.placement.seats);
    return std::move(out_);
  }

 private:
  [[nodiscard]] placement::Placement answer(const std::vector<Exclusion>& excluded) const {
    std::vector<NodeName> names = names_of(excluded);
    if (members_.frozen()) add_those_not_ready(names);
    static const placement::Loads kNone;
    const std::vector<placement::Seat> seats = seats_now(names);
    return in_.frame.distribution->belongs_to(
        {.key = key_,
         .replicas = in_.frame.redundancy->replication_factor(),
         .excluded = names,
         .listed = in_.child.spec.nodes,
         .seats = seats},
        in_.loads != nullptr ? *in_.loads : kNone);
  }

  // While nothing is decided because of nodes, a replica that has no place yet is placed as if the
  // nodes that are not Ready were away; what has its place on one of them keeps it.
  void add_those_not_ready(std::vector<NodeName>& names) const {
    for (const placement::Member& member : members_.members) {
      const NodeState* const node = members_.node(member.name);
      const bool ready = node != nullptr && node->health == NodeHealth::kReady;
      if (!ready && !has_place_on(member.name)) names.push_back(member.name);
    }
  }

  [[nodiscard]] bool has_place_on(const NodeName& node) const {
    const auto& replicas = in_.child.status.replicas;
    return std::any_of(replicas.begin(), replicas.end(),
                       [&](const api::Replica& one) { return one.node == node; }) ||
           std::any_of(view_.own().begin(), view_.own().end(),
                       [&](const Pod* pod) { return node_of(*pod) == node; });
  }

  // What the child has in fact: the nodes of its pods. What it was given before counts where
  // there is no pod yet, or where the pod cannot stay; else a decision that was never carried
  // out would move a pod that could stay.
  [[nodiscard]] std::vector<placement::Seat> seats_now(std::span<const NodeName> excluded) const {
    std::vector<placement::Seat> seats;
    for (const placement::Seat& given : in_.seats) {  // in their order, as far as they are true
      if (placement::seat_on(facts_, given.node) != nullptr) seats.push_back(given);
    }
    for (const placement::Seat& fact : facts_) {
      const bool usable = in_.frame.distribution->index_of(fact.node) &&
                          std::find(excluded.begin(), excluded.end(), fact.node) == excluded.end();
      if (usable && placement::seat_on(in_.seats, fact.node) == nullptr) seats.push_back(fact);
    }
    for (const placement::Seat& given : in_.seats) {
      const bool missing = placement::seat_on(seats, given.node) == nullptr;
      if (missing && seats.size() < in_.seats.size()) seats.push_back(given);
    }
    return seats;
  }

  // Of those that nobody is deleting.
  [[nodiscard]] std::vector<placement::Seat> seats_of_pods() const {
    std::vector<const Pod*> standing;
    for (const Pod* pod : view_.own()) {
      if (!pod->meta.deleted) standing.push_back(pod);
    }
    std::vector<placement::Seat> seats;
    for (const auto& [number, slot] : known_slots(in_.child.status, standing)) {
      if (slot.current() != nullptr) seats.push_back(seat_of(slot, in_.child.status));
    }
    return seats;
  }

  void ask() { out_.placement = answer(out_.excluded); }

  // An exclusion lasts until the node leaves the members; one for a loss, until the node is to
  // be trusted again; one for a pod that could not be scheduled, until something changes that
  // could let it. Never by time alone, else the child would go to and fro.
  [[nodiscard]] bool holds(const Exclusion& exclusion) {
    // Of no node in truth: until some template comes up.
    if (exclusion.reason == kUpdateTimedOut) return !has_come_up(in_, view_);
    const placement::Member* member = members_.member(exclusion.node);
    if (member == nullptr || member->uid != exclusion.node_uid) return false;
    const NodeState* const node = members_.node(exclusion.node);
    if (node == nullptr) return true;  // deleted while the members stay what they were
    if (exclusion.reason != kNodeLost) {
      // There was room after all.
      if (exclusion.reason == kSpill && runs_on(exclusion.node)) return false;
      const bool known = in_.pod_template.state == PodTemplate::State::kValid;
      return !known || exclusion.fingerprint == fingerprint_of(*node, in_.pod_template);
    }
    return node->health != NodeHealth::kReady ||
           !view_.passed(node->since + in_.frame.hub->spec.nodes.join_after);
  }

  [[nodiscard]] bool runs_on(const NodeName& node) const {
    return std::any_of(view_.own().begin(), view_.own().end(), [&](const Pod* pod) {
      return !pod->meta.deleted && !ChildView::has_ended(*pod) && pod->node == node;
    });
  }

  bool exclude_a_lost_node() {
    for (const placement::Seat& seat : out_.placement.seats) {
      const NodeState* const node = members_.node(seat.node);
      if (node == nullptr || !view_.lost_for_good(*node)) continue;
      out_.only_if.push_back({.node = seat.node, .uid = node->uid});
      out_.excluded.push_back({.node = seat.node, .node_uid = node->uid, .reason = kNodeLost});
      out_.excludes_more = true;
      ask();
      return true;
    }
    return false;
  }

  // A pod that cannot be scheduled on its node frees that node for this child, if there is
  // another for it.
  bool spill_a_pod() {
    out_.unschedulable.clear();
    for (const Pod* pod : view_.own()) {
      const std::optional<std::string> why = why_stuck(*pod);
      if (!why) continue;
      if (leave_out(*pod, kSpill)) {
        if (!ChildView::has_ended(*pod)) {
          out_.unbound.push_back({.name = pod->meta.name, .uid = pod->meta.uid});
        }
        return true;
      }
      out_.unschedulable.push_back(fmt::format("slot {}: pod {} cannot be scheduled on {}: {}",
                                               slot_of(*pod)->slot, pod->meta.name,
                                               node_of(*pod).str(), *why));
    }
    return false;
  }

  // One that a move has brought to its node, and that is not Ready in time, goes to the next.
  bool give_up_a_move() {
    if (move_under_way(in_.child.status) != MoveKind::kOfNodes) return false;
    for (const Pod* pod : view_.own()) {
      if (!has_come_in_vain(*pod)) continue;
      out_.timed_out = true;
      if (leave_out(*pod, kMoveTimedOut)) return true;
    }
    return false;
  }

  // Whether the pod's node is excluded now: there is another for it, and not too many have been
  // tried.
  bool leave_out(const Pod& pod, const char* reason) {
    const int slot = slot_of(pod)->slot;
    if (!may_leave(slot, reason)) return false;
    const NodeState& node = members_.nodes.at(node_of(pod));
    std::vector<Exclusion> excluded = out_.excluded;
    excluded.push_back({.node = node_of(pod),
                        .node_uid = node.uid,
                        .reason = reason,
                        .slot = slot,
                        .fingerprint = fingerprint_of(node, in_.pod_template)});
    placement::Placement elsewhere = answer(excluded);
    if (elsewhere.seats.size() != out_.placement.seats.size()) return false;
    out_.excluded = std::move(excluded);
    out_.placement = std::move(elsewhere);
    out_.excludes_more = true;
    return true;
  }

  // It is where it shall be, of the present template: another one may fare better.
  [[nodiscard]] bool is_in_place(const Pod& pod) const {
    return !pod.meta.deleted && view_.host_of(pod) == Host::kUp &&
           placement::seat_on(out_.placement.seats, node_of(pod)) != nullptr &&
           has_revision(pod, in_.pod_template.revision);
  }

  // Why there is no room for it where it shall be, once that is sure; none: it is not stuck.
  [[nodiscard]] std::optional<std::string> why_stuck(const Pod& pod) {
    // Beside the pod that it is to replace: without that one there may be room.
    if (!is_in_place(pod) || is_beside_the_old_one(pod)) return std::nullopt;
    // Past the scheduler it is the kubelet that has no room for it.
    const bool scheduled = in_.frame.hub->spec.pinning == api::Pinning::kAffinity;
    if (!scheduled && is_refused_by_kubelet(pod)) return pod.message;
    if (!pod.node.empty()) return std::nullopt;
    const bool ours = waits_for_binding(pod);
    if (ours && in_.pod_template.usable() == nullptr) return std::nullopt;  // not tried yet
    if (!ours && !pod.unschedulable_since) return std::nullopt;
    const std::optional<std::string> why = ours ? why_not_bound(pod, in_) : pod.message;
    const NodeState& node = members_.nodes.at(node_of(pod));
    const WallTime since = ours ? pod.meta.created : *pod.unschedulable_since;
    const bool due =
        why && view_.passed(std::max(since, node.since) + in_.frame.hub->spec.spill_after);
    return due ? why : std::nullopt;
  }

  // By HotSwap on the node where the old pod is.
  [[nodiscard]] bool is_beside_the_old_one(const Pod& pod) const {
    const auto ref = slot_of(pod);
    const auto& replicas = in_.child.status.replicas;
    return std::any_of(replicas.begin(), replicas.end(), [&](const api::Replica& one) {
      if (one.slot != ref->slot || one.incarnation != ref->incarnation || one.replaces.empty()) {
        return false;
      }
      const Pod* const old = view_.own(one.replaces);
      return old != nullptr && node_of(*old) == node_of(pod);
    });
  }

  [[nodiscard]] bool has_come_in_vain(const Pod& pod) {
    if (!is_in_place(pod)) return false;
    const int slot = slot_of(pod)->slot;
    const auto& replicas = in_.child.status.replicas;
    const bool swaps = std::any_of(replicas.begin(), replicas.end(), [&](const auto& one) {
      return one.slot == slot && !one.replaces.empty();  // that has its own end: hot_swap.h
    });
    const auto timeout = in_.frame.hub->spec.migration.child_timeout;
    return !swaps && is_overdue(pod, in_.child.status, timeout, view_);
  }

  [[nodiscard]] bool may_leave(int slot, const char* reason) const {
    const api::RedundancySpec& redundancy = in_.frame.hub->spec.redundancy;
    const bool everywhere = redundancy.strategy == api::RedundancyStrategyKind::kReplication &&
                            !redundancy.replication.factor;
    return !everywhere &&
           std::count_if(out_.excluded.begin(), out_.excluded.end(), [&](const Exclusion& one) {
             return one.reason == reason && one.slot == slot;
           }) < kMostTries;
  }

  const ChildInput& in_;
  const Membership& members_;
  ChildView& view_;
  std::string key_;
  std::vector<placement::Seat> facts_;  // where the strategy remembers
  ChildPlacement out_;
};

}  // namespace

std::string placement_key(const HubKey& hub, const std::string& child) {
  return hub.str() + "/" + child;
}

placement::Ledger::Entry record_of(const api::ProcessHubChild& child,
                                   std::span<const Pod* const> pods) {
  std::vector<const Pod*> own;
  for (const Pod* pod : pods) {
    if (pod->meta.owner_uid == child.meta.uid) own.push_back(pod);
  }
  placement::Ledger::Entry entry{.excluded = names_of(child.status.excluded)};
  for (const auto& [number, slot] : known_slots(child.status, own)) {
    entry.seats.push_back(seat_of(slot, child.status));
  }
  return entry;
}

std::vector<NodeName> names_of(std::span<const Exclusion> excluded) {
  std::vector<NodeName> names;
  names.reserve(excluded.size());
  for (const Exclusion& one : excluded) {
    if (one.reason != kUpdateTimedOut) names.push_back(one.node);
  }
  return names;
}

std::string fingerprint_of(const NodeState& node, const PodTemplate& pod_template) {
  return base32(hash64(pod_template.revision, node.fingerprint), 12);
}

ChildPlacement place_child(const ChildInput& input, ChildView& view) {
  return Placer(input, view).place();
}

}  // namespace processhub::plan
