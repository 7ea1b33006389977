// Where work runs. One core thread owns cache, queue, plan and status; what
// completes elsewhere (the transport's thread) is posted to it.
//
//   executor.post([] { ... });                       // from any thread
//   Timer t = executor.post_after(5s, [] { ... });   // dropped when `t` goes
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "base/clock.h"

namespace processhub {

class Executor;

// Owns a delayed task: destroying or resetting it means the task will not run.
// Use on the core thread only; must not outlive its executor.
class Timer {
 public:
  Timer() = default;
  Timer(Executor& executor, uint64_t id) : executor_(&executor), id_(id) {}
  Timer(Timer&& other) noexcept { *this = std::move(other); }
  Timer& operator=(Timer&& other) noexcept {
    std::swap(executor_, other.executor_);
    std::swap(id_, other.id_);
    return *this;
  }
  ~Timer() { reset(); }
  void reset();

 private:
  Executor* executor_ = nullptr;
  uint64_t id_ = 0;
};

class Executor {
 public:
  virtual ~Executor() = default;

  // Runs `task` on the core thread, after all that was posted before. Any thread.
  virtual void post(std::function<void()> task) = 0;

  // Runs `task` on the core thread once `delay` has passed. Core thread.
  [[nodiscard]] virtual Timer post_after(Duration delay, std::function<void()> task) = 0;

 private:
  friend class Timer;
  virtual void cancel(uint64_t id) = 0;
};

inline void Timer::reset() {
  if (executor_ != nullptr) executor_->cancel(id_);
  executor_ = nullptr;
}

}  // namespace processhub
