#include "placement/centralized_load_balancer.h"

#include <gmock/gmock.h>
#include <map>

#include "placement/ledger.h"
#include "unit/placement/rings.h"

namespace processhub::placement {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::key;
using testing::members;
using testing::name;
using ::testing::SizeIs;

using Scores = std::unordered_map<NodeName, NodeScore>;

// Four nodes; node 2 has the least load, then 0, 3 and 1.
Scores uneven() {
  return {{name("node", 0), {.score = 0.3, .ask = 0.01}},
          {name("node", 1), {.score = 0.9, .ask = 0.01}},
          {name("node", 2), {.score = 0.1, .ask = 0.01}},
          {name("node", 3), {.score = 0.5, .ask = 0.01}}};
}

Placement place(const Request& request) {
  return CentralizedLoadBalancer(members(4), uneven()).belongs_to(request, Loads(4));
}

TEST(CentralizedLoadBalancerTest, ReplicasGoToTheNodesUnderTheLeastLoad) {
  EXPECT_THAT(nodes_of(place({.key = "k", .replicas = 1}).seats), ElementsAre(name("node", 2)));
  EXPECT_THAT(nodes_of(place({.key = "k", .replicas = 3}).seats),
              ElementsAre(name("node", 2), name("node", 0), name("node", 3)));
  EXPECT_THAT(place({.key = "k", .replicas = 9}).seats, SizeIs(4));
  EXPECT_THAT(place({.key = "k", .replicas = 0}).seats, IsEmpty());
}

TEST(CentralizedLoadBalancerTest, AChildKeepsItsNodeHoweverLoaded) {
  const std::vector<Seat> had{{.node = name("node", 1)}};
  EXPECT_EQ(place({.key = "k", .replicas = 1, .seats = had}).seats, had);
  EXPECT_THAT(nodes_of(place({.key = "k", .replicas = 2, .seats = had}).seats),
              ElementsAre(name("node", 1), name("node", 2)));
}

TEST(CentralizedLoadBalancerTest, OnlyAReplicaThatLosesItsNodeMoves) {
  const std::vector<Seat> had{{.node = name("node", 1)}, {.node = name("node", 3)}};
  const std::vector<NodeName> excluded{name("node", 1)};
  EXPECT_THAT(
      nodes_of(place({.key = "k", .replicas = 2, .excluded = excluded, .seats = had}).seats),
      ElementsAre(name("node", 3), name("node", 2)));
  const std::vector<Seat> gone{{.node = NodeName("gone")}, {.node = name("node", 3)}};
  EXPECT_THAT(nodes_of(place({.key = "k", .replicas = 2, .seats = gone}).seats),
              ElementsAre(name("node", 3), name("node", 2)));
}

TEST(CentralizedLoadBalancerTest, AMemberWithoutAScoreCountsAsFull) {
  Scores scores = uneven();
  scores.erase(name("node", 2));
  const CentralizedLoadBalancer strategy(members(4), scores);
  EXPECT_THAT(nodes_of(strategy.belongs_to({.key = "k", .replicas = 4}, Loads(4)).seats),
              ElementsAre(name("node", 0), name("node", 3), name("node", 1), name("node", 2)));
}

// The scores are measured from time to time only.
TEST(CentralizedLoadBalancerTest, ManyChildrenAtOnceAreSpreadByWhatEachAsks) {
  Scores scores;
  for (int i = 0; i < 4; ++i) scores[name("node", i)] = {.score = 0, .ask = 0.01};
  scores[name("node", 3)].ask = 0.02;  // half as big
  Ledger ledger;
  ledger.use(std::make_shared<CentralizedLoadBalancer>(members(4), scores), 1);
  for (int child = 0; child < 70; ++child) ledger.add(key(child), {});
  ledger.settle();
  std::map<NodeName, int> count;
  for (int child = 0; child < 70; ++child) ++count[ledger.seats(key(child))[0].node];
  EXPECT_EQ(count[name("node", 0)], 20);
  EXPECT_EQ(count[name("node", 1)], 20);
  EXPECT_EQ(count[name("node", 2)], 20);
  EXPECT_EQ(count[name("node", 3)], 10);
}

TEST(CentralizedLoadBalancerTest, WhatCameBeforeTheMeasureIsNotCountedTwice) {
  Scores scores;
  for (int i = 0; i < 2; ++i) scores[name("node", i)] = {.score = 0.5, .replicas = 0, .ask = 0.1};
  scores[name("node", 0)] = {.score = 0.4, .replicas = 3, .ask = 0.1};
  const CentralizedLoadBalancer strategy(members(2), scores);
  Loads loads(2);
  for (int i = 0; i < 3; ++i) loads.add(0);
  EXPECT_THAT(nodes_of(strategy.belongs_to({.key = "k"}, loads).seats),
              ElementsAre(name("node", 0)));
}

TEST(CentralizedLoadBalancerTest, NothingMovesBecauseANodeJoins) {
  Ledger ledger;
  ledger.use(std::make_shared<CentralizedLoadBalancer>(members(4), uneven()), 2);
  for (int child = 0; child < 50; ++child) ledger.add(key(child), {});
  ledger.settle();
  std::vector<std::vector<Seat>> before;
  for (int child = 0; child < 50; ++child) before.push_back(ledger.seats(key(child)));
  ledger.use(std::make_shared<CentralizedLoadBalancer>(
                 members(5), Scores{{name("node", 4), {.score = 0, .ask = 0.01}}}),
             2);
  ledger.settle();
  for (size_t child = 0; child < 50; ++child) {
    EXPECT_EQ(ledger.seats(key(static_cast<int>(child))), before[child]);
  }
}

}  // namespace
}  // namespace processhub::placement
