#include "placement/ring.h"

#include <algorithm>
#include <cmath>
#include <gmock/gmock.h>
#include <map>
#include <random>

#include "unit/placement/rings.h"

namespace processhub::placement {
namespace {

using testing::as_set;
using ::testing::IsEmpty;
using testing::key;
using testing::members;
using testing::name;
using ::testing::SizeIs;
using testing::zoned;

TEST(RingTest, WithoutMembersNobodyIsPlaced) {
  const Ring ring({}, 512);
  EXPECT_THAT(ring.place(key(1), 3, {}).nodes, IsEmpty());
  EXPECT_EQ(ring.points(), 0U);
}

TEST(RingTest, NoReplicasNeedNoNodes) {
  EXPECT_THAT(Ring(members(3), 8).place(key(1), 0, {}).nodes, IsEmpty());
}

TEST(RingTest, AnyNumberOfReplicasUpToTheMembersGetsAsManyDistinctNodes) {
  const Ring ring(members(120), 64);
  for (int child = 0; child < 50; ++child) {
    for (const int replicas : {1, 2, 3, 7, 119, 120}) {
      const Assignment placed = ring.place(key(child), replicas, {});
      ASSERT_THAT(placed.nodes, SizeIs(replicas));
      ASSERT_THAT(as_set(placed), SizeIs(replicas));
    }
  }
}

TEST(RingTest, MoreReplicasThanMembersGetEveryMember) {
  const Ring ring(members(4), 512);
  const Assignment placed = ring.place(key(1), 9, {});
  EXPECT_THAT(as_set(placed), SizeIs(4));
  EXPECT_THAT(placed.nodes, SizeIs(4));
}

TEST(RingTest, FewerReplicasAreTheBeginningOfMore) {
  const Ring ring(members(20), 512);
  for (int child = 0; child < 200; ++child) {
    const auto many = ring.place(key(child), 5, {}).nodes;
    const auto few = ring.place(key(child), 3, {}).nodes;
    ASSERT_TRUE(std::equal(few.begin(), few.end(), many.begin()));
  }
}

TEST(RingTest, TheOrderInWhichMembersAreGivenDoesNotMatter) {
  std::mt19937_64 random(7);
  std::vector<Member> shuffled = zoned({5, 7, 3});
  for (Member& member : shuffled) member.weight = 50 + static_cast<int>(random() % 200);
  const Ring ring(shuffled, 128);
  for (int round = 0; round < 10; ++round) {
    std::shuffle(shuffled.begin(), shuffled.end(), random);
    const Ring other(shuffled, 128);
    for (int child = 0; child < 50; ++child) {
      ASSERT_EQ(ring.place(key(child), 3, {}), other.place(key(child), 3, {}));
    }
  }
}

TEST(RingTest, ANodesUidDoesNotMoveAnything) {
  std::vector<Member> replaced = members(10);
  for (Member& member : replaced) member.uid = Uid("new-" + member.name.str());
  const Ring before(members(10), 512);
  const Ring after(replaced, 512);
  for (int child = 0; child < 200; ++child) {
    ASSERT_EQ(before.place(key(child), 2, {}), after.place(key(child), 2, {}));
  }
}

TEST(RingTest, ExcludedNodesAreSkippedAndTheWalkGoesOn) {
  const Ring ring(members(10), 512);
  for (int child = 0; child < 200; ++child) {
    const auto walk = ring.place(key(child), 10, {}).nodes;
    const std::vector<NodeName> excluded{walk[2], walk[0], walk[2], NodeName("nobody")};
    const auto placed = ring.place(key(child), 3, excluded).nodes;
    ASSERT_EQ(placed, (std::vector<NodeName>{walk[1], walk[3], walk[4]}));
  }
}

TEST(RingTest, WithEveryNodeExcludedNobodyIsPlaced) {
  const Ring ring(members(2), 16);
  const std::vector<NodeName> all{name("node", 0), name("node", 1)};
  EXPECT_THAT(ring.place(key(1), 2, all).nodes, IsEmpty());
}

TEST(RingTest, TheWalkWrapsAtTheEndOfTheRing) {
  // With one point each, some children lie behind the last point: they begin at the first.
  const Ring ring(members(3), 1);
  std::map<NodeName, int> first;
  for (int child = 0; child < 3000; ++child) {
    const auto walk = ring.place(key(child), 3, {}).nodes;
    ASSERT_THAT(walk, SizeIs(3));
    ++first[walk[0]];
    // Three points make a circle: whoever is first, the order around it is the same.
    const auto turn = ring.place(key(0), 3, {}).nodes;
    const auto at = std::find(turn.begin(), turn.end(), walk[0]) - turn.begin();
    ASSERT_EQ(walk[1], turn[(at + 1) % 3]);
    ASSERT_EQ(walk[2], turn[(at + 2) % 3]);
  }
  EXPECT_THAT(first, SizeIs(3));
}

TEST(RingTest, APositionOnAPointBeginsAtThatPoint) {
  const Ring ring(members(5), 16);
  for (size_t at = 0; at < ring.points(); ++at) {
    const Point point = ring.point(at);
    const auto owner_from = [&](uint64_t position) {
      return ring.first(position, [](Ring::Index) { return true; });
    };
    ASSERT_EQ(owner_from(point.position), point.member);
    ASSERT_EQ(owner_from(point.position - 1), point.member);
    ASSERT_EQ(owner_from(point.position + 1), ring.point((at + 1) % ring.points()).member);
  }
}

TEST(RingTest, AMemberWhoseWeightRoundsToNoPointIsFoundAllTheSame) {
  std::vector<Member> tiny = members(3);
  for (Member& member : tiny) member.weight = 1;
  const Ring ring(tiny, 1);
  EXPECT_EQ(ring.points(), 3U);
  EXPECT_THAT(as_set(ring.place(key(1), 3, {})), SizeIs(3));
}

TEST(RingTest, PointsFollowTheWeightRoundedToTheNearest) {
  EXPECT_EQ(Ring({{.name = NodeName("a"), .weight = 150}}, 512).points(), 768U);
  EXPECT_EQ(Ring({{.name = NodeName("a"), .weight = 150}}, 1).points(), 2U);  // 1.5
  EXPECT_EQ(Ring({{.name = NodeName("a"), .weight = 149}}, 1).points(), 1U);
  EXPECT_EQ(Ring({{.name = NodeName("a"), .weight = 10'000}}, 512).points(), 51'200U);
}

// A node with k of V points owns a Beta(k, V - k) share of the circle: its mean is k/V, its
// variance k(V - k) / (V²(V + 1)). Sampling it with N keys adds p(1 - p)/N. Four standard
// deviations on each of 12 nodes: a right ring fails once in 1300 choices of names.
TEST(RingTest, ChildrenFollowTheWeightsWithinSamplingError) {
  constexpr int kKeys = 200'000;
  constexpr int kVirtualNodes = 512;
  std::vector<Member> weighted = members(12);
  for (size_t i = 0; i < weighted.size(); ++i) weighted[i].weight = 25 * (1 + static_cast<int>(i));
  const Ring ring(weighted, kVirtualNodes);
  const double total = static_cast<double>(ring.points());
  std::map<NodeName, int> count;
  for (int child = 0; child < kKeys; ++child) ++count[ring.place(key(child), 1, {}).nodes[0]];
  for (const Member& member : weighted) {
    const double points = kVirtualNodes * member.weight / 100.0;
    const double share = points / total;
    const double variance =
        points * (total - points) / (total * total * (total + 1)) + share * (1 - share) / kKeys;
    EXPECT_NEAR(count[member.name] / double{kKeys}, share, 4 * std::sqrt(variance))
        << member.name.str() << " of weight " << member.weight;
  }
}

TEST(RingTest, AgreesWithASecondImplementationOfTheSameRules) {
  std::mt19937_64 random(42);
  const auto below = [&](int bound) { return static_cast<int>(random() % bound); };
  for (int round = 0; round < 400; ++round) {
    std::vector<Member> some;
    const int count = 1 + below(14);
    const int zones = 1 + below(4);
    some.reserve(static_cast<size_t>(count));
    for (int i = 0; i < count; ++i) {
      some.push_back({.name = name("n", below(1000)),
                      .zone = below(5) == 0 ? "" : "zone-" + std::to_string(below(zones)),
                      .weight = below(3) == 0 ? 1 + below(300) : 100});
    }
    std::sort(some.begin(), some.end(), [](auto& a, auto& b) { return a.name < b.name; });
    some.erase(
        std::unique(some.begin(), some.end(), [](auto& a, auto& b) { return a.name == b.name; }),
        some.end());
    const int virtual_nodes = 1 + below(40);
    const Ring ring(some, virtual_nodes);
    for (int child = 0; child < 10; ++child) {
      std::vector<NodeName> excluded;
      while (below(3) == 0) excluded.push_back(some[below(static_cast<int>(some.size()))].name);
      const int replicas = 1 + below(count + 2);
      ASSERT_EQ(ring.place(key(child), replicas, excluded),
                testing::place_by_the_letter(some, virtual_nodes, key(child), replicas, excluded))
          << "round " << round << " child " << child;
    }
  }
}

}  // namespace
}  // namespace processhub::placement
