#include "placement/distribution_strategy.h"

#include <algorithm>

namespace processhub::placement {

std::vector<NodeName> nodes_of(std::span<const Seat> seats) {
  std::vector<NodeName> nodes;
  nodes.reserve(seats.size());
  for (const Seat& seat : seats) nodes.push_back(seat.node);
  return nodes;
}

const Seat* seat_on(std::span<const Seat> seats, const NodeName& node) {
  const auto found =
      std::find_if(seats.begin(), seats.end(), [&](const Seat& seat) { return seat.node == node; });
  return found == seats.end() ? nullptr : &*found;
}

}  // namespace processhub::placement
