// Randomness, for jitter alone: nothing that is decided depends on it.
#pragma once

#include <cstdint>
#include <random>

namespace processhub {

class Random {
 public:
  virtual ~Random() = default;
  // Uniform over all 64-bit values.
  [[nodiscard]] virtual uint64_t next() = 0;
  // Uniform in [0, 1).
  [[nodiscard]] double unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
};

class SystemRandom final : public Random {
 public:
  SystemRandom() : engine_(std::random_device{}()) {}
  [[nodiscard]] uint64_t next() override { return engine_(); }

 private:
  std::mt19937_64 engine_;
};

}  // namespace processhub
