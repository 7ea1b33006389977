#include "queue/token_bucket.h"

#include <gtest/gtest.h>

#include "support/fake_clock.h"

namespace processhub::queue {
namespace {

using namespace std::chrono_literals;

TEST(TokenBucketTest, GivesABurstAndThenTheRate) {
  testing::FakeClock clock;
  TokenBucket bucket(clock, 10, 3);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(bucket.reserve(), 0s);
  EXPECT_EQ(bucket.reserve(), 100ms);
  EXPECT_EQ(bucket.reserve(), 200ms);
  clock.move(200ms);
  EXPECT_EQ(bucket.reserve(), 100ms);
}

TEST(TokenBucketTest, NeverHoldsMoreThanItsBurst) {
  testing::FakeClock clock;
  TokenBucket bucket(clock, 10, 3);
  clock.move(1h);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(bucket.try_take());
  EXPECT_FALSE(bucket.try_take());
  clock.move(100ms);
  EXPECT_TRUE(bucket.try_take());
}

}  // namespace
}  // namespace processhub::queue
