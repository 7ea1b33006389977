// Durations as Go's programs write them: 15s, 500ms, 1m30s, 1.5h. Units: us, ms, s, m, h.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace processhub::config {

// nullopt where `text` is not a duration, is negative, or is over a year. "0" needs no unit.
[[nodiscard]] std::optional<Duration> parse_duration(std::string_view text);

// The shortest form that parse_duration reads: 15s, 1m30s, 500ms.
[[nodiscard]] std::string format_duration(Duration duration);

}  // namespace processhub::config
