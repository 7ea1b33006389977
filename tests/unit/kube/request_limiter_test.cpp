#include "kube/request_limiter.h"

#include <gtest/gtest.h>
#include <optional>
#include <vector>

namespace processhub::kube {
namespace {

TEST(RequestLimiter, StartsAtMostSoManyAndTheOthersInOrder) {
  RequestLimiter limiter(2);
  std::vector<int> started;
  std::vector<RequestLimiter::Slot> slots;
  for (int i = 0; i < 5; ++i) {
    limiter.run([&, i](RequestLimiter::Slot slot) {
      started.push_back(i);
      slots.push_back(std::move(slot));
    });
  }
  EXPECT_EQ(started, (std::vector<int>{0, 1}));
  EXPECT_EQ(limiter.in_flight(), 2U);
  EXPECT_EQ(limiter.waiting(), 3U);
  slots[0].release();
  slots[0].release();  // once is enough
  EXPECT_EQ(started, (std::vector<int>{0, 1, 2}));
  slots[1].release();
  slots[2].release();
  EXPECT_EQ(started, (std::vector<int>{0, 1, 2, 3, 4}));
  slots.clear();
  EXPECT_EQ(limiter.in_flight(), 0U);
}

TEST(RequestLimiter, ManyThatEndAtOnceDoNotUseUpTheStack) {
  RequestLimiter limiter(1);
  std::optional<RequestLimiter::Slot> first;
  limiter.run([&](RequestLimiter::Slot slot) { first = std::move(slot); });
  int started = 0;
  for (int i = 0; i < 200'000; ++i) {
    limiter.run([&](const RequestLimiter::Slot&) { ++started; });
  }
  first.reset();
  EXPECT_EQ(started, 200'000);
}

TEST(RequestLimiter, SlotMayOutliveItsLimiter) {
  RequestLimiter::Slot kept;
  bool ran = false;
  {
    RequestLimiter limiter(1);
    limiter.run([&](RequestLimiter::Slot slot) { kept = std::move(slot); });
    limiter.run([&](const RequestLimiter::Slot&) { ran = true; });
  }
  kept.release();
  EXPECT_FALSE(ran);
}

}  // namespace
}  // namespace processhub::kube
