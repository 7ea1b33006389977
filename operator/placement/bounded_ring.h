// Seats on a ring whose members can be full.
//
// Without bounds a child has the first nodes of its walk: its homes. With bounds a replica
// whose home is full takes the next node of the walk that is not, and stays there: it moves
// only when that node is lost to it, or when a node joins that the walk prefers. So no child
// moves because another one came or went, and a join moves only to the new node.
// docs/ring-v1.md, "Bounds", says all of it exactly.
#pragma once

#include <limits>
#include <span>
#include <vector>

#include "placement/loads.h"
#include "placement/ring.h"

namespace processhub::placement {

class BoundedRing {
 public:
  using Index = Ring::Index;
  static constexpr Index kNowhere = std::numeric_limits<Index>::max();

  // As placement::Seat, with indexes; a node that is no member is kNowhere.
  struct Seat {
    Index node = kNowhere;
    Index home = kNowhere;  // kNowhere also where the node itself is the home
    bool had_home = false;  // the record names a home, which may be no member any more
    bool over_bound = false;
  };

  // `ring` and `loads` outlive it.
  BoundedRing(const Ring& ring, const Loads& loads) : ring_(ring), loads_(loads) {}

  // Fills `out`, preferred first, and returns how many there are. `recorded`: what the child
  // has, not counted in `loads`. `position`: Ring::position_of.
  size_t seat(uint64_t position, std::span<const Index> excluded, std::span<const Seat> recorded,
              std::span<Seat> out, bool* zone_relaxed = nullptr) const;

 private:
  class Child;
  const Ring& ring_;
  const Loads& loads_;
};

}  // namespace processhub::placement
