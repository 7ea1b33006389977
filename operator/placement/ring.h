// The consistent hash ring `ring/v1`: which nodes a child belongs to.
//
// After Karger et al., "Consistent Hashing and Random Trees" (1997), with points
// from XXH3 and replicas spread over zones; docs/ring-v1.md says all of it exactly.
// The answer depends on the members, the key and the exclusions alone: the same sets
// give the same answer after any history, on any machine.
//
//   Ring ring(members, 512);
//   ring.place("default/workers/tenant-1", 2, {}).nodes;  // two nodes, preferred first
//   ring.add({.name = NodeName("node-7")});               // as if built with it
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
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
  bool zone_relaxed = false;  // the zones could not be as even as they should
  bool operator==(const Assignment&) const = default;
};

// A member's place in `members()`, until the next change of the ring.
using MemberIndex = uint32_t;

// A point of the circle.
struct Point {
  uint64_t position = 0;
  MemberIndex member = 0;
  bool operator==(const Point&) const = default;
};

// How many points the ring of `members` has.
[[nodiscard]] size_t points_of(std::span<const Member> members, int virtual_nodes);

// Memory: 12 to 16 bytes a point. Lookups take constant time; changes, and building,
// are linear in the points.
class Ring {
 public:
  using Index = MemberIndex;

  // `members` in any order, names distinct; `virtual_nodes` (1 or more) is the
  // number of points of a node of weight 100. At most 2^31 points.
  Ring(std::vector<Member> members, int virtual_nodes);

  // In place; afterwards the ring answers as one that was built anew. Preconditions:
  // no member, or one, has the name.
  void add(Member member);
  void remove(const NodeName& name);

  // The first `replicas` nodes of the walk of `key` ("namespace/hub/child") that
  // are not in `excluded` (any order): fewer where there are not so many.
  [[nodiscard]] Assignment place(std::string_view key, int replicas,
                                 std::span<const NodeName> excluded) const;

  // The same without names, for many children: fills `out` from its beginning and returns
  // how many there are. `position`: position_of(key).
  size_t walk(uint64_t position, std::span<const Index> excluded, std::span<Index> out,
              bool* zone_relaxed = nullptr) const;
  [[nodiscard]] static uint64_t position_of(std::string_view key);

  // The first member from `position` on for which `usable(index)` holds. Precondition: there
  // is one.
  template <typename Usable>
  [[nodiscard]] Index first(uint64_t position, Usable usable) const {
    size_t at = successor(position);
    while (!usable(owner(at))) {
      if (++at == entries_.size()) at = 0;
    }
    return owner(at);
  }

  [[nodiscard]] const std::vector<Member>& members() const { return members_; }  // in any order
  [[nodiscard]] std::optional<Index> index_of(const NodeName& name) const;
  [[nodiscard]] uint32_t zone_of(Index member) const { return zone_of_[member]; }  // below zones()
  [[nodiscard]] size_t zones() const { return zones_.size(); }  // that have a member
  [[nodiscard]] size_t points() const { return entries_.size(); }
  [[nodiscard]] Point point(size_t at) const;  // in order, `at` below points()
  [[nodiscard]] size_t memory() const;         // bytes, of the points

 private:
  struct Zone {
    std::string name;
    uint32_t members = 0;
  };

  void build();
  void enter_zone(const Member& member);
  void leave_zone(Index index);
  [[nodiscard]] std::vector<uint64_t> points_of(Index index) const;
  [[nodiscard]] bool before(uint64_t a, uint64_t b) const;
  [[nodiscard]] size_t successor(uint64_t position) const;
  size_t walk_few(size_t at, std::span<Index> out) const;
  template <typename Members>
  size_t walk_zones(size_t start, std::span<const Index> excluded, std::span<Index> out,
                    bool* zone_relaxed, Members used) const;
  [[nodiscard]] Index owner(size_t at) const { return static_cast<Index>(entries_[at] & mask_); }

  int virtual_nodes_;
  std::vector<Member> members_;
  std::unordered_map<NodeName, Index> indexes_;
  std::vector<uint32_t> zone_of_;  // of each member, a place in zones_
  std::vector<Zone> zones_;

  // The circle is cut into 2^bits_ arcs of equal length, about one for each point. An entry
  // is a point without its first bits_ bits, which its arc says, and its member in their
  // place: the entries of an arc are sorted as its points are.
  int bits_ = 1;
  uint64_t mask_ = 1;
  std::vector<uint64_t> entries_;
  std::vector<uint32_t> arcs_;  // where each begins in entries_; one more for the end
};

}  // namespace processhub::placement
