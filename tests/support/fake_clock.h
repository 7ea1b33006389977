// A clock that stands still until the test moves it.
#pragma once

#include "base/clock.h"

namespace processhub::testing {

class FakeClock final : public Clock {
 public:
  [[nodiscard]] WallTime wall_now() const override { return wall_; }
  [[nodiscard]] SteadyTime steady_now() const override { return steady_; }

  // Forward, both kinds of time. A FakeExecutor does this: call its advance() instead.
  void move(Duration by) {
    wall_ += by;
    steady_ += by;
  }
  // Somebody sets the machine's clock.
  void set_wall(WallTime to) { wall_ = to; }

 private:
  WallTime wall_ = std::chrono::sys_days{std::chrono::year{2026} / 1 / 2};
  SteadyTime steady_{std::chrono::hours(1)};
};

// The clock of another machine: the same passage of time, other readings.
class SkewedClock final : public Clock {
 public:
  SkewedClock(const Clock& clock, Duration wall_ahead, Duration steady_ahead = {})
      : clock_(clock), wall_ahead_(wall_ahead), steady_ahead_(steady_ahead) {}
  [[nodiscard]] WallTime wall_now() const override { return clock_.wall_now() + wall_ahead_; }
  [[nodiscard]] SteadyTime steady_now() const override {
    return clock_.steady_now() + steady_ahead_;
  }

 private:
  const Clock& clock_;
  Duration wall_ahead_;
  Duration steady_ahead_;
};

}  // namespace processhub::testing
