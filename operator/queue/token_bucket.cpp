#include "queue/token_bucket.h"

#include <algorithm>
#include <cmath>

namespace processhub::queue {

TokenBucket::TokenBucket(const Clock& clock, double per_second, int burst)
    : clock_(clock),
      per_second_(per_second),
      burst_(burst),
      tokens_(burst),
      filled_(clock.steady_now()) {}

void TokenBucket::refill() {
  const SteadyTime now = clock_.steady_now();
  const double seconds = std::chrono::duration<double>(now - filled_).count();
  tokens_ = std::min(burst_, tokens_ + seconds * per_second_);
  filled_ = now;
}

Duration TokenBucket::reserve() {
  refill();
  tokens_ -= 1;
  if (tokens_ >= 0) return Duration::zero();
  return Duration(static_cast<int64_t>(std::ceil(-tokens_ / per_second_ * 1e6)));
}

bool TokenBucket::try_take() {
  refill();
  if (tokens_ < 1) return false;
  tokens_ -= 1;
  return true;
}

}  // namespace processhub::queue
