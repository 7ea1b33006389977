// Time, as the program sees it. Two kinds that are never mixed: wall time is what
// Kubernetes objects carry (lastTransitionTime, creationTimestamp); steady time
// measures waits and is never set back.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace processhub {

using WallTime = std::chrono::sys_time<std::chrono::microseconds>;
using SteadyTime = std::chrono::time_point<std::chrono::steady_clock, std::chrono::microseconds>;
using Duration = std::chrono::microseconds;

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual WallTime wall_now() const = 0;
  [[nodiscard]] virtual SteadyTime steady_now() const = 0;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] WallTime wall_now() const override;
  [[nodiscard]] SteadyTime steady_now() const override;
};

// RFC 3339 in UTC. metav1.Time has whole seconds, metav1.MicroTime six digits.
[[nodiscard]] std::string format_time(WallTime time);        // 2026-01-02T15:04:05Z
[[nodiscard]] std::string format_micro_time(WallTime time);  // 2026-01-02T15:04:05.123456Z

// Any RFC 3339 time in UTC ("Z"), with or without a fraction; nullopt otherwise.
[[nodiscard]] std::optional<WallTime> parse_time(std::string_view text);

}  // namespace processhub
