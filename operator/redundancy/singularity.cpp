#include "redundancy/singularity.h"

namespace processhub::redundancy {

void Singularity::init(const HubKey& /*hub*/, std::span<const NodeName> /*members*/) {}

NodeName Singularity::master_node(const HubKey& /*hub*/, const ChildId& /*child*/,
                                  std::span<const NodeName> child_nodes) const {
  return child_nodes.front();
}

// There is no other replica to tell apart from, so nobody is told anything.
std::vector<RoleSignal> Singularity::handle_post_start(
    const HubKey& /*hub*/, const ChildId& /*child*/, const PodRef& /*started*/,
    std::span<const Replica> /*replicas*/) const {
  return {};
}

std::vector<RoleSignal> Singularity::handle_post_update(
    const HubKey& /*hub*/, const ChildId& /*child*/, std::span<const NodeName> /*hub_nodes*/,
    const NodeEvent& /*event*/, std::span<const Replica> /*replicas*/) const {
  return {};
}

}  // namespace processhub::redundancy
