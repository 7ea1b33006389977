// A ring that was changed in place is the ring that is built anew, to the bit: the same
// points in the same order, with the same owners and zones.
#include <algorithm>
#include <bit>
#include <gmock/gmock.h>
#include <map>
#include <random>

#include "placement/ring.h"
#include "unit/placement/rings.h"

namespace processhub::placement {
namespace {

using testing::all_points;
using testing::equal_name;
using testing::key;
using testing::members;
using testing::random_exclusions;
using testing::random_members;

std::map<NodeName, Member> by_name(const Ring& ring) {
  std::map<NodeName, Member> result;
  for (const Member& member : ring.members()) result.emplace(member.name, member);
  return result;
}

// Whether `ring` says of its members what they say of themselves.
void expect_consistent(const Ring& ring) {
  std::map<std::string, uint32_t> numbers;
  for (Ring::Index index = 0; index < ring.members().size(); ++index) {
    const Member& member = ring.members()[index];
    ASSERT_EQ(ring.index_of(member.name), index);
    const uint32_t zone = ring.zone_of(index);
    ASSERT_LT(zone, ring.zones());
    ASSERT_EQ(numbers.emplace(member.zone, zone).first->second, zone);
  }
  ASSERT_EQ(numbers.size(), ring.zones());
}

void expect_same(const Ring& changed, const Ring& fresh) {
  ASSERT_EQ(by_name(changed), by_name(fresh));
  ASSERT_EQ(all_points(changed), all_points(fresh));
  ASSERT_EQ(changed.zones(), fresh.zones());
  ASSERT_NO_FATAL_FAILURE(expect_consistent(changed));
}

TEST(RingInPlaceTest, PointsStandInOrderAndAreTheHashesOfTheNames) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 300; ++round) {
    const auto some = random_members(random, 12);
    const auto virtual_nodes = 1 + static_cast<int>(random() % 40);
    std::vector<std::pair<uint64_t, NodeName>> expected;
    for (const Member& member : some) {
      const int count = std::max(1, (virtual_nodes * member.weight + 50) / 100);
      for (int i = 0; i < count; ++i) {
        expected.emplace_back(testing::point_of(member.name, i), member.name);
      }
    }
    std::sort(expected.begin(), expected.end());
    ASSERT_EQ(all_points(Ring(some, virtual_nodes)), expected) << "round " << round;
  }
}

// Members come, go and change their weights and zones in any order, back to none at times.
TEST(RingInPlaceTest, AnyHistoryGivesTheRingThatIsBuiltAnew) {
  std::mt19937_64 random(2);
  for (int history = 0; history < 60; ++history) {
    const auto pool = random_members(random, 40);
    const auto virtual_nodes = 1 + static_cast<int>(random() % 70);
    Ring ring({}, virtual_nodes);
    std::map<NodeName, Member> present;
    bool growing = true;
    for (int step = 0; step < 80; ++step) {
      Member member = pool[random() % pool.size()];
      if (random() % 20 == 0) growing = !growing;
      if (present.contains(member.name)) {
        ring.remove(member.name);
        present.erase(member.name);
        if (growing) {  // it comes back at once, as another
          member.weight = 1 + static_cast<int>(random() % 400);
          member.zone = random() % 2 == 0 ? "" : "zone-9";
        }
      }
      if (growing) {
        ring.add(member);
        present.emplace(member.name, member);
      } else if (!present.empty()) {
        const NodeName gone = present.begin()->first;
        ring.remove(gone);
        present.erase(gone);
      }
      std::vector<Member> now;
      now.reserve(present.size());
      for (const auto& [name, one] : present) now.push_back(one);
      const Ring fresh(now, virtual_nodes);
      ASSERT_NO_FATAL_FAILURE(expect_same(ring, fresh)) << "history " << history << " " << step;
      const auto excluded = random_exclusions(random, pool);
      for (const int replicas : {1, 3, 20}) {
        ASSERT_EQ(ring.place(key(step), replicas, excluded),
                  fresh.place(key(step), replicas, excluded));
      }
    }
  }
}

// The arcs double and halve where the number of points passes a power of two.
TEST(RingInPlaceTest, GrowsThroughPowersOfTwoAndShrinksToNothing) {
  const std::vector<Member> all = members(150);
  for (const int virtual_nodes : {1, 7, 64}) {
    Ring ring({}, virtual_nodes);
    int widths = 0;
    for (size_t count = 0; count < all.size(); ++count) {
      const auto width = std::bit_width(ring.points());
      ring.add(all[count]);
      widths += std::bit_width(ring.points()) != width ? 1 : 0;
      ASSERT_NO_FATAL_FAILURE(expect_same(
          ring, Ring({all.begin(), all.begin() + static_cast<int>(count) + 1}, virtual_nodes)));
    }
    EXPECT_GE(widths, 7);
    EXPECT_EQ(ring.memory(), Ring(all, virtual_nodes).memory());
    for (size_t count = 0; count < all.size(); ++count) {
      ring.remove(all[count].name);
      ASSERT_NO_FATAL_FAILURE(expect_same(
          ring, Ring({all.begin() + static_cast<int>(count) + 1, all.end()}, virtual_nodes)));
    }
    EXPECT_EQ(ring.points(), 0U);
    EXPECT_TRUE(ring.place(key(1), 1, {}).nodes.empty());
  }
}

TEST(RingInPlaceTest, EqualPointsStandInTheOrderOfNamesWhoeverCameFirst) {
  const std::vector<NodeName> sorted{equal_name(1), equal_name(2), equal_name(3)};
  const uint64_t shared = testing::point_of(sorted[0], 0);
  const auto first_from = [](const Ring& ring, uint64_t position) {
    return ring.members()[ring.first(position, [](Ring::Index) { return true; })].name;
  };
  std::vector<NodeName> order = sorted;
  do {
    Ring ring({{.name = NodeName("other")}}, 3);
    for (const NodeName& name : order) ring.add({.name = name});
    std::map<uint64_t, std::vector<NodeName>> at;
    for (const auto& [position, owner] : all_points(ring)) at[position].push_back(owner);
    EXPECT_EQ(at.size(), 6U);  // three of the other, and three that are shared
    EXPECT_EQ(at[shared], sorted);
    EXPECT_EQ(first_from(ring, shared), sorted[0]);
    EXPECT_EQ(first_from(ring, shared - 1), sorted[0]);
    ring.remove(sorted[0]);
    EXPECT_EQ(first_from(ring, shared), sorted[1]);
  } while (std::next_permutation(order.begin(), order.end()));
}

}  // namespace
}  // namespace processhub::placement
