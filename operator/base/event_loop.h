// The core thread: runs what is posted, in order, and delayed tasks when due.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>

#include "base/executor.h"

namespace processhub {

class EventLoop final : public Executor {
 public:
  explicit EventLoop(const Clock& clock) : clock_(clock) {}
  // Tasks that have not run are dropped, and may own timers of this loop.
  ~EventLoop() override;

  void post(std::function<void()> task) override;
  [[nodiscard]] Timer post_after(Duration delay, std::function<void()> task) override;

  // Runs tasks on the calling thread until stop(); what is posted later is kept
  // but not run. May be called again.
  void run();

  // Any thread, also from a task.
  void stop();

 private:
  void cancel(uint64_t id) override;

  const Clock& clock_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> ready_;
  std::map<std::pair<SteadyTime, uint64_t>, std::function<void()>> delayed_;  // by time, then order
  std::map<uint64_t, SteadyTime> due_;                                        // of each timer
  uint64_t next_id_ = 1;
  bool stopping_ = false;
};

}  // namespace processhub
