#include "plan/child_plan.h"

#include <algorithm>
#include <utility>

#include "api/conditions.h"
#include "plan/binding.h"
#include "plan/child_placement.h"
#include "plan/child_status.h"
#include "plan/child_view.h"
#include "plan/hot_swap.h"
#include "plan/move_rules.h"
#include "plan/new_pod.h"
#include "plan/pod.h"
#include "plan/roles.h"
#include "plan/service.h"
#include "plan/slots.h"

namespace processhub::plan {
namespace {

using kube::Pod;

// A pod that ended by itself is made again, but not faster than this.
constexpr auto kFailedPodDelay = std::chrono::seconds(10);
constexpr auto kFailedPodLimit = std::chrono::seconds(300);

class Planner {
 public:
  explicit Planner(const ChildInput& input)
      : in_(input),
        members_(input.frame.membership),
        view_(input),
        moving_(move_under_way(input.child.status)) {}

  ChildPlan plan() {
    if (in_.suspended()) {
      stop_all();
    } else {
      run_all();
    }
    roles_ = plan_roles({.in = in_,
                         .slots = slots_,
                         .nodes = placed_.nodes,
                         .leaving = leaving_,
                         .leaves_because = leaves_because_,
                         .heir = heir_,
                         .removals = removals_},
                        view_);
    service_ = plan_service(in_);
    // What a move has brought is not waited for beyond its time: others want to move as well.
    if (moving_ && (timed_out_ || placed_.timed_out || settled())) moving_.reset();
    return finish();
  }

 private:
  void run_all() {
    placed_ = place_child(in_, view_);
    status_first_ = placed_.excludes_more;
    only_if_ = placed_.only_if;
    slots_ = assign_slots(in_.child.status, view_.own(), placed_.nodes);
    keep_what_has_nowhere_to_go();
    move_under_way_ =
        std::any_of(slots_.begin(), slots_.end(), [](const Slot& slot) { return slot.swaps(); });
    if (!in_.frame.hub->spec.paused) {
      delete_foreign();
      // Who leads comes last, so that the others are in place when it hands over.
      for (Slot& slot : slots_) {
        if (!holds_lead(slot)) step(slot);
      }
      for (Slot& slot : slots_) {
        if (holds_lead(slot)) step(slot);
      }
      give_up_what_is_not_made();
      bindings_ = plan_binding(in_, view_, removals_);
    }
  }

  // A suspended child: nobody leads, then its pods go. Its slots stay as they are known.
  void stop_all() {
    moving_.reset();
    placed_.excluded = in_.child.status.excluded;
    std::erase_if(placed_.excluded, [](const auto& one) { return one.reason == kUpdateTimedOut; });
    for (auto& [number, slot] : known_slots(in_.child.status, view_.own())) {
      slot.replaces = Uid();
      if (slot.successor != nullptr) slot.pods.push_back(std::exchange(slot.successor, nullptr));
      slots_.push_back(std::move(slot));
    }
    delete_foreign();
    for (const Pod* pod : view_.own()) remove(*pod, Reason::kSuspended);
  }

  // With fewer nodes than replicas, a pod that runs stays where it is: there is
  // nothing to gain by stopping it.
  void keep_what_has_nowhere_to_go() {
    size_t room = static_cast<size_t>(in_.frame.redundancy->replication_factor()) -
                  std::min(placed_.nodes.size(),
                           static_cast<size_t>(in_.frame.redundancy->replication_factor()));
    for (const bool serving : {true, false}) {
      for (Slot& slot : slots_) {
        if (room == 0) return;
        const Pod* pod = slot.current();
        if (slot.target || pod == nullptr || pod->meta.deleted || ChildView::has_ended(*pod))
          continue;
        const Host host = view_.host_of(*pod);
        if (host == Host::kGone || host == Host::kReplaced) continue;
        if (serves(*pod, members_) != serving) continue;
        stranded_.push_back(slot.number);
        --room;
      }
    }
  }

  [[nodiscard]] bool leads(const Pod& pod) const {
    const auto& active = in_.child.status.active;
    return (active && active->pod_uid == pod.meta.uid) ||
           role_of(pod).role == redundancy::Role::kActive;
  }
  [[nodiscard]] bool holds_lead(const Slot& slot) const {
    return (slot.current() != nullptr && leads(*slot.current())) ||
           (slot.successor != nullptr && leads(*slot.successor));
  }

  // A pod that leads and has a standby hands over first, and goes when it is passive.
  bool hands_over(const Pod& pod, Reason reason) {
    if (!leads(pod) || !has_standby(slots_, pod, view_)) return false;
    leaving_ = &pod;
    leaves_because_ = reason;
    return true;
  }

  [[nodiscard]] bool is_stranded(const Slot& slot) const {
    return std::find(stranded_.begin(), stranded_.end(), slot.number) != stranded_.end();
  }

  // --- one slot ---

  void delete_foreign() {
    for (const Pod* pod : view_.foreign()) remove(*pod, Reason::kNotOurs);
  }

  void step(Slot& slot) {
    for (const Pod* pod : slot.pods) {
      if (pod != slot.current()) remove(*pod, Reason::kSurplus);
    }
    if (slot.swaps()) return swap(slot);
    const Pod* pod = slot.current();
    if (!slot.target) {
      if (pod != nullptr && !is_stranded(slot)) remove_surplus(slot, *pod);
      return;
    }
    if (pod == nullptr) {
      if (const Pod* foreigner = foreigner_in(slot, view_)) return replace_dying(slot, *foreigner);
      if (has_moved(slot)) {
        // Under another name: who evicts by name (`kubectl drain`) would meet the new one.
        ++slot.incarnation;
        status_first_ = true;
        return;
      }
      create(slot);
    } else if (slot_of(*pod)->incarnation < slot.incarnation) {
      step_past(slot, *pod);
    } else if (pod->meta.deleted) {
      replace_dying(slot, *pod);
    } else if (ChildView::has_ended(*pod)) {
      // Where its node has no room for it, there is nothing to wait for.
      if (node_of(*pod) != *slot.target || view_.passed(pod->meta.created + failed_pod_delay())) {
        remove(*pod, Reason::kPodFailed);
      }
    } else {
      place(slot, *pod);
    }
  }

  // The pod that the slot had is gone, and was on another node. That it is gone is read once more
  // for the status.
  [[nodiscard]] bool has_moved(const Slot& slot) const {
    const auto& replicas = in_.child.status.replicas;
    return std::any_of(replicas.begin(), replicas.end(), [&](const api::Replica& one) {
      return one.slot == slot.number && one.incarnation == slot.incarnation &&
             !one.pod_uid.empty() && one.node != *slot.target;
    });
  }

  // --- a move by HotSwap ---

  void swap(Slot& slot) {
    const Pod& old = *slot.current();
    const Pod* const fresh = slot.successor;
    const bool due = slot.target && (node_of(old) != *slot.target || rules_.is_outdated(old));
    const bool fits = fresh == nullptr || (slot.target && node_of(*fresh) == *slot.target &&
                                           !rules_.is_outdated(*fresh));
    switch (next_swap_step(slot, due && fits, leads(old), in_, view_)) {
      case SwapStep::kMake:
        if (!moving_) return end_swap(slot, old);  // it has lost its place, and asks for another
        // Where it is to be is in the status first.
        status_first_ = status_first_ || slot.node != *slot.target;
        return create(slot);
      case SwapStep::kWait:
        return;
      case SwapStep::kHandOver:
        leaving_ = &old;
        leaves_because_ = rules_.why_swapped(slot, old);
        heir_ = fresh;
        return;
      case SwapStep::kRetire:
        return remove(old, rules_.why_swapped(slot, old));
      case SwapStep::kTimedOut:
        if (node_of(*fresh) == node_of(old)) {
          fail_template(slot, node_of(*fresh));
        } else {
          placed_.excluded.push_back(rules_.node_failed(slot, node_of(*fresh)));
        }
        timed_out_ = true;
        status_first_ = true;
        return remove(*fresh, Reason::kMoveTimedOut);
      case SwapStep::kGiveUp:
        if (fresh != nullptr) return remove(*fresh, Reason::kSurplus);
        return end_swap(slot, old);
    }
  }

  void end_swap(Slot& slot, const Pod& old) {
    slot.replaces = Uid();
    slot.incarnation = slot_of(old)->incarnation;
    if (!slot.target && !is_stranded(slot)) remove_surplus(slot, old);
  }

  // Doubles with each failure in a row.
  [[nodiscard]] std::chrono::seconds failed_pod_delay() const {
    return std::min(kFailedPodLimit, kFailedPodDelay * (1 << std::min(in_.failures, 10)));
  }

  // `pod` has been passed over: its successor is due while nothing else can be hoped for.
  void step_past(const Slot& slot, const Pod& pod) {
    if (!pod.meta.deleted) return remove(pod, Reason::kSurplus);
    const bool all_left_behind = std::all_of(
        slot.pods.begin(), slot.pods.end(), [&](const Pod* p) { return view_.is_left_behind(*p); });
    if (all_left_behind && !members_.frozen()) create(slot);
  }

  // A replica fewer, because the factor fell: it serves until those that stay do. Or, with
  // ClusterSize, because a node left: from a node that is well it goes like any that drains.
  void remove_surplus(Slot& slot, const Pod& pod) {
    const Host host = view_.host_of(pod);
    if (host == Host::kUp && members_.member(node_of(pod)) != nullptr) {
      if (!pod.ready || rest_is_in_place()) {
        if (!hands_over(pod, Reason::kSurplus)) remove_as_seen(pod, Reason::kSurplus);
      }
      return;
    }
    if (members_.frozen()) return;
    switch (host) {
      case Host::kUp:
        return move(slot, pod, rules_.why_not_here(node_of(pod)));
      case Host::kGone:
        return remove(pod, Reason::kNodeGone, ChildView::down(pod));
      case Host::kReplaced:
        return remove(pod, Reason::kNodeReplaced, ChildView::down(pod));
      case Host::kUnknown:
      case Host::kNotReady:
        return remove(pod, Reason::kSurplus, ChildView::down(pod));
    }
  }

  void create(const Slot& slot) {
    if (auto pod = new_pod(slot, in_, view_, placed_.placement.seats)) creates_.push_back(*pod);
  }

  // A pod that is being deleted is waited for; only one whose node cannot end it is
  // passed over, under a new name.
  void replace_dying(Slot& slot, const Pod& pod) {
    const Host host = view_.host_of(pod);
    if (!pod.meta.deleted || ends_pods(host) || members_.frozen()) return;
    if (in_.pod_template.usable() == nullptr) return;
    if (host == Host::kUnknown && !view_.lost_for_good(members_.nodes.at(node_of(pod)))) return;
    slot.incarnation = std::max(slot.incarnation, incarnation_of(pod) + 1);
    status_first_ = true;
    only_if_.push_back(view_.beyond_recall(pod));
  }

  void place(Slot& slot, const Pod& pod) {
    const bool on_target = node_of(pod) == *slot.target;
    switch (view_.host_of(pod)) {
      case Host::kGone:
        if (!members_.frozen()) remove(pod, Reason::kNodeGone, ChildView::down(pod));
        return;
      case Host::kReplaced:
        if (!members_.frozen()) remove(pod, Reason::kNodeReplaced, ChildView::down(pod));
        return;
      case Host::kNotReady:
      case Host::kUnknown:
        // It may still work, and is only stopped where a successor can be made.
        if (in_.pod_template.usable() == nullptr) return;
        if (!on_target && !members_.frozen() &&
            view_.lost_for_good(members_.nodes.at(node_of(pod)))) {
          remove(pod, Reason::kNodeLost, ChildView::down(pod));
        }
        return;
      case Host::kUp:
        break;
    }
    if (!on_target) {
      move(slot, pod, rules_.why_not_here(node_of(pod)));
    } else if (rules_.is_outdated(pod)) {
      move(slot, pod, Reason::kTemplateChanged);
    } else {
      give_up_update(slot, pod);
    }
  }

  // A new template by ColdSwap that has not come up in time: there is no pod to go back to, and
  // another node would do no better. It stays as it is, and is not waited for. One that has failed
  // before has no place to give back.
  void give_up_update(const Slot& slot, const Pod& pod) {
    if (pod.ready || !has_revision(pod, in_.pod_template.revision)) return;
    const auto timeout = in_.frame.hub->spec.migration.child_timeout;
    const bool tried_again = has_failed_update(in_.child.status.excluded);
    if (moving_ != MoveKind::kUpdate && !tried_again) return;
    if (tried_again ? !view_.passed(unready_since(pod) + timeout)
                    : !is_overdue(pod, in_.child.status, timeout, view_)) {
      return;
    }
    timed_out_ = true;
    fail_template(slot, node_of(pod));
  }

  void fail_template(const Slot& slot, const NodeName& node) {
    // One that the API server has not been asked about yet has not been tried.
    if (in_.pod_template.state != PodTemplate::State::kValid) return;
    if (has_failed_update(placed_.excluded, in_.pod_template.revision)) return;
    if (has_come_up(in_, view_)) return;
    std::erase_if(placed_.excluded, [](const auto& one) { return one.reason == kUpdateTimedOut; });
    placed_.excluded.push_back(rules_.template_failed(slot, node));
    status_first_ = true;
  }

  // What cannot even be made, as under a quota, or does not go, is not waited for either.
  void give_up_what_is_not_made() {
    if (!moving_ || timed_out_) return;
    for (const Slot& slot : slots_) {
      const Pod* const pod = slot.current();
      const bool missing =
          slot.swaps() ? slot.successor == nullptr : pod == nullptr || pod->meta.deleted;
      if (!slot.target || !missing) continue;
      const auto timeout = in_.frame.hub->spec.migration.child_timeout;
      if (!is_overdue_without_pod(in_.child.status, timeout, view_)) return;
      timed_out_ = true;
      if (moving_ == MoveKind::kUpdate) fail_template(slot, *slot.target);
      return;
    }
  }

  // A voluntary move. By ColdSwap the old pod goes, then the new one is made. It needs
  // a place in the budget, and of one child's replicas only one moves at a time. A pod
  // that does not serve yet loses nothing and needs neither.
  void move(Slot& slot, const Pod& pod, Reason reason) {
    if (members_.frozen() || in_.pod_template.usable() == nullptr) return;
    if (pod.ready) {
      if (!others_serve(slot)) {
        if (!move_under_way_) waits_for_replicas_ = reason;
        return;
      }
      const MoveKind kind = kind_of(reason);
      // It would be stopped for a template of which one knows that it does not come up.
      if (kind == MoveKind::kOfNodes && in_.rollout_failed && rules_.is_old(pod)) {
        waits_for_template_ = reason;
        if (wants_move_ != MoveKind::kOfNodes) wants_move_ = MoveKind::kUpdate;
        return;
      }
      // A place that was taken for a node is none for a template.
      const bool update = kind == MoveKind::kUpdate;
      const bool has_place = moving_ && !(update && *moving_ == MoveKind::kOfNodes);
      if (!has_place && !(update ? in_.may_update && !moving_ : in_.may_move)) {
        if (wants_move_ != MoveKind::kOfNodes) wants_move_ = kind;
        return;
      }
    }
    if (!moving_ && pod.ready) {
      moving_ = kind_of(reason);
      begins_because_ = reason;
      status_first_ = true;  // the budget is counted from the statuses
    }
    move_under_way_ = true;
    if (pod.ready && slot.target && swaps_hot()) {
      slot.replaces = pod.meta.uid;
      ++slot.incarnation;
      status_first_ = true;  // before the new name is used
      return;
    }
    if (!hands_over(pod, reason)) remove_as_seen(pod, reason);
  }

  [[nodiscard]] bool swaps_hot() const {
    return in_.frame.hub->spec.migration.strategy == api::MigrationStrategyKind::kHotSwap;
  }

  // The replicas that shall stay serve, and need not move.
  [[nodiscard]] bool rest_is_in_place() const {
    return std::all_of(slots_.begin(), slots_.end(), [&](const Slot& slot) {
      const Pod* pod = slot.current();
      return !slot.target ||
             (pod != nullptr && view_.can_lead(*pod) && node_of(*pod) == *slot.target);
    });
  }

  [[nodiscard]] bool others_serve(const Slot& slot) const {
    if (move_under_way_) return false;
    return std::all_of(slots_.begin(), slots_.end(), [&](const Slot& other) {
      if (other.number == slot.number || !other.target) return true;
      return other.current() != nullptr && view_.can_lead(*other.current());
    });
  }

  // Nothing is left to do for this child: every replica serves where it should. What
  // lost nodes hold is not waited for: that may take for ever.
  [[nodiscard]] bool settled() const {
    if (!creates_.empty() || !removals_.empty() || leaving_ != nullptr) return false;
    if (wants_move_ && !is_next(*wants_move_)) return false;
    return std::all_of(slots_.begin(), slots_.end(), [&](const Slot& slot) {
      if (slot.swaps()) return false;
      const Pod* current = slot.target ? slot.current() : nullptr;
      if (slot.target &&
          (current == nullptr || !serves(*current, members_) || node_of(*current) != *slot.target ||
           (rules_.is_outdated(*current) && !is_next(MoveKind::kUpdate)))) {
        return false;
      }
      return is_stranded(slot) ||
             std::all_of(slot.pods.begin(), slot.pods.end(), [&](const Pod* pod) {
               return pod == current || view_.is_left_behind(*pod);
             });
    });
  }

  // What is left is for a place of its own: a template, after a move because of nodes.
  [[nodiscard]] bool is_next(MoveKind kind) const {
    return kind == MoveKind::kUpdate && moving_ == MoveKind::kOfNodes;
  }

  // --- the result ---

  void remove(const Pod& pod, Reason reason, std::optional<NodeIsDown> only_if = std::nullopt) {
    if (pod.meta.deleted) return;
    removals_.push_back({.child = in_.child.key(),
                         .pod = {pod.meta.ns, pod.meta.name},
                         .node = node_of(pod),
                         .uid = pod.meta.uid,
                         .reason = reason,
                         .only_if = std::move(only_if)});
  }

  // One that is not Ready loses nothing by that; it may have become Ready meanwhile.
  void remove_as_seen(const Pod& pod, Reason reason) {
    const size_t before = removals_.size();
    remove(pod, reason);
    if (removals_.size() > before && !pod.ready) removals_.back().version = pod.meta.version;
  }

  ChildPlan finish() {
    ChildPlan plan;
    ChildReport report = child_report(in_, view_,
                                      {.slots = slots_,
                                       .placed = placed_,
                                       .roles = roles_,
                                       .service = service_,
                                       .moving = moving_.has_value(),
                                       .begins_because = begins_because_,
                                       .waits_for_replicas = waits_for_replicas_,
                                       .waits_for_template = waits_for_template_});
    plan.status = std::move(report.status);
    plan.gone = std::move(report.gone);
    std::move(report.only_if.begin(), report.only_if.end(), std::back_inserter(only_if_));
    std::move(roles_.only_if.begin(), roles_.only_if.end(), std::back_inserter(only_if_));
    status_first_ = status_first_ || roles_.names || roles_.doubts || report.admits ||
                    roles_.answers_command || roles_.handover_condition.has_value();
    // What a handover came to is said before the label, also while the hub is paused.
    if (status_first_ && (!in_.frame.hub->spec.paused || roles_.handover_condition)) {
      plan.actions.emplace_back(PutStatus{.child = in_.child.key(),
                                          .hub = in_.child.spec.hub,
                                          .uid = in_.child.meta.uid,
                                          .version = in_.child.meta.version,
                                          .status = plan.status,
                                          .only_if = std::move(only_if_),
                                          .gone = plan.gone,
                                          .unbound = placed_.unbound});
    }
    for (Action& action : roles_.actions) plan.actions.emplace_back(std::move(action));
    for (LiftGate& lift : report.lift) plan.actions.emplace_back(std::move(lift));
    // No pod that is made here waits for one that goes; one that cannot be deleted holds
    // nothing up.
    for (const PodIdentity& pod : creates_) {
      plan.actions.emplace_back(make(pod, roles_.epoch, in_, view_));
    }
    for (DeletePod& removal : removals_) plan.actions.emplace_back(std::move(removal));
    for (Action& action : service_.actions) plan.actions.emplace_back(std::move(action));
    for (BindPod& bind : bindings_) plan.actions.emplace_back(std::move(bind));
    plan.wants_move = wants_move_;
    plan.moving = moving_;
    plan.update_failed = has_failed_update(plan.status.excluded);
    plan.serves = std::none_of(view_.own().begin(), view_.own().end(), [&](const Pod* pod) {
      return !pod->meta.deleted && has_revision(*pod, in_.pod_template.revision) &&
             !serves(*pod, members_);
    });
    plan.look_again = view_.look_again();
    plan.seats = std::move(placed_.placement.seats);
    return plan;
  }

  const ChildInput& in_;
  const Membership& members_;
  ChildView view_;
  ChildPlacement placed_;
  const MoveRules rules_{in_, placed_};
  RolePlan roles_;
  ServicePlan service_;
  const Pod* leaving_ = nullptr;  // who leads, and shall hand over
  Reason leaves_because_ = Reason::kSurplus;
  const Pod* heir_ = nullptr;  // by HotSwap: to whom
  std::vector<Slot> slots_;
  std::vector<int> stranded_;         // slots without a target whose pods stay all the same
  std::vector<PodIdentity> creates_;  // made last: their epoch is the plan's own
  std::vector<DeletePod> removals_;
  std::vector<BindPod> bindings_;
  std::vector<NodeIsDown> only_if_;
  std::optional<MoveKind> moving_;  // a place in the budget of moves is taken, or kept
  Reason begins_because_ = Reason::kRingChanged;
  std::optional<Reason> waits_for_replicas_;
  std::optional<Reason> waits_for_template_;
  bool status_first_ = false;
  std::optional<MoveKind> wants_move_;
  bool timed_out_ = false;  // the move that is under way
  bool move_under_way_ = false;
};

}  // namespace

ChildPlan plan_child(const ChildInput& input) { return Planner(input).plan(); }

}  // namespace processhub::plan
