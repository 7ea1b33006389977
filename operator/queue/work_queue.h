// The keys that have work to do, with the semantics of client-go's workqueue: a key
// added twice is worked once, never twice at the same time, and a key added while it is
// worked is worked again afterwards. Keys come in the order in which they were added.
//
//   WorkQueue<HubKey> queue(executor, clock, {.name = "hub"});
//   queue.start([&](const HubKey& key) {
//     reconcile(key, [&, key](Result<void> result) {
//       if (result) queue.forget(key); else queue.retry(key, result.error().retry_after);
//       queue.done(key);
//     });
//   });
//   queue.add(key);
//
// Core thread only.
#pragma once

#include <algorithm>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/executor.h"
#include "queue/metrics.h"
#include "queue/token_bucket.h"

namespace processhub::queue {

struct QueueOptions {
  std::string name = {};
  size_t workers = 1;                            // keys worked at once
  Duration base = std::chrono::milliseconds(5);  // of a key's backoff: doubles with each retry
  Duration cap = std::chrono::minutes(5);
  double retries_per_second = 10;  // of all keys together
  int retry_burst = 100;
  QueueMetrics metrics = {};
};

template <typename Key>
class WorkQueue {
 public:
  WorkQueue(Executor& executor, const Clock& clock, QueueOptions options = {})
      : executor_(executor),
        clock_(clock),
        options_(std::move(options)),
        bucket_(clock, options_.retries_per_second, options_.retry_burst) {}
  WorkQueue(const WorkQueue&) = delete;
  WorkQueue& operator=(const WorkQueue&) = delete;

  // Begins to hand out keys, each in a task of its own, at most `workers` at once. Each
  // is followed by one done(key), from within `work` or later.
  void start(std::function<void(const Key&)> work) {
    work_ = std::move(work);
    wake();
  }

  void add(const Key& key);
  // The earliest of several delays counts; an add in between does not cancel it.
  void add_after(const Key& key, Duration delay);
  // Adds the key after its backoff, or after `retry_after` where the server named a time;
  // later if the bucket of all retries is empty.
  void retry(const Key& key, std::optional<Duration> retry_after = {});
  // The key has succeeded: its backoff starts anew. A pending add_after stays.
  void forget(const Key& key) { failures_.erase(key); }
  [[nodiscard]] int failures(const Key& key) const {
    const auto found = failures_.find(key);
    return found == failures_.end() ? 0 : found->second;
  }

  void done(const Key& key);

  // The key that is being worked waits for somebody who may be long in answering: it is still
  // worked by nobody else, but does not count as one of `workers` until it goes on or is done.
  void wait(const Key& key);
  void go_on(const Key& key) { waiting_.erase(key); }

  // Whether no key is being worked.
  [[nodiscard]] bool idle() const { return processing_.empty(); }

  [[nodiscard]] const std::string& name() const { return options_.name; }
  [[nodiscard]] size_t depth() const { return ready_.size(); }
  [[nodiscard]] size_t delayed() const { return delayed_.size(); }
  // For the gauges unfinished_work_seconds and longest_running_processor_seconds.
  [[nodiscard]] Duration unfinished_work() const;
  [[nodiscard]] Duration longest_running() const;

 private:
  struct Delayed {
    SteadyTime due;
    Timer timer;
  };

  void push(const Key& key);
  [[nodiscard]] bool has_worker() const {
    return processing_.size() - waiting_.size() < options_.workers;
  }
  void wake();
  void hand_out();
  template <typename F, typename... Args>
  static void tell(const F& observer, Args... args) {
    if (observer) observer(args...);
  }

  Executor& executor_;
  const Clock& clock_;
  QueueOptions options_;
  TokenBucket bucket_;
  std::function<void(const Key&)> work_;
  std::deque<Key> ready_;                 // dirty and not processing, in order
  std::map<Key, SteadyTime> dirty_;       // has work to do; since when
  std::map<Key, SteadyTime> processing_;  // since when
  std::set<Key> waiting_;                 // of these
  std::map<Key, Delayed> delayed_;
  std::map<Key, int> failures_;
  bool woken_ = false;  // a task to hand out a key is posted
  // Posted tasks hold a weak pointer to it: none runs after the queue has gone.
  std::shared_ptr<WorkQueue*> self_ = std::make_shared<WorkQueue*>(this);
};

template <typename Key>
void WorkQueue<Key>::add(const Key& key) {
  if (!dirty_.emplace(key, clock_.steady_now()).second) return;
  tell(options_.metrics.adds);
  if (!processing_.contains(key)) push(key);
}

template <typename Key>
void WorkQueue<Key>::add_after(const Key& key, Duration delay) {
  tell(options_.metrics.retries);
  if (delay <= Duration::zero()) return add(key);
  const SteadyTime due = clock_.steady_now() + delay;
  const auto found = delayed_.find(key);
  if (found != delayed_.end() && found->second.due <= due) return;
  delayed_[key] = {due, executor_.post_after(delay, [this, key] {
                     const auto due_now = delayed_.extract(key);
                     add(due_now.key());
                   })};
}

template <typename Key>
void WorkQueue<Key>::retry(const Key& key, std::optional<Duration> retry_after) {
  const int failures = failures_[key]++;
  const Duration backoff =
      std::min(options_.cap, options_.base * (int64_t{1} << std::min(failures, 30)));
  add_after(key, std::max(retry_after.value_or(backoff), bucket_.reserve()));
}

template <typename Key>
void WorkQueue<Key>::done(const Key& key) {
  const auto worked = processing_.extract(key);
  if (worked.empty()) return;
  waiting_.erase(worked.key());
  tell(options_.metrics.work_duration, clock_.steady_now() - worked.mapped());
  if (dirty_.contains(worked.key())) push(worked.key());
  wake();
}

template <typename Key>
void WorkQueue<Key>::wait(const Key& key) {
  if (!processing_.contains(key)) return;
  waiting_.insert(key);
  wake();
}

template <typename Key>
void WorkQueue<Key>::push(const Key& key) {
  ready_.push_back(key);
  tell(options_.metrics.depth, ready_.size());
  wake();
}

template <typename Key>
void WorkQueue<Key>::wake() {
  if (woken_ || !work_ || ready_.empty() || !has_worker()) return;
  woken_ = true;
  executor_.post([self = std::weak_ptr(self_)] {
    if (const auto queue = self.lock()) (*queue)->hand_out();
  });
}

template <typename Key>
void WorkQueue<Key>::hand_out() {
  woken_ = false;
  if (ready_.empty() || !has_worker()) return;
  const Key key = std::move(ready_.front());
  ready_.pop_front();
  const SteadyTime now = clock_.steady_now();
  const auto dirty = dirty_.find(key);
  tell(options_.metrics.depth, ready_.size());
  tell(options_.metrics.queue_duration, now - dirty->second);
  dirty_.erase(dirty);
  processing_.emplace(key, now);
  wake();  // before the work: it may be long, and posted tasks keep their order
  work_(key);
}

template <typename Key>
Duration WorkQueue<Key>::unfinished_work() const {
  Duration sum{};
  for (const auto& [key, since] : processing_) sum += clock_.steady_now() - since;
  return sum;
}

template <typename Key>
Duration WorkQueue<Key>::longest_running() const {
  Duration longest{};
  for (const auto& [key, since] : processing_) {
    longest = std::max(longest, clock_.steady_now() - since);
  }
  return longest;
}

}  // namespace processhub::queue
