// How little moves when nodes come and go.
//
// Without zones a child's nodes are the first R of one order of all members. So:
//   a node leaves: its children alone get one node more, at the end; the order stays;
//   a node joins: the children that get it lose their last node, and nobody else moves;
//   back to the same members: back to the same nodes.
// With zones, whichever they are: again a child loses at most the node that left, or one for
// the one that joined, though the order of the rest may change. (ring_properties_test.cpp has
// the same for zones that are exhausted, appear or vanish.)
#include <algorithm>
#include <cmath>
#include <gmock/gmock.h>

#include "placement/ring.h"
#include "unit/placement/rings.h"

namespace processhub::placement {
namespace {

using testing::as_set;
using ::testing::ElementsAre;
using testing::key;
using testing::members;
using testing::missing;
using testing::name;
using ::testing::SizeIs;
using testing::without;
using testing::zoned;

constexpr int kChildren = 2000;

class Movement : public ::testing::TestWithParam<int> {};  // of children with so many replicas
INSTANTIATE_TEST_SUITE_P(Replicas, Movement, ::testing::Values(1, 2, 3, 5));

TEST_P(Movement, ANodeThatLeavesMovesOnlyWhatWasOnIt) {
  const NodeName gone = name("node", 4);
  const Ring before(members(10), 128);
  const Ring after(without(members(10), gone), 128);
  for (int child = 0; child < kChildren; ++child) {
    const Assignment was = before.place(key(child), GetParam(), {});
    const Assignment is = after.place(key(child), GetParam(), {});
    if (!as_set(was).contains(gone)) {
      ASSERT_EQ(was, is);
      continue;
    }
    auto kept = was.nodes;
    std::erase(kept, gone);
    ASSERT_TRUE(std::equal(kept.begin(), kept.end(), is.nodes.begin())) << "the order changed";
  }
}

TEST_P(Movement, ANodeThatJoinsTakesTheLastPlaceOfThoseItGetsAndMovesNobodyElse) {
  const NodeName joined = name("node", 10);
  const Ring before(members(10), 128);
  const Ring after(members(11), 128);
  int moved = 0;
  for (int child = 0; child < kChildren; ++child) {
    const Assignment was = before.place(key(child), GetParam(), {});
    const Assignment is = after.place(key(child), GetParam(), {});
    if (was == is) continue;
    ++moved;
    ASSERT_THAT(missing(is, was), ElementsAre(joined));
    ASSERT_THAT(missing(was, is), ElementsAre(was.nodes.back()));
  }
  // Each of R replicas is on the new node with probability 1/11.
  const double expected = kChildren * GetParam() / 11.0;
  EXPECT_GT(moved, expected * 0.6);
  EXPECT_LT(moved, expected * 1.4);
}

TEST_P(Movement, TheSameMembersGiveTheSameNodesAfterAnyHistory) {
  const Ring before(members(10), 128);
  const Ring meanwhile(without(members(13), name("node", 2)), 128);
  const Ring after(members(10), 128);
  int moved = 0;
  for (int child = 0; child < kChildren; ++child) {
    const Assignment was = before.place(key(child), GetParam(), {});
    if (was != meanwhile.place(key(child), GetParam(), {})) ++moved;
    ASSERT_EQ(was, after.place(key(child), GetParam(), {}));
  }
  EXPECT_GT(moved, 0);
}

TEST_P(Movement, AGreaterWeightOnlyDrawsChildrenAndASmallerOneOnlyLosesThem) {
  const NodeName node = name("node", 3);
  std::vector<Member> heavier = members(10);
  heavier[3].weight = 180;
  const Ring light(members(10), 128);
  const Ring heavy(heavier, 128);
  for (int child = 0; child < kChildren; ++child) {
    const Assignment was = light.place(key(child), GetParam(), {});
    const Assignment is = heavy.place(key(child), GetParam(), {});
    if (was.nodes == is.nodes || as_set(was) == as_set(is)) continue;
    ASSERT_THAT(missing(is, was), ElementsAre(node));
    ASSERT_THAT(missing(was, is), SizeIs(1));
  }
}

TEST_P(Movement, AnotherChildsExclusionIsNobodyElsesConcern) {
  const Ring ring(members(10), 128);
  const Assignment was = ring.place(key(1), GetParam(), {});
  const std::vector<NodeName> excluded{was.nodes.front()};
  static_cast<void>(ring.place(key(2), GetParam(), excluded));
  EXPECT_EQ(ring.place(key(1), GetParam(), {}), was);
}

TEST_P(Movement, WithZonesANodeThatLeavesMovesOnlyWhatWasOnIt) {
  const NodeName gone = name("node-b", 2);
  const Ring before(zoned({5, 5, 5}), 128);
  const Ring after(without(zoned({5, 5, 5}), gone), 128);
  for (int child = 0; child < kChildren; ++child) {
    const Assignment was = before.place(key(child), GetParam(), {});
    const Assignment is = after.place(key(child), GetParam(), {});
    if (!as_set(was).contains(gone)) {
      ASSERT_EQ(was, is);
    } else {
      ASSERT_THAT(missing(was, is), ElementsAre(gone));
      ASSERT_THAT(missing(is, was), SizeIs(1));
    }
  }
}

TEST_P(Movement, WithZonesANodeThatJoinsTakesAtMostOneReplicaOfAChild) {
  const NodeName joined = name("node-b", 5);
  const Ring before(zoned({5, 5, 5}), 128);
  const Ring after(zoned({5, 6, 5}), 128);
  int moved = 0;
  for (int child = 0; child < kChildren; ++child) {
    const Assignment was = before.place(key(child), GetParam(), {});
    const Assignment is = after.place(key(child), GetParam(), {});
    if (as_set(was) == as_set(is)) {
      ASSERT_EQ(was, is);
      continue;
    }
    ++moved;
    ASSERT_THAT(missing(is, was), ElementsAre(joined));
    ASSERT_THAT(missing(was, is), SizeIs(1));
  }
  EXPECT_GT(moved, 0);
}

// With as many replicas as zones each zone has one, so a zone's change stays in the zone.
TEST(MovementTest, WithAReplicaInEachZoneAJoinMovesNothingInOtherZones) {
  const Ring before(zoned({5, 5, 5}), 128);
  const Ring after(zoned({5, 6, 5}), 128);
  const auto in_zone_b = [](const NodeName& node) { return node.str().starts_with("node-b"); };
  for (int child = 0; child < kChildren; ++child) {
    const Assignment was = before.place(key(child), 3, {});
    const Assignment is = after.place(key(child), 3, {});
    for (const NodeName& node : missing(was, is)) ASSERT_TRUE(in_zone_b(node));
  }
}

TEST(MovementTest, WithOneReplicaZonesDoNotMatter) {
  std::vector<Member> one_zone = zoned({4, 4, 4});
  for (Member& member : one_zone) member.zone = "";
  const Ring zones(zoned({4, 4, 4}), 128);
  const Ring none(one_zone, 128);
  for (int child = 0; child < kChildren; ++child) {
    ASSERT_EQ(zones.place(key(child), 1, {}).nodes, none.place(key(child), 1, {}).nodes);
  }
}

TEST(MovementTest, AnExclusionMovesLikeALeavingNode) {
  const Ring ring(members(10), 128);
  for (int child = 0; child < kChildren; ++child) {
    const NodeName gone = ring.place(key(child), 1, {}).nodes[0];
    const Ring without_it(without(members(10), gone), 128);
    ASSERT_EQ(ring.place(key(child), 3, std::vector{gone}).nodes,
              without_it.place(key(child), 3, {}).nodes);
    if (child == 50) break;  // a ring each
  }
}

}  // namespace
}  // namespace processhub::placement
