#include "plan/new_pod.h"

#include <nlohmann/json.hpp>

namespace processhub::plan {

using kube::Pod;

int incarnation_of(const Pod& pod) {
  const auto ref = slot_of(pod);
  return ref ? ref->incarnation : 1;
}

const Pod* foreigner_in(const Slot& slot, const ChildView& view) {
  for (const Pod* pod : view.foreign()) {
    const auto ref = slot_of(*pod);
    if (ref && ref->slot != slot.number) continue;
    const bool passed = incarnation_of(*pod) < slot.incarnation && view.is_left_behind(*pod);
    if (!passed) return pod;
  }
  return nullptr;
}

std::optional<PodIdentity> new_pod(const Slot& slot, const ChildInput& input, const ChildView& view,
                                   std::span<const placement::Seat> seats) {
  const Membership& members = input.frame.membership;
  if (input.pod_template.usable() == nullptr) return std::nullopt;
  if (foreigner_in(slot, view) != nullptr) return std::nullopt;
  const NodeState* const node = members.node(*slot.target);
  // Deleted, and still a member: nothing can be made there.
  if (node == nullptr) return std::nullopt;
  if (members.frozen() && node->health != NodeHealth::kReady) return std::nullopt;
  const placement::Seat* const seat = placement::seat_on(seats, *slot.target);
  return PodIdentity{.child = input.child,
                     .slot = slot.number,
                     .incarnation = slot.incarnation,
                     .node = *slot.target,
                     .node_uid = node->uid,
                     .home = seat == nullptr ? NodeName() : seat->home,
                     .beside = slot.replaces};
}

CreatePod make(PodIdentity identity, int64_t epoch, const ChildInput& input,
               const ChildView& view) {
  const api::ProcessHubChild& child = input.child;
  identity.role = {
      .role = redundancy::role_at_birth(*input.frame.redundancy, input.frame.key, child.meta.name),
      .epoch = epoch};
  return {.child = child.key(),
          .owner = child.meta.uid,
          .pod = {child.meta.ns, pod_name(child, identity.slot, identity.incarnation)},
          .node = identity.node,
          .slot = identity.slot,
          .incarnation = identity.incarnation,
          .fenced = view.fenced(),
          .beside = identity.beside,
          .body = std::make_shared<const nlohmann::json>(
              build_pod(input.frame, *input.pod_template.usable(), identity))};
}

}  // namespace processhub::plan
