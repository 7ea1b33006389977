// How long to wait before the next try: doubles from `base` to `cap`, with jitter
// so that many who failed together do not come back together.
#pragma once

#include <algorithm>

#include "base/clock.h"
#include "base/random.h"

namespace processhub {

class Backoff {
 public:
  Backoff(Duration base, Duration cap) : base_(base), cap_(cap) {}

  // The next delay: between half of and the whole of base * 2^failures, at most `cap`.
  [[nodiscard]] Duration next(Random& random) {
    const Duration full = std::min(cap_, base_ * (int64_t{1} << std::min(failures_, 20)));
    ++failures_;
    const double share = 0.5 + 0.5 * random.unit();
    return Duration(static_cast<int64_t>(static_cast<double>(full.count()) * share));
  }

  void reset() { failures_ = 0; }
  [[nodiscard]] int failures() const { return failures_; }

 private:
  Duration base_;
  Duration cap_;
  int failures_ = 0;
};

}  // namespace processhub
