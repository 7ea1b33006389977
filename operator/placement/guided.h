// Guided: each child names its nodes, preferred first (`spec.nodes`). It has the first ones
// that are members, and goes back to earlier ones when they are.
#pragma once

#include <string_view>
#include <vector>

#include "placement/distribution_strategy.h"

namespace processhub::placement {

class Guided final : public DistributionStrategy {
 public:
  explicit Guided(const std::vector<Member>& members);

  [[nodiscard]] std::string_view algorithm() const override { return "Guided"; }
  [[nodiscard]] Placement belongs_to(const Request& request, const Loads& loads) const override;
  [[nodiscard]] std::optional<uint32_t> index_of(const NodeName& name) const override;
  [[nodiscard]] size_t members() const override { return members_.size(); }

 private:
  std::vector<NodeName> members_;  // sorted
};

}  // namespace processhub::placement
