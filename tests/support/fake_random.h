// Randomness that is the same in each run: a seed replays it.
#pragma once

#include <random>

#include "base/random.h"

namespace processhub::testing {

class FakeRandom final : public Random {
 public:
  explicit FakeRandom(uint64_t seed = 1) : engine_(seed) {}
  [[nodiscard]] uint64_t next() override { return engine_(); }
  // Uniform in [0, bound).
  [[nodiscard]] int below(int bound) {
    return static_cast<int>(next() % static_cast<uint64_t>(bound));
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace processhub::testing
