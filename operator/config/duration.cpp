#include "config/duration.h"

#include <fmt/core.h>
#include <utility>

namespace processhub::config {
namespace {

using namespace std::chrono_literals;

constexpr Duration kLongest = std::chrono::hours(24 * 365);

// Longer names first: "ms" begins like "m".
constexpr std::pair<std::string_view, Duration> kUnits[] = {
    {"us", 1us}, {"ms", 1ms}, {"s", 1s}, {"m", 1min}, {"h", 1h}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Takes the digits that `text` begins with.
std::string_view take_digits(std::string_view& text) {
  size_t count = 0;
  while (count < text.size() && is_digit(text[count])) ++count;
  const std::string_view digits = text.substr(0, count);
  text.remove_prefix(count);
  return digits;
}

// Takes one "1.5h" from the front of `text`.
std::optional<Duration> take_part(std::string_view& text) {
  const std::string_view whole = take_digits(text);
  std::string_view fraction;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    fraction = take_digits(text);
  }
  // More digits than these are no duration that anyone means; fewer cannot overflow.
  if ((whole.empty() && fraction.empty()) || whole.size() > 9 || fraction.size() > 9) {
    return std::nullopt;
  }
  for (const auto& [name, unit] : kUnits) {
    if (!text.starts_with(name)) continue;
    text.remove_prefix(name.size());
    Duration sum{0};
    for (const char c : whole) {
      sum = sum * 10 + (c - '0') * unit;
      if (sum > kLongest) return std::nullopt;
    }
    int64_t share = unit.count();
    for (const char c : fraction) {
      share /= 10;
      sum += Duration((c - '0') * share);
    }
    return sum;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) {
  if (text == "0") return Duration(0);
  if (text.empty()) return std::nullopt;
  Duration sum{0};
  while (!text.empty()) {
    const auto part = take_part(text);
    if (!part) return std::nullopt;
    sum += *part;
    if (sum > kLongest) return std::nullopt;
  }
  return sum;
}

std::string format_duration(Duration duration) {
  if (duration == Duration(0)) return "0s";
  std::string text;
  for (const auto& [name, unit] : {std::pair<std::string_view, Duration>{"h", 1h},
                                   {"m", 1min},
                                   {"s", 1s},
                                   {"ms", 1ms},
                                   {"us", 1us}}) {
    const auto count = duration / unit;
    if (count > 0) text += fmt::format("{}{}", count, name);
    duration -= count * unit;
  }
  return text;
}

}  // namespace processhub::config
