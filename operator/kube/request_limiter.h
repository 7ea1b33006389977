// At most N requests in flight; the others wait in order.
//
//   limiter.run([this](RequestLimiter::Slot slot) { send(..., keep slot until the end); });
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>

namespace processhub::kube {

// Core thread. A slot may outlive its limiter.
class RequestLimiter {
 public:
  // Held by a request in flight. Destroying it starts the next one.
  class Slot {
   public:
    Slot() = default;
    Slot(Slot&&) = default;
    Slot& operator=(Slot&& other) noexcept;
    ~Slot() { release(); }
    void release();

   private:
    friend class RequestLimiter;
    explicit Slot(std::weak_ptr<RequestLimiter*> limiter) : limiter_(std::move(limiter)) {}
    std::weak_ptr<RequestLimiter*> limiter_;
  };
  using Start = std::function<void(Slot)>;

  explicit RequestLimiter(size_t limit) : limit_(limit) {}

  // Calls `start` now where a slot is free, else as soon as one is.
  void run(Start start);

  [[nodiscard]] size_t in_flight() const { return in_flight_; }
  [[nodiscard]] size_t waiting() const { return waiting_.size(); }

 private:
  void start_waiting();

  size_t limit_;
  size_t in_flight_ = 0;
  bool starting_ = false;
  std::deque<Start> waiting_;
  std::shared_ptr<RequestLimiter*> self_ = std::make_shared<RequestLimiter*>(this);
};

}  // namespace processhub::kube
