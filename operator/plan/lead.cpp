#include "plan/lead.h"

#include <algorithm>
#include <utility>

#include "api/limits.h"
#include "plan/labels.h"
#include "plan/pod.h"

namespace processhub::plan {
namespace {

using kube::Pod;
using redundancy::Role;
using redundancy::RoleAt;

// By HotSwap: it is to go, and would hand over again.
bool is_replaced(const RoleInput& input, const Pod& pod) {
  return std::any_of(input.slots.begin(), input.slots.end(),
                     [&](const Slot& slot) { return slot.replaces == pod.meta.uid; });
}

class Finder {
 public:
  Finder(const RoleInput& input, ChildView& view)
      : in_(input.in),
        input_(input),
        view_(view),
        members_(in_.frame.membership),
        status_(in_.child.status),
        hub_(*in_.frame.hub) {}

  Lead find() {
    find_pod();
    out_.standing = judge();
    if (hub_.spec.paused) return std::move(out_);
    out_.next = successor();
    if (out_.next == nullptr && out_.tampered && out_.pod != nullptr &&
        out_.standing != Standing::kVacant) {
      out_.cause = "Repaired";
      out_.standing = Standing::kFit;
      out_.next = out_.pod;
    }
    if (out_.next != nullptr && out_.standing == Standing::kSuspect) rest_on_suspicion();
    return std::move(out_);
  }

 private:
  [[nodiscard]] const std::string& name() const { return in_.child.meta.name; }

  // The one that the status names; unless somebody has edited that: then the pod that was told
  // last that it leads, for that is who works.
  void find_pod() {
    out_.highest = std::max(status_.epoch,
                            in_.child.meta.created.time_since_epoch() / std::chrono::seconds(1));
    out_.tampered = status_.active && status_.epoch == 0;
    for (const Pod* pod : view_.own()) {
      const RoleAt role = role_of(*pod, status_.epoch);
      out_.highest = std::max(out_.highest, role.epoch);
      if (role.epoch > status_.epoch) out_.tampered = true;
      const bool named = status_.active && status_.active->pod_uid == pod->meta.uid;
      if (role.role != Role::kActive || role.epoch < status_.epoch || named) continue;
      out_.tampered = true;
      if (out_.pod == nullptr || role.epoch > role_of(*out_.pod, status_.epoch).epoch)
        out_.pod = pod;
    }
    if (out_.pod == nullptr && status_.active) out_.pod = view_.own(status_.active->pod_uid);
  }

  Standing judge() {
    const Pod* const pod = out_.pod;
    if (pod == nullptr || view_.has_ended(*pod)) {
      out_.cause = pod != nullptr ? "PodFailed" : status_.active ? "PodGone" : "FirstStart";
      return Standing::kVacant;
    }
    const NodeState* const node = members_.node(node_of(*pod));
    const Host host = view_.host_of(*pod);
    const bool gone = host == Host::kGone || host == Host::kReplaced;
    if (gone || view_.is_suspect(*node)) {
      out_.cause = gone                                 ? "NodeGone"
                   : node->health != NodeHealth::kReady ? "NodeNotReady"
                                                        : "NodeSuspect";
      if (members_.quorum.locked) return held("QuorumLost");
      // The machine that has the name now may have started the pod: it has to end first.
      if (view_.fenced() && host == Host::kReplaced) return Standing::kUnfit;
      if (view_.fenced() && !view_.is_dead(*pod)) return held("AwaitsFence");
      return Standing::kSuspect;
    }
    if (pod->meta.deleted) return unfit("PodTerminating");
    if (input_.leaving == pod) return unfit(std::string(to_string(input_.leaves_because)));
    // While its node was not heard of, its pods were called not Ready for that.
    const WallTime since = std::max(pod->ready_since.value_or(pod->meta.created), node->since);
    if (!pod->ready && view_.passed(since + hub_.spec.failover.active_not_ready)) {
      return unfit("PodNotReady");
    }
    const Pod* const wanted = commanded(input_, view_, pod);
    if (wanted != nullptr && wanted != pod) return unfit("SwitchRequested");
    return Standing::kFit;
  }

  Standing unfit(std::string cause) {
    out_.cause = std::move(cause);
    return Standing::kUnfit;
  }
  Standing held(const char* why) {
    out_.held = why;
    return Standing::kHeld;
  }

  [[nodiscard]] bool is_removed(const Pod& pod) const {
    return std::any_of(input_.removals.begin(), input_.removals.end(),
                       [&](const DeletePod& one) { return one.uid == pod.meta.uid; });
  }

  // Whom the strategy has take over; null: nobody.
  const Pod* successor() {
    if (out_.standing == Standing::kFit || out_.standing == Standing::kHeld) return nullptr;
    const Pod* const wanted =
        out_.cause == "SwitchRequested" ? commanded(input_, view_, out_.pod) : input_.heir;
    std::vector<redundancy::Replica> replicas;
    std::vector<const Pod*> candidates = in_walk_order(input_);
    if (input_.heir != nullptr) candidates.push_back(input_.heir);
    for (const Pod* pod : candidates) {
      const bool able = pod != out_.pod && pod != input_.leaving && !is_removed(*pod) &&
                        view_.can_lead(*pod) && (wanted == nullptr || pod == wanted);
      replicas.push_back({.node = node_of(*pod),
                          .pod = {pod->meta.name, pod->meta.uid},
                          .ready = able,
                          .active = pod == out_.pod && out_.standing != Standing::kVacant});
    }
    const redundancy::RedundancyStrategy& strategy = *in_.frame.redundancy;
    if (out_.standing != Standing::kVacant) {
      return led_by(strategy.handle_post_update(
          in_.frame.key, name(), input_.nodes,
          {.kind = redundancy::NodeEvent::Kind::kDown, .node = node_of(*out_.pod)}, replicas));
    }
    for (const redundancy::Replica& replica : replicas) {
      const Pod* const next =
          led_by(strategy.handle_post_start(in_.frame.key, name(), replica.pod, replicas));
      if (next != nullptr) return next;
    }
    return nullptr;
  }

  [[nodiscard]] const Pod* led_by(const std::vector<redundancy::RoleSignal>& signals) const {
    for (const redundancy::RoleSignal& signal : signals) {
      if (signal.role == Role::kActive) return view_.own(signal.to.uid);
    }
    return nullptr;
  }

  // Confirmed once more, by the means by which it came about; a probe has its threshold.
  void rest_on_suspicion() {
    NodeIsDown fact = ChildView::down(*out_.pod);
    const NodeState* const node = members_.node(fact.node);
    if (view_.fenced()) {
      fact = view_.beyond_recall(*out_.pod);
    } else if (node != nullptr && node->health == NodeHealth::kReady && node->uid == fact.uid) {
      if (node->stale_lease.empty()) return;  // by a probe
      fact.how = NodeIsDown::How::kStale;
      fact.stale_lease = node->stale_lease;
    }
    out_.only_if.push_back(std::move(fact));
  }

  const ChildInput& in_;
  const RoleInput& input_;
  ChildView& view_;
  const Membership& members_;
  const api::ChildStatus& status_;
  const api::ProcessHub& hub_;
  Lead out_;
};

}  // namespace

Lead find_lead(const RoleInput& input, ChildView& view) { return Finder(input, view).find(); }

std::vector<const Pod*> in_walk_order(const RoleInput& input) {
  std::vector<const Pod*> pods;
  for (const Slot& slot : input.slots) {
    if (slot.current() != nullptr) pods.push_back(slot.current());
  }
  const auto place = [&](const Pod* pod) {
    return std::find(input.nodes.begin(), input.nodes.end(), node_of(*pod));
  };
  std::stable_sort(pods.begin(), pods.end(),
                   [&](const Pod* a, const Pod* b) { return place(a) < place(b); });
  return pods;
}

const Pod* commanded(const RoleInput& input, const ChildView& view, const Pod* lead) {
  const std::string node = kube::value_of(input.in.child.meta.annotations, kSwitchToAnnotation);
  if (node.empty()) return nullptr;
  for (const Pod* pod : in_walk_order(input)) {
    if (node_of(*pod) != NodeName(node)) continue;
    if (pod == lead || (view.can_lead(*pod) && !is_replaced(input, *pod))) return pod;
  }
  return nullptr;
}

RoleAt role_of(const Pod& pod, int64_t known) {
  const auto role = redundancy::parse_role(kube::value_of(pod.meta.annotations, kRoleAnnotation));
  if (!role || role->epoch > std::max(known, api::kMaxEpochOfPods)) return {};
  return *role;
}

bool is_as_told(const Pod& pod, const RoleAt& role, const std::string& hub) {
  return kube::value_of(pod.meta.labels, kHubLabel) == hub &&
         kube::value_of(pod.meta.labels, kRoleLabel) == to_string(role.role) &&
         kube::value_of(pod.meta.annotations, kRoleAnnotation) == to_text(role);
}

bool has_standby(std::span<const Slot> slots, const Pod& pod, const ChildView& view) {
  return std::any_of(slots.begin(), slots.end(), [&](const Slot& slot) {
    return slot.current() != nullptr && slot.current() != &pod && view.can_lead(*slot.current());
  });
}

}  // namespace processhub::plan
