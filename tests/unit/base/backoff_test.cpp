#include "base/backoff.h"

#include <gtest/gtest.h>

#include "support/fake_random.h"

namespace processhub {
namespace {

using namespace std::chrono_literals;

TEST(BackoffTest, DoublesFromTheBaseToTheCapWithJitterInTheUpperHalf) {
  testing::FakeRandom random;
  Backoff backoff(800ms, 30s);
  Duration full = 800ms;
  for (int i = 0; i < 100; ++i) {
    const Duration next = backoff.next(random);
    EXPECT_GE(next, full / 2);
    EXPECT_LE(next, full);
    full = std::min<Duration>(full * 2, 30s);
  }
  EXPECT_EQ(backoff.failures(), 100);
}

TEST(BackoffTest, StartsAnewAfterAReset) {
  testing::FakeRandom random;
  Backoff backoff(1s, 1h);
  for (int i = 0; i < 10; ++i) static_cast<void>(backoff.next(random));
  backoff.reset();
  EXPECT_LE(backoff.next(random), 1s);
}

TEST(BackoffTest, DiffersFromOneToTheOther) {
  testing::FakeRandom random;
  Backoff one(1s, 1h);
  Backoff other(1s, 1h);
  EXPECT_NE(one.next(random), other.next(random));
}

}  // namespace
}  // namespace processhub
