#include "plan/quorum.h"

#include <algorithm>

namespace processhub::plan {

Quorum next_quorum(const QuorumInput& input) {
  Quorum quorum{.known = input.known, .reason = "Divergence"};
  quorum.present = static_cast<int>(std::count_if(input.nodes.begin(), input.nodes.end(),
                                                  [](const auto& node) { return node.present; }));
  return quorum;
}

}  // namespace processhub::plan
