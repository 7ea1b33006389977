#include "base/event_loop.h"

namespace processhub {

EventLoop::~EventLoop() {
  due_.clear();  // so that a timer that a task owns finds nothing to cancel
  const auto ready = std::move(ready_);
  const auto delayed = std::move(delayed_);
}

void EventLoop::post(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    ready_.push_back(std::move(task));
  }
  wake_.notify_one();
}

Timer EventLoop::post_after(Duration delay, std::function<void()> task) {
  uint64_t id = 0;
  {
    const std::lock_guard lock(mutex_);
    id = next_id_++;
    const SteadyTime due = clock_.steady_now() + delay;
    delayed_.emplace(std::pair{due, id}, std::move(task));
    due_.emplace(id, due);
  }
  wake_.notify_one();
  return Timer(*this, id);
}

void EventLoop::cancel(uint64_t id) {
  std::function<void()> dropped;  // destroyed outside of the lock: it may own other timers
  const std::lock_guard lock(mutex_);
  const auto found = due_.find(id);
  if (found == due_.end()) return;
  const auto task = delayed_.find({found->second, id});
  dropped = std::move(task->second);
  delayed_.erase(task);
  due_.erase(found);
}

void EventLoop::run() {
  std::unique_lock lock(mutex_);
  stopping_ = false;
  while (!stopping_) {
    const SteadyTime now = clock_.steady_now();
    std::function<void()> task;
    // A due task leaves the map only when it runs, so that it can be cancelled until then.
    if (const auto first = delayed_.begin(); first != delayed_.end() && first->first.first <= now) {
      task = std::move(first->second);
      due_.erase(first->first.second);
      delayed_.erase(first);
    } else if (!ready_.empty()) {
      task = std::move(ready_.front());
      ready_.pop_front();
    } else {
      if (delayed_.empty()) {
        wake_.wait(lock);
      } else {
        wake_.wait_for(lock, delayed_.begin()->first.first - now);
      }
      continue;
    }
    lock.unlock();
    task();
    task = nullptr;  // what it owns goes before the lock is taken again
    lock.lock();
  }
}

void EventLoop::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
}

}  // namespace processhub
