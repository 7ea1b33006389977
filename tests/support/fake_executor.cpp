#include "support/fake_executor.h"

#include <stdexcept>

namespace processhub::testing {

Timer FakeExecutor::post_after(Duration delay, std::function<void()> task) {
  const uint64_t id = next_id_++;
  const SteadyTime due = clock_.steady_now() + delay;
  delayed_.emplace(std::pair{due, id}, std::move(task));
  due_.emplace(id, due);
  return Timer(*this, id);
}

void FakeExecutor::cancel(uint64_t id) {
  const auto found = due_.find(id);
  if (found == due_.end()) return;
  const auto task = delayed_.find({found->second, id});
  const std::function<void()> dropped = std::move(task->second);  // may own other timers
  delayed_.erase(task);
  due_.erase(found);
}

bool FakeExecutor::step() {
  std::function<void()> task;
  if (const auto due = next_due(); due && *due <= clock_.steady_now()) {
    const auto first = delayed_.begin();
    task = std::move(first->second);
    due_.erase(first->first.second);
    delayed_.erase(first);
  } else if (!ready_.empty()) {
    task = std::move(ready_.front());
    ready_.pop_front();
  } else {
    return false;
  }
  task();
  return true;
}

void FakeExecutor::settle() {
  for (int tasks = 0; step(); ++tasks) {
    if (tasks == kTooMany) throw std::logic_error("this never settles: tasks post tasks");
  }
}

void FakeExecutor::advance(Duration by) {
  static_cast<void>(advance_until([] { return false; }, by));
}

bool FakeExecutor::advance_until(const std::function<bool()>& done, Duration limit) {
  const SteadyTime end = clock_.steady_now() + limit;
  settle();
  while (!done()) {
    const auto due = next_due();
    if (!due || *due > end) {
      clock_.move(end - clock_.steady_now());
      settle();
      return done();
    }
    clock_.move(*due - clock_.steady_now());
    settle();
  }
  return true;
}

std::optional<SteadyTime> FakeExecutor::next_due() const {
  if (delayed_.empty()) return std::nullopt;
  return delayed_.begin()->first.first;
}

}  // namespace processhub::testing
