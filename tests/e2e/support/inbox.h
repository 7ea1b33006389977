// Where everything that a test waits for arrives: lines of a log, events of a watch,
// the end of a process. Threads put it here; it is worked in the test's own thread, and
// only while that waits, so that a test never sees its view change under its hands.
//
//   EXPECT_TRUE(wait_until([&] { return watch.objects().contains("orders"); }));
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

namespace processhub::e2e {

// Generous: what is late on a loaded machine is no failure.
inline constexpr std::chrono::seconds kLimit{120};

class Inbox {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  static Inbox& get();

  // Any thread.
  void put(std::function<void()> arrival);
  // Works what has arrived; waits for something until then. False: nothing came.
  bool work(Deadline deadline);

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<std::function<void()>> arrivals_;
};

// Looks again at each arrival; whether it came true in time.
bool wait_until(const std::function<bool()>& condition, std::chrono::seconds limit = kLimit);

// The same for what cannot be watched (an HTTP answer): asked a few times a second.
bool poll_until(const std::function<bool()>& condition, std::chrono::seconds limit = kLimit);

// Until `problem` has none ("") any more; else the test ends (throws) with the last one.
void eventually(const std::function<std::string()>& problem, std::chrono::seconds limit = kLimit);

}  // namespace processhub::e2e
