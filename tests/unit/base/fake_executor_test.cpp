#include "support/fake_executor.h"

#include <gmock/gmock.h>
#include <memory>
#include <vector>

namespace processhub::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

class FakeExecutorTest : public ::testing::Test {
 protected:
  FakeClock clock_;
  FakeExecutor executor_{clock_};
  std::vector<int> ran_;
};

TEST_F(FakeExecutorTest, TimeStandsStillUntilItIsMoved) {
  const WallTime wall = clock_.wall_now();
  const Timer timer = executor_.post_after(1s, [&] {
    EXPECT_EQ(clock_.wall_now(), wall + 1s);
    ran_.push_back(1);
  });
  executor_.settle();
  EXPECT_TRUE(ran_.empty());
  executor_.advance(999ms);
  EXPECT_TRUE(ran_.empty());
  executor_.advance(1ms);
  EXPECT_THAT(ran_, ElementsAre(1));
}

TEST_F(FakeExecutorTest, RunsTimersInOrderAndWhatTheyPostBeforeTheNext) {
  const Timer second = executor_.post_after(2s, [&] { ran_.push_back(3); });
  Timer third;
  const Timer first = executor_.post_after(1s, [&] {
    ran_.push_back(1);
    executor_.post([&] { ran_.push_back(2); });
    third = executor_.post_after(1s, [&] { ran_.push_back(4); });
  });
  executor_.advance(5s);
  EXPECT_THAT(ran_, ElementsAre(1, 2, 3, 4));
}

TEST_F(FakeExecutorTest, ACancelledTimerNeverRuns) {
  Timer cancelled = executor_.post_after(1s, [&] { ran_.push_back(1); });
  {
    const Timer dropped = executor_.post_after(1s, [&] { ran_.push_back(2); });
  }
  Timer moved = executor_.post_after(1s, [&] { ran_.push_back(3); });
  const Timer kept = std::move(moved);
  cancelled.reset();
  cancelled.reset();
  executor_.advance(1min);
  EXPECT_THAT(ran_, ElementsAre(3));
}

TEST_F(FakeExecutorTest, ATimerThatIsDueCanStillBeCancelled) {
  Timer second;
  const Timer first = executor_.post_after(1s, [&] { second.reset(); });
  second = executor_.post_after(1s, [&] { ran_.push_back(2); });
  executor_.advance(1min);
  EXPECT_TRUE(ran_.empty());
}

TEST_F(FakeExecutorTest, AdvancesUntilSomethingIsTrue) {
  const SteadyTime start = clock_.steady_now();
  const Timer timer = executor_.post_after(7s, [&] { ran_.push_back(1); });
  EXPECT_TRUE(executor_.advance_until([&] { return !ran_.empty(); }, 1h));
  EXPECT_EQ(clock_.steady_now() - start, 7s);
  EXPECT_FALSE(executor_.advance_until([] { return false; }, 1h));
  EXPECT_EQ(clock_.steady_now() - start, 1h + 7s);
}

}  // namespace
}  // namespace processhub::testing
