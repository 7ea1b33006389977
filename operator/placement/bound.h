// How many replicas each member may hold: the caps of a ring with bounded loads, after
// Mirrokni, Thorup and Zadimoghaddam, "Consistent Hashing with Bounded Loads" (2018).
//
// Integers alone, so that every machine finds the same: docs/ring-v1.md, "Bounds".
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "placement/ring.h"

namespace processhub::placement {

struct BoundOptions {
  int load_factor_percent = 125;  // of the average; 100 or more
  bool relaxed = false;           // never under what chance does to a fair throw
  bool operator==(const BoundOptions&) const = default;
};

// For each member, in their order; their sum is at least `replicas`. Strict:
// ceil(load factor · average) for each member, shared out by weight, what division leaves over
// by largest remainder, equal ones by hash64(name, 0). Relaxed: the greater of that and
// ceil(a + 2 · sqrt(a)), where `a` is the member's share of the replicas.
[[nodiscard]] std::vector<uint32_t> caps(std::span<const Member> members, uint64_t replicas,
                                         const BoundOptions& options);

}  // namespace processhub::placement
