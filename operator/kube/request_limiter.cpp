#include "kube/request_limiter.h"

#include <utility>

namespace processhub::kube {

RequestLimiter::Slot& RequestLimiter::Slot::operator=(Slot&& other) noexcept {
  if (this != &other) {
    release();
    limiter_ = std::move(other.limiter_);
  }
  return *this;
}

void RequestLimiter::Slot::release() {
  const auto limiter = std::exchange(limiter_, {}).lock();
  if (limiter == nullptr) return;
  --(*limiter)->in_flight_;
  (*limiter)->start_waiting();
}

void RequestLimiter::run(Start start) {
  waiting_.push_back(std::move(start));
  start_waiting();
}

void RequestLimiter::start_waiting() {
  // A request that is refused at once gives its slot back from within its start: one
  // loop on the stack serves all of them.
  if (std::exchange(starting_, true)) return;
  while (in_flight_ < limit_ && !waiting_.empty()) {
    Start start = std::move(waiting_.front());
    waiting_.pop_front();
    ++in_flight_;
    start(Slot(self_));
  }
  starting_ = false;
}

}  // namespace processhub::kube
