#include "plan/child_view.h"

#include <algorithm>

#include "plan/labels.h"
#include "plan/pod.h"
#include "plan/slots.h"

namespace processhub::plan {

using kube::Pod;

namespace {

// The pod was made for a Node that has been replaced by one of its name.
bool is_of_another(const Pod& pod, const NodeState& node) {
  const auto made_for = pod.meta.annotations.find(kNodeUidAnnotation);
  return made_for != pod.meta.annotations.end() && made_for->second != node.uid.str();
}

}  // namespace

bool ends_pods(Host host) {
  return host == Host::kUp || host == Host::kNotReady || host == Host::kReplaced;
}

bool serves(const Pod& pod, const Membership& membership) {
  // Who watches may still read Ready of one that has ended.
  if (!pod.ready || pod.meta.deleted || ChildView::has_ended(pod)) return false;
  const NodeState* node = membership.node(node_of(pod));
  return node != nullptr && node->health == NodeHealth::kReady && !is_of_another(pod, *node);
}

ChildView::ChildView(const ChildInput& input) : in_(input), members_(input.frame.membership) {
  for (const Pod* pod : in_.pods) {
    const bool ours = pod->meta.owner_uid == in_.child.meta.uid && slot_of(*pod);
    (ours ? own_ : foreign_).push_back(pod);
  }
  std::sort(foreign_.begin(), foreign_.end(),
            [](const Pod* a, const Pod* b) { return a->meta.name < b->meta.name; });
}

Host ChildView::host_of(const Pod& pod) const {
  const NodeState* node = members_.node(node_of(pod));
  if (node == nullptr) return Host::kGone;
  if (node->health == NodeHealth::kUnknown) return Host::kUnknown;
  if (is_of_another(pod, *node)) return Host::kReplaced;
  return node->health == NodeHealth::kReady ? Host::kUp : Host::kNotReady;
}

NodeIsDown ChildView::down(const Pod& pod) {
  return {.node = node_of(pod),
          .uid = Uid(kube::value_of(pod.meta.annotations, kNodeUidAnnotation))};
}

// How long a loss must stand before this child is placed elsewhere.
std::chrono::seconds ChildView::patience() const {
  const bool serving =
      std::any_of(own_.begin(), own_.end(), [&](const Pod* pod) { return serves(*pod, members_); });
  const api::FailoverSpec& failover = in_.frame.hub->spec.failover;
  return serving ? failover.replace_after : failover.restart_after;
}

bool ChildView::lost_for_good(const NodeState& node) {
  if (node.health == NodeHealth::kReady) return false;
  if (node.dead) return true;  // nobody waits for it to come back
  return !fenced() && passed(node.since + patience());
}

const Pod* ChildView::own(const Uid& uid) const {
  for (const Pod* pod : own_) {
    if (pod->meta.uid == uid) return pod;
  }
  return nullptr;
}

const Pod* ChildView::find(const Uid& uid) const {
  for (const Pod* pod : in_.pods) {
    if (pod->meta.uid == uid) return pod;
  }
  return nullptr;
}

bool ChildView::is_left_behind(const Pod& pod) const {
  return pod.meta.deleted && !ends_pods(host_of(pod));
}

bool ChildView::has_ended(const Pod& pod) {
  return pod.phase == "Failed" || pod.phase == "Succeeded";
}

bool ChildView::is_gated(const Pod& pod) {
  return std::find(pod.gates.begin(), pod.gates.end(), kFenceGate) != pod.gates.end();
}

bool ChildView::fenced() const {
  return in_.frame.hub->spec.failover.fence == api::Fence::kNodeConfirmed;
}

bool ChildView::can_lead(const Pod& pod) const {
  if (!serves(pod, members_)) return false;
  return !is_suspect(members_.nodes.at(node_of(pod)));
}

bool ChildView::is_suspect(const NodeState& node) const {
  if (members_.mass_loss && node.health == NodeHealth::kReady) return false;
  return node.suspect;
}

NodeIsDown ChildView::beyond_recall(const Pod& pod) const {
  return {.node = node_of(pod), .how = fenced() ? NodeIsDown::How::kDead : NodeIsDown::How::kLost};
}

bool ChildView::is_dead(const Pod& pod) const {
  const NodeState* const node = members_.node(node_of(pod));
  return node == nullptr || node->dead;
}

bool ChildView::passed(WallTime due) {
  if (in_.now >= due) return true;
  if (!look_again_ || due < *look_again_) look_again_ = due;
  return false;
}

}  // namespace processhub::plan
