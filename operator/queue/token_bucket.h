// How often something may happen: `burst` at once, `per_second` in the long run.
#pragma once

#include "base/clock.h"

namespace processhub::queue {

class TokenBucket {
 public:
  TokenBucket(const Clock& clock, double per_second, int burst);

  // Takes a token and tells how long to wait until it is there: zero while any is left.
  // Whoever is told to wait has its turn; later callers wait longer.
  [[nodiscard]] Duration reserve();

  // Takes a token if one is there.
  [[nodiscard]] bool try_take();

 private:
  void refill();

  const Clock& clock_;
  double per_second_;
  double burst_;
  double tokens_;  // below zero: that many are promised
  SteadyTime filled_;
};

}  // namespace processhub::queue
