#include "placement/bound.h"

#include <cmath>
#include <gmock/gmock.h>
#include <numeric>
#include <random>

#include "base/hash.h"
#include "unit/placement/rings.h"

namespace processhub::placement {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using testing::members;

std::vector<Member> weighing(const std::vector<int>& weights) {
  std::vector<Member> result = members(static_cast<int>(weights.size()));
  for (size_t i = 0; i < weights.size(); ++i) result[i].weight = weights[i];
  return result;
}

uint64_t sum(const std::vector<uint32_t>& caps) {
  return std::accumulate(caps.begin(), caps.end(), uint64_t{0});
}

TEST(BoundTest, EqualNodesMayHoldTheLoadFactorTimesTheAverageRoundedUp) {
  EXPECT_THAT(caps(members(10), 100, {.load_factor_percent = 125}), Each(13));  // 12.5
  EXPECT_THAT(caps(members(10), 100, {.load_factor_percent = 100}), Each(10));
  EXPECT_THAT(caps(members(10), 101, {.load_factor_percent = 100}), Each(11));
  EXPECT_THAT(caps(members(3), 1, {.load_factor_percent = 125}), Each(1));
}

TEST(BoundTest, WithoutReplicasOrMembersThereIsNothingToHold) {
  EXPECT_THAT(caps(members(3), 0, {}), Each(0));
  EXPECT_TRUE(caps({}, 10, {}).empty());
}

TEST(BoundTest, TheCapacityIsSharedOutByWeight) {
  // ceil(1.25 * 40 / 4) = 13, times 4 is 52: 13 for each 100 of 400.
  EXPECT_THAT(caps(weighing({50, 50, 100, 200}), 40, {}), ElementsAre(7, 6, 13, 26));
}

TEST(BoundTest, WhatIsLeftOverGoesToTheLargestRemainderAndThenByTheHashOfTheName) {
  // 4 of capacity for three nodes of weight 1, 1, 2: 1, 1 and 2, nothing left over.
  EXPECT_THAT(caps(weighing({100, 100, 200}), 3, {.load_factor_percent = 100}),
              ElementsAre(1, 1, 1 + 0));
  const std::vector<Member> four = weighing({100, 100, 100, 300});
  // ceil(6/4) = 2, times 4 is 8: 8/6, 8/6, 8/6 and 4: of the two left over, remainders are equal.
  const auto held = caps(four, 6, {.load_factor_percent = 100});
  EXPECT_EQ(sum(held), 8U);
  EXPECT_EQ(held[3], 4U);
  std::vector<size_t> order{0, 1, 2};
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return hash64(four[a].name.str(), 0) < hash64(four[b].name.str(), 0);
  });
  EXPECT_EQ(held[order[0]], 2U);
  EXPECT_EQ(held[order[2]], 1U);
}

TEST(BoundTest, RelaxedIsNeverUnderTwoDeviationsOfChance) {
  EXPECT_THAT(caps(members(10), 100, {.relaxed = true}), Each(17));       // 10 + 6.32
  EXPECT_THAT(caps(members(10), 40, {.relaxed = true}), Each(8));         // 4 + 4, exactly
  EXPECT_THAT(caps(members(10), 10'000, {.relaxed = true}), Each(1250));  // 1000 + 63.2 is less
}

TEST(BoundTest, RelaxedIsExactWhereFloatingPointWouldNotBe) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 5000; ++round) {
    const uint64_t replicas = 1 + random() % 100'000'000;
    const std::vector<Member> some = weighing(
        {1 + static_cast<int>(random() % 10'000), 1 + static_cast<int>(random() % 10'000)});
    const int weights = some[0].weight + some[1].weight;
    const auto held = caps(some, replicas, {.load_factor_percent = 100, .relaxed = true});
    const auto strict = caps(some, replicas, {.load_factor_percent = 100});
    for (size_t i = 0; i < 2; ++i) {
      const long double mean = static_cast<long double>(replicas) *
                               static_cast<long double>(some[i].weight) /
                               static_cast<long double>(weights);
      const long double bound = mean + 2 * std::sqrt(mean);
      if (held[i] == strict[i] && strict[i] >= bound) continue;
      ASSERT_GE(static_cast<long double>(held[i]), bound - 1e-6L);
      ASSERT_LT(static_cast<long double>(held[i]), bound + 1 + 1e-6L);
    }
  }
}

TEST(BoundTest, ThereIsAlwaysRoomForEveryReplica) {
  std::mt19937_64 random(12);
  for (int round = 0; round < 2000; ++round) {
    std::vector<int> weights(1 + random() % 40);
    for (int& weight : weights) weight = 1 + static_cast<int>(random() % 10'000);
    const uint64_t replicas = random() % 5000;
    const BoundOptions options{.load_factor_percent = 100 + static_cast<int>(random() % 200),
                               .relaxed = random() % 2 == 0};
    ASSERT_GE(sum(caps(weighing(weights), replicas, options)), replicas);
  }
}

TEST(BoundTest, TheOrderOfMembersDoesNotMatter) {
  std::mt19937_64 random(13);
  std::vector<Member> some = weighing({30, 70, 100, 100, 170, 250, 900});
  const auto held = caps(some, 97, {});
  std::vector<size_t> order(some.size());
  std::iota(order.begin(), order.end(), 0);
  for (int round = 0; round < 50; ++round) {
    std::shuffle(order.begin(), order.end(), random);
    std::vector<Member> shuffled;
    shuffled.reserve(order.size());
    for (const size_t i : order) shuffled.push_back(some[i]);
    const auto other = caps(shuffled, 97, {});
    for (size_t i = 0; i < order.size(); ++i) ASSERT_EQ(other[i], held[order[i]]);
  }
}

}  // namespace
}  // namespace processhub::placement
