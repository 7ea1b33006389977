#include "placement/distribution_strategy.h"

namespace processhub::placement {

std::vector<NodeName> nodes_of(std::span<const Seat> seats) {
  std::vector<NodeName> nodes;
  nodes.reserve(seats.size());
  for (const Seat& seat : seats) nodes.push_back(seat.node);
  return nodes;
}

}  // namespace processhub::placement
