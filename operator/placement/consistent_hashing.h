// ConsistentHashing: the nodes of a child are the first ones from its position on a hash
// ring, each with no more than its bound where the hub has one.
#pragma once

#include <optional>
#include <vector>

#include "placement/bound.h"
#include "placement/distribution_strategy.h"
#include "placement/ring.h"

namespace processhub::placement {

struct ConsistentHashingOptions {
  int virtual_nodes = 512;
  std::optional<BoundOptions> bound = {};
  bool operator==(const ConsistentHashingOptions&) const = default;
};

class ConsistentHashing final : public DistributionStrategy {
 public:
  ConsistentHashing(std::vector<Member> members, ConsistentHashingOptions options)
      : options_(options), ring_(std::move(members), options.virtual_nodes) {}

  // The same strategy with these members: its ring is changed in place where few differ.
  [[nodiscard]] ConsistentHashing with(std::vector<Member> members) const;

  [[nodiscard]] std::string_view algorithm() const override { return kRingAlgorithm; }
  [[nodiscard]] Placement belongs_to(const Request& request, const Loads& loads) const override;
  [[nodiscard]] bool remembers() const override { return options_.bound.has_value(); }
  [[nodiscard]] std::optional<uint32_t> index_of(const NodeName& name) const override {
    return ring_.index_of(name);
  }
  [[nodiscard]] size_t members() const override { return ring_.members().size(); }
  [[nodiscard]] std::vector<uint32_t> caps(uint64_t replicas) const override;

  [[nodiscard]] const Ring& ring() const { return ring_; }

 private:
  [[nodiscard]] Placement by_loads(const Request& request, const Loads& loads) const;

  ConsistentHashingOptions options_;
  Ring ring_;
};

}  // namespace processhub::placement
