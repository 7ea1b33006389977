#include "placement/guided.h"

#include <gmock/gmock.h>

#include "unit/placement/rings.h"

namespace processhub::placement {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::members;
using testing::name;

class GuidedTest : public ::testing::Test {
 protected:
  Placement place(const std::vector<NodeName>& listed, int replicas,
                  const std::vector<NodeName>& excluded = {}) {
    return Guided(members(5))
        .belongs_to(
            {.key = "ns/hub/child", .replicas = replicas, .excluded = excluded, .listed = listed},
            {});
  }
  const NodeName one_ = name("node", 1);
  const NodeName two_ = name("node", 2);
  const NodeName four_ = name("node", 4);
  const NodeName away_{"elsewhere"};
};

TEST_F(GuidedTest, TheFirstOfTheListAreTheNodes) {
  EXPECT_THAT(nodes_of(place({four_, one_, two_}, 2).seats), ElementsAre(four_, one_));
}

TEST_F(GuidedTest, OneThatIsAwayIsPassedOverAndTold) {
  const Placement placed = place({four_, away_, two_}, 2);
  EXPECT_THAT(nodes_of(placed.seats), ElementsAre(four_, two_));
  EXPECT_THAT(placed.away, ElementsAre(away_));
}

TEST_F(GuidedTest, OneThatIsAwayIsToldAlsoWhereItIsNotNeeded) {
  EXPECT_THAT(place({four_, away_}, 1).away, ElementsAre(away_));
}

TEST_F(GuidedTest, OneThatIsExcludedIsPassedOver) {
  const Placement placed = place({four_, one_}, 1, {four_});
  EXPECT_THAT(nodes_of(placed.seats), ElementsAre(one_));
  EXPECT_THAT(placed.away, IsEmpty());
}

TEST_F(GuidedTest, AShortListGivesWhatItHas) {
  EXPECT_THAT(nodes_of(place({four_}, 3).seats), ElementsAre(four_));
  EXPECT_THAT(nodes_of(place({}, 3).seats), IsEmpty());
}

TEST_F(GuidedTest, WhatAChildHadBeforeDoesNotMatterSoItGoesBack) {
  const std::vector<Seat> had{{.node = two_}};
  const std::vector<NodeName> list{four_, two_};
  const Placement placed =
      Guided(members(5))
          .belongs_to({.key = "ns/hub/child", .replicas = 1, .listed = list, .seats = had}, {});
  EXPECT_THAT(nodes_of(placed.seats), ElementsAre(four_));
}

TEST_F(GuidedTest, WithoutMembersAllAreAway) {
  const std::vector<NodeName> list{one_, two_};
  EXPECT_THAT(Guided({}).belongs_to({.key = "k", .listed = list}, {}).away,
              ElementsAre(one_, two_));
}

}  // namespace
}  // namespace processhub::placement
