#include "queue/work_queue.h"

#include <gmock/gmock.h>
#include <vector>

#include "support/fake_executor.h"
#include "support/fake_random.h"

namespace processhub::queue {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class WorkQueueTest : public ::testing::Test {
 protected:
  // Keys are handed out and stay in work until the test calls done().
  void start() {
    queue_.start([this](const std::string& key) { worked_.push_back(key); });
  }
  std::vector<std::string> worked() {
    executor_.settle();
    return std::exchange(worked_, {});
  }

  testing::FakeClock clock_;
  testing::FakeExecutor executor_{clock_};
  std::vector<std::string> worked_;
  WorkQueue<std::string> queue_{executor_, clock_, {.name = "test", .workers = 2}};
};

TEST_F(WorkQueueTest, HandsOutKeysInOrderAndNotMoreThanItsWorkers) {
  start();
  for (const char* key : {"a", "b", "c", "d"}) queue_.add(key);
  EXPECT_THAT(worked(), ElementsAre("a", "b"));
  queue_.done("b");
  EXPECT_THAT(worked(), ElementsAre("c"));
  EXPECT_EQ(queue_.depth(), 1U);
}

TEST_F(WorkQueueTest, AKeyThatWaitsForSomebodyElseIsNoWorkers) {
  start();
  for (const char* key : {"a", "b", "c", "d"}) queue_.add(key);
  EXPECT_THAT(worked(), ElementsAre("a", "b"));
  queue_.wait("a");
  queue_.add("a");
  EXPECT_THAT(worked(), ElementsAre("c")) << "and it is not worked twice at once";
  queue_.go_on("a");
  queue_.done("c");
  EXPECT_THAT(worked(), IsEmpty());
  queue_.done("a");
  EXPECT_THAT(worked(), ElementsAre("d"));
  queue_.wait("d");
  queue_.done("d");
  EXPECT_THAT(worked(), ElementsAre("a"));
  for (const char* key : {"e", "f"}) queue_.add(key);
  EXPECT_THAT(worked(), IsEmpty()) << "a key that is done waits no more";
}

TEST_F(WorkQueueTest, KeysAddedBeforeTheStartAreKept) {
  queue_.add("a");
  EXPECT_THAT(worked(), IsEmpty());
  start();
  EXPECT_THAT(worked(), ElementsAre("a"));
}

TEST_F(WorkQueueTest, AKeyAddedTwiceIsWorkedOnce) {
  start();
  queue_.add("a");
  queue_.add("a");
  EXPECT_THAT(worked(), ElementsAre("a"));
  queue_.done("a");
  EXPECT_THAT(worked(), IsEmpty());
}

TEST_F(WorkQueueTest, AKeyAddedWhileItIsWorkedIsWorkedAgainAfterwards) {
  start();
  queue_.add("a");
  EXPECT_THAT(worked(), ElementsAre("a"));
  queue_.add("a");
  queue_.add("a");
  EXPECT_THAT(worked(), IsEmpty());
  queue_.done("a");
  EXPECT_THAT(worked(), ElementsAre("a"));
  queue_.done("a");
  EXPECT_THAT(worked(), IsEmpty());
}

TEST_F(WorkQueueTest, AKeyThatIsAddedAgainGoesToTheEnd) {
  start();
  for (const char* key : {"a", "b", "c"}) queue_.add(key);
  EXPECT_THAT(worked(), ElementsAre("a", "b"));
  queue_.add("a");
  queue_.done("a");
  queue_.done("b");
  EXPECT_THAT(worked(), ElementsAre("c", "a"));
}

TEST_F(WorkQueueTest, OfSeveralDelaysTheEarliestCounts) {
  start();
  queue_.add_after("a", 10s);
  queue_.add_after("a", 5s);
  queue_.add_after("a", 20s);
  executor_.advance(4s);
  EXPECT_THAT(worked(), IsEmpty());
  executor_.advance(1s);
  EXPECT_THAT(worked(), ElementsAre("a"));
  queue_.done("a");
  executor_.advance(1min);
  EXPECT_THAT(worked(), IsEmpty());
}

TEST_F(WorkQueueTest, NoDelayAddsAtOnce) {
  start();
  queue_.add_after("a", 0s);
  EXPECT_THAT(worked(), ElementsAre("a"));
}

TEST_F(WorkQueueTest, RetriesWaitTwiceAsLongEachTimeUpToTheCap) {
  start();
  std::vector<Duration> waits;
  for (int i = 0; i < 20; ++i) {
    queue_.retry("a");
    const SteadyTime before = clock_.steady_now();
    ASSERT_TRUE(executor_.advance_until([&] { return !worked_.empty(); }, 1h));
    waits.push_back(clock_.steady_now() - before);
    worked_.clear();
    queue_.done("a");
  }
  EXPECT_EQ(waits[0], 5ms);
  EXPECT_EQ(waits[1], 10ms);
  EXPECT_EQ(waits[10], 5120ms);
  EXPECT_EQ(waits[19], 5min);
  EXPECT_EQ(queue_.failures("a"), 20);
  queue_.forget("a");
  EXPECT_EQ(queue_.failures("a"), 0);
  queue_.retry("a");
  executor_.advance(5ms);
  EXPECT_THAT(worked(), ElementsAre("a"));
}

TEST_F(WorkQueueTest, ARetryWaitsAsLongAsTheServerSaid) {
  start();
  queue_.retry("a", 7s);
  executor_.advance(6999ms);
  EXPECT_THAT(worked(), IsEmpty());
  executor_.advance(1ms);
  EXPECT_THAT(worked(), ElementsAre("a"));
}

TEST_F(WorkQueueTest, AllRetriesTogetherPassABucket) {
  start();
  for (int i = 0; i < 200; ++i) queue_.retry("key-" + std::to_string(i));
  int count = 0;
  queue_.start([&](const std::string& key) {
    ++count;
    queue_.done(key);
  });
  executor_.advance(5ms);
  EXPECT_EQ(count, 100);
  executor_.advance(5s);
  EXPECT_EQ(count, 150);
  executor_.advance(5s);
  EXPECT_EQ(count, 200);
}

TEST_F(WorkQueueTest, AddsAreNotHeldByTheBucket) {
  int count = 0;
  queue_.start([&](const std::string& key) {
    ++count;
    queue_.done(key);
  });
  for (int i = 0; i < 1000; ++i) queue_.add("key-" + std::to_string(i));
  executor_.settle();
  EXPECT_EQ(count, 1000);
}

TEST_F(WorkQueueTest, IsIdleOnceNothingIsWorked) {
  start();
  EXPECT_TRUE(queue_.idle());
  queue_.add("a");
  EXPECT_THAT(worked(), ElementsAre("a"));
  EXPECT_FALSE(queue_.idle());
  queue_.done("a");
  EXPECT_TRUE(queue_.idle());
}

TEST_F(WorkQueueTest, AQueueThatIsGoneRunsNothing) {
  int count = 0;
  {
    WorkQueue<std::string> queue(executor_, clock_);
    queue.start([&](const std::string&) { ++count; });
    queue.add("a");
    queue.add_after("b", 1s);
  }
  executor_.advance(1min);
  EXPECT_EQ(count, 0);
}

TEST_F(WorkQueueTest, TellsItsMetrics) {
  std::vector<std::string> told;
  const auto ms = [](Duration d) { return std::to_string(d / 1ms); };
  WorkQueue<std::string> queue(
      executor_, clock_,
      {.metrics = {.depth = [&](size_t depth) { told.push_back("depth " + std::to_string(depth)); },
                   .adds = [&] { told.emplace_back("add"); },
                   .retries = [&] { told.emplace_back("retry"); },
                   .queue_duration = [&](Duration d) { told.push_back("queued " + ms(d)); },
                   .work_duration = [&](Duration d) { told.push_back("worked " + ms(d)); }}});
  queue.add("a");
  executor_.advance(3s);
  queue.start([](const std::string&) {});
  executor_.settle();
  executor_.advance(2s);
  EXPECT_EQ(queue.unfinished_work(), 2s);
  EXPECT_EQ(queue.longest_running(), 2s);
  queue.done("a");
  EXPECT_EQ(queue.unfinished_work(), 0s);
  queue.retry("a");
  EXPECT_THAT(told,
              ElementsAre("add", "depth 1", "depth 0", "queued 3000", "worked 2000", "retry"));
}

// Random schedules: no key is ever worked twice at once, and after each add of a key its
// work starts at least once more.
TEST_F(WorkQueueTest, RandomSchedulesLoseNoAddAndNeverWorkAKeyTwiceAtOnce) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    testing::FakeRandom random(seed);
    WorkQueue<int> queue(executor_, clock_, {.workers = 1 + seed % 4});
    std::map<int, int> wanted;  // adds that no work has started after
    std::set<int> running;
    size_t most = 0;
    queue.start([&](int key) {
      ASSERT_TRUE(running.insert(key).second) << "worked twice at once";
      wanted.erase(key);
      most = std::max(most, running.size());
      if (random.below(4) == 0) {
        running.erase(key);
        queue.done(key);
      }
    });
    for (int i = 0; i < 500; ++i) {
      const int key = random.below(6);
      switch (random.below(6)) {
        case 0:
        case 1:
          ++wanted[key];
          queue.add(key);
          break;
        case 2:
          ++wanted[key];
          queue.add_after(key, random.below(50) * 1ms);
          break;
        case 3:
          ++wanted[key];
          queue.retry(key);
          break;
        case 4:
          if (!running.empty()) {
            const int first = *running.begin();
            running.erase(first);
            queue.done(first);
          }
          break;
        default:
          executor_.advance(random.below(20) * 1ms);
          break;
      }
      if (random.below(3) == 0) executor_.step();
    }
    for (int i = 0; i < 200; ++i) {
      executor_.advance(10s);
      while (!running.empty()) {
        const int first = *running.begin();
        running.erase(first);
        queue.done(first);
      }
    }
    EXPECT_THAT(wanted, IsEmpty());
    EXPECT_LE(most, 1 + seed % 4);
    EXPECT_TRUE(queue.idle());
    EXPECT_EQ(queue.depth(), 0U);
  }
}

}  // namespace
}  // namespace processhub::queue
