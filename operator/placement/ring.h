// The consistent hash ring `ring/v1`: which nodes a child belongs to.
//
// After Karger et al., "Consistent Hashing and Random Trees" (1997), with points
// from XXH3 and replicas spread over zones as docs/concepts.md says. The answer
// depends on the members, the key and the exclusions alone: the same sets give
// the same answer after any history, on any machine.
//
//   const Ring ring(members, 512);
//   ring.place("default/workers/tenant-1", 2, {}).nodes;  // two nodes, preferred first
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/names.h"

namespace processhub::placement {

// Changing any answer of the ring means a new name.
inline constexpr std::string_view kRingAlgorithm = "ring/v1";

struct Member {
  NodeName name;
  Uid uid = {};           // not hashed: a new Node of an old name takes the old place
  std::string zone = {};  // nodes without the label share the zone ""
  int weight = 100;       // percent, 1 to 10000
  bool operator==(const Member&) const = default;
};

// The nodes of one child, in walk order.
struct Assignment {
  std::vector<NodeName> nodes;
  bool zone_relaxed = false;  // a replica found no node in a zone that was due
  bool operator==(const Assignment&) const = default;
};

// How many points the ring of `members` has.
[[nodiscard]] size_t points_of(std::span<const Member> members, int virtual_nodes);

// Immutable. Memory: 12 bytes a point.
class Ring {
 public:
  // `members` in any order, names distinct; `virtual_nodes` (1 or more) is the
  // number of points of a node of weight 100.
  Ring(std::vector<Member> members, int virtual_nodes);

  // The first `replicas` nodes of the walk of `key` ("namespace/hub/child") that
  // are not in `excluded` (any order): fewer where there are not so many.
  [[nodiscard]] Assignment place(std::string_view key, int replicas,
                                 std::span<const NodeName> excluded) const;

  [[nodiscard]] const std::vector<Member>& members() const { return members_; }  // by name
  [[nodiscard]] size_t points() const { return points_.size(); }

 private:
  [[nodiscard]] size_t successor(uint64_t position) const;

  std::vector<Member> members_;
  std::vector<uint32_t> zone_of_;  // of each member, an index below zones_
  size_t zones_ = 0;
  std::vector<uint64_t> points_;  // sorted; beside it, the member of each
  std::vector<uint32_t> owners_;
};

}  // namespace processhub::placement
