// The randomness of one seed: all that a simulation draws comes from here, in one order.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

namespace processhub::sim {

class Dice {
 public:
  explicit Dice(uint64_t seed) : engine_(seed * 0x9e3779b97f4a7c15ULL + 1) {}

  [[nodiscard]] uint64_t next() { return engine_(); }
  // Uniform in [0, bound).
  [[nodiscard]] int below(int bound) {
    return static_cast<int>(engine_() % static_cast<uint64_t>(bound));
  }
  // Uniform in [from, to].
  [[nodiscard]] int between(int from, int to) { return from + below(to - from + 1); }
  // True in `share` of 1000.
  [[nodiscard]] bool permille(int share) { return below(1000) < share; }
  template <typename T>
  [[nodiscard]] const T& pick(const std::vector<T>& from) {
    return from[static_cast<size_t>(below(static_cast<int>(from.size())))];
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace processhub::sim
