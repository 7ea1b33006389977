// Which nodes a child belongs to. One implementation per
// `spec.distribution.strategy` of a ProcessHub; the operations are those of
// ProcessHub's distribution protocol (ProcessHub.Strategy.Distribution.Base).
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "placement/ring.h"

namespace processhub::placement {

class DistributionStrategy {
 public:
  virtual ~DistributionStrategy() = default;

  // The nodes of `child`, preferred first: the first `replication_factor` of its
  // walk that are not in `excluded`, or as many as there are.
  [[nodiscard]] virtual Assignment belongs_to(const HubKey& hub, const std::string& child,
                                              int replication_factor,
                                              std::span<const NodeName> excluded) const = 0;
};

class ConsistentHashing final : public DistributionStrategy {
 public:
  ConsistentHashing(std::vector<Member> members, int virtual_nodes)
      : ring_(std::move(members), virtual_nodes) {}

  [[nodiscard]] Assignment belongs_to(const HubKey& hub, const std::string& child,
                                      int replication_factor,
                                      std::span<const NodeName> excluded) const override {
    return ring_.place(hub.str() + "/" + child, replication_factor, excluded);
  }

 private:
  Ring ring_;
};

}  // namespace processhub::placement
