// One replica of each child.
#pragma once

#include "redundancy/redundancy_strategy.h"

namespace processhub::redundancy {

class Singularity final : public RedundancyStrategy {
 public:
  void init(const HubKey& hub, std::span<const NodeName> members) override;
  [[nodiscard]] int replication_factor() const override { return 1; }
  [[nodiscard]] NodeName master_node(const HubKey& hub, const ChildId& child,
                                     std::span<const NodeName> child_nodes) const override;
  [[nodiscard]] std::vector<RoleSignal> handle_post_start(
      const HubKey& hub, const ChildId& child, const PodRef& started,
      std::span<const Replica> replicas) const override;
  [[nodiscard]] std::vector<RoleSignal> handle_post_update(
      const HubKey& hub, const ChildId& child, std::span<const NodeName> hub_nodes,
      const NodeEvent& event, std::span<const Replica> replicas) const override;
};

}  // namespace processhub::redundancy
