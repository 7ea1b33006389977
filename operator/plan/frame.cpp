#include "plan/frame.h"

#include <utility>

namespace processhub::plan {

std::shared_ptr<const HubFrame> make_frame(std::shared_ptr<const api::ProcessHub> hub,
                                           Membership membership, const HubFrame* previous) {
  auto frame = std::make_shared<HubFrame>();
  frame->key = hub->key();
  frame->uid = hub->meta.uid;

  std::vector<NodeName> names;
  names.reserve(membership.members.size());
  for (const placement::Member& member : membership.members) names.push_back(member.name);
  auto redundancy = redundancy::make_strategy(hub->spec.redundancy);
  redundancy->init(frame->key, names);
  frame->redundancy = std::move(redundancy);

  const bool same_ring = previous != nullptr &&
                         previous->membership.members == membership.members &&
                         previous->hub->spec.distribution == hub->spec.distribution;
  if (same_ring) {
    frame->distribution = previous->distribution;
  } else {
    frame->distribution = std::make_shared<placement::ConsistentHashing>(
        membership.members, hub->spec.distribution.consistent_hashing.virtual_nodes);
  }
  frame->membership = std::move(membership);
  frame->hub = std::move(hub);
  return frame;
}

}  // namespace processhub::plan
