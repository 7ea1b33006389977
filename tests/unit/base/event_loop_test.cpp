#include "base/event_loop.h"

#include <gmock/gmock.h>
#include <memory>
#include <thread>
#include <vector>

namespace processhub {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

class EventLoopTest : public ::testing::Test {
 protected:
  SystemClock clock_;
  EventLoop loop_{clock_};
  std::vector<int> ran_;
};

TEST_F(EventLoopTest, RunsWhatIsPostedInOrder) {
  for (int i : {1, 2, 3}) loop_.post([this, i] { ran_.push_back(i); });
  loop_.post([this] {
    loop_.post([this] { ran_.push_back(5); });
    loop_.post([this] { loop_.stop(); });
    ran_.push_back(4);
  });
  loop_.run();
  EXPECT_THAT(ran_, ElementsAre(1, 2, 3, 4, 5));
}

TEST_F(EventLoopTest, RunsDelayedTasksByTheirTimeAndNotBefore) {
  const SteadyTime start = clock_.steady_now();
  const Timer last = loop_.post_after(20ms, [this] { loop_.stop(); });
  const Timer second = loop_.post_after(10ms, [this] { ran_.push_back(2); });
  const Timer first = loop_.post_after(5ms, [this] { ran_.push_back(1); });
  loop_.run();
  EXPECT_THAT(ran_, ElementsAre(1, 2));
  EXPECT_GE(clock_.steady_now() - start, 20ms);
}

TEST_F(EventLoopTest, ACancelledTimerNeverRuns) {
  Timer cancelled = loop_.post_after(1ms, [this] { ran_.push_back(1); });
  Timer replaced = loop_.post_after(1ms, [this] { ran_.push_back(2); });
  {
    const Timer dropped = loop_.post_after(1ms, [this] { ran_.push_back(3); });
  }
  cancelled.reset();
  replaced = loop_.post_after(2ms, [this] { ran_.push_back(4); });
  const Timer end = loop_.post_after(10ms, [this] { loop_.stop(); });
  loop_.run();
  EXPECT_THAT(ran_, ElementsAre(4));
}

TEST_F(EventLoopTest, ATimerThatIsDueCanStillBeCancelledByTheTaskBeforeIt) {
  Timer second;
  const Timer first = loop_.post_after(0ms, [&] {
    ran_.push_back(1);
    second.reset();
  });
  second = loop_.post_after(0ms, [this] { ran_.push_back(2); });
  const Timer end = loop_.post_after(5ms, [this] { loop_.stop(); });
  loop_.run();
  EXPECT_THAT(ran_, ElementsAre(1));
}

TEST_F(EventLoopTest, ATaskMayResetItsOwnTimerAndStartAnother) {
  Timer timer;
  timer = loop_.post_after(0ms, [&] {
    timer.reset();
    ran_.push_back(1);
    timer = loop_.post_after(0ms, [&] {
      ran_.push_back(2);
      loop_.stop();
    });
  });
  loop_.run();
  EXPECT_THAT(ran_, ElementsAre(1, 2));
}

TEST_F(EventLoopTest, CancellingATimerMayCancelTheTimersThatItsTaskOwns) {
  auto inner = std::make_shared<Timer>(loop_.post_after(0ms, [this] { ran_.push_back(1); }));
  Timer outer = loop_.post_after(0ms, [this, inner] { ran_.push_back(2); });
  inner = nullptr;
  // The task goes after the lock: with it, this would wait for itself.
  outer.reset();
  const Timer end = loop_.post_after(1ms, [this] { loop_.stop(); });
  loop_.run();
  EXPECT_TRUE(ran_.empty());
}

TEST_F(EventLoopTest, WhatIsPostedAfterTheStopIsKeptForTheNextRun) {
  loop_.post([this] { loop_.stop(); });
  loop_.post([this] {
    ran_.push_back(1);
    loop_.stop();
  });
  loop_.run();
  EXPECT_TRUE(ran_.empty());
  loop_.run();
  EXPECT_THAT(ran_, ElementsAre(1));
}

// As of a request that is under way when the program ends.
TEST_F(EventLoopTest, ATaskThatNeverRunsMayOwnTimersOfItsLoop) {
  struct Call {
    Timer retry;
    Timer limit;
  };
  auto loop = std::make_unique<EventLoop>(clock_);
  auto call = std::make_shared<Call>();
  const std::weak_ptr<Call> seen = call;
  call->limit = loop->post_after(std::chrono::hours(1), [call] {});
  call->retry = loop->post_after(std::chrono::hours(2), [call] {});
  call.reset();
  loop.reset();
  EXPECT_TRUE(seen.expired());
}

TEST_F(EventLoopTest, TakesTasksFromOtherThreadsWhileItSleeps) {
  int count = 0;
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 1000; ++j) {
        loop_.post([&] {
          if (++count == 4000) loop_.stop();
        });
      }
    });
  }
  loop_.run();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(count, 4000);
}

}  // namespace
}  // namespace processhub
