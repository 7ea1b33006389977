// A work queue and what every controller does at the end of a key's work: forget its
// failures or try again later, and count it.
//
// Core thread.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>

#include "base/log.h"
#include "controller/context.h"
#include "queue/work_queue.h"

namespace processhub::controller {

template <typename Key>
class Worker {
 public:
  // The queue's name is the controller's, in metrics and logs.
  Worker(Context& context, queue::QueueOptions options)
      : context_(context),
        name_(options.name),
        queue_(context.executor, context.clock, std::move(options)) {}

  // `reconcile` is given one key at a time and ends it by finish() or rest(), then or later.
  void start(std::function<void(const Key&)> reconcile) {
    queue_.start([this, reconcile = std::move(reconcile)](const Key& key) {
      began_[key] = context_.clock.steady_now();
      reconcile(key);
    });
  }

  void add(const Key& key) { queue_.add(key); }
  void add_after(const Key& key, Duration delay) { queue_.add_after(key, delay); }

  // Until `go_on`, its turn keeps no other key waiting.
  void wait(const Key& key) { queue_.wait(key); }
  void go_on(const Key& key) { queue_.go_on(key); }

  void finish(const Key& key, const Result<void>& result) {
    // A copy, for `key` may belong to what done() lets go.
    const Key done{key};  // NOLINT(performance-unnecessary-copy-initialization)
    if (result) {
      queue_.forget(done);
    } else {
      log::info("not reconciled",
                {{"controller", name_}, {"object", done}, {"error", result.error()}});
      queue_.retry(done, result.error().retry_after);
    }
    const auto began = began_.extract(done);
    if (context_.observer.reconciled && began) {
      context_.observer.reconciled(name_, result.has_value(),
                                   context_.clock.steady_now() - began.mapped());
    }
    queue_.done(done);
  }

  // Nothing was done, so nothing has succeeded or failed.
  void rest(const Key& key) {
    const Key done{key};  // NOLINT(performance-unnecessary-copy-initialization)
    began_.erase(done);
    queue_.done(done);
  }

  [[nodiscard]] const queue::WorkQueue<Key>& queue() const { return queue_; }

 private:
  Context& context_;
  std::string name_;
  queue::WorkQueue<Key> queue_;
  std::map<Key, SteadyTime> began_;  // of the keys that are being worked
};

}  // namespace processhub::controller
