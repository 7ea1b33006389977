// CentralizedLoadBalancer: a replica without a node goes to the member under the least load.
// What has a node keeps it: nothing moves because a node joined or loads changed.
//
// The score of a member is measured from time to time (UseHistory); what has been given out
// since is counted on top, so that many children at once do not all go to one node.
#pragma once

#include <string_view>
#include <unordered_map>
#include <vector>

#include "placement/distribution_strategy.h"

namespace processhub::placement {

// The load of one member, as a part of what it can carry: 0 idle, 1 full.
struct NodeScore {
  double score = 0;       // when it was measured
  uint32_t replicas = 0;  // of this hub that it had then
  double ask = 0;         // what one replica more adds; greater than 0
  bool operator==(const NodeScore&) const = default;
};

class CentralizedLoadBalancer final : public DistributionStrategy {
 public:
  // A member without a score counts as full.
  CentralizedLoadBalancer(const std::vector<Member>& members,
                          const std::unordered_map<NodeName, NodeScore>& scores);

  [[nodiscard]] std::string_view algorithm() const override { return "CentralizedLoadBalancer"; }
  [[nodiscard]] Placement belongs_to(const Request& request, const Loads& loads) const override;
  [[nodiscard]] bool remembers() const override { return true; }
  [[nodiscard]] std::optional<uint32_t> index_of(const NodeName& name) const override;
  [[nodiscard]] size_t members() const override { return members_.size(); }

 private:
  struct Candidate {
    NodeName name;
    NodeScore measured;
  };
  [[nodiscard]] double score_of(uint32_t member, const Loads& loads) const;

  std::vector<Candidate> members_;  // by name
};

}  // namespace processhub::placement
