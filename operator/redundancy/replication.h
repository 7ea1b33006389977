// A fixed number of replicas of each child, or one on every member (ClusterSize).
// Model ActiveActive: all replicas are peers and work at the same time.
// Model ActivePassive: one leads, the others stand by.
#pragma once

#include "redundancy/redundancy_strategy.h"

namespace processhub::redundancy {

class Replication : public RedundancyStrategy {
 public:
  explicit Replication(const api::ReplicationSpec& spec) : spec_(spec) {}

  void init(const HubKey& hub, std::span<const NodeName> members) override;
  [[nodiscard]] int replication_factor() const override;
  // The preferred master: the first of the walk.
  [[nodiscard]] NodeName master_node(const HubKey& hub, const ChildId& child,
                                     std::span<const NodeName> child_nodes) const override;
  [[nodiscard]] std::vector<RoleSignal> handle_post_start(
      const HubKey& hub, const ChildId& child, const PodRef& started,
      std::span<const Replica> replicas) const override;
  [[nodiscard]] std::vector<RoleSignal> handle_post_update(
      const HubKey& hub, const ChildId& child, std::span<const NodeName> hub_nodes,
      const NodeEvent& event, std::span<const Replica> replicas) const override;

 private:
  [[nodiscard]] std::vector<RoleSignal> tell_peers(const HubKey& hub, const ChildId& child,
                                                   std::span<const Replica> replicas) const;

  api::ReplicationSpec spec_;
  int members_ = 0;
};

}  // namespace processhub::redundancy
