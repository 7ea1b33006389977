// The log: one line an entry, to stderr, as text or as JSON.
//
//   log::info("pod created", {{"hub", hub.key()}, {"pod", name}, {"took", took}});
//
//   2026-01-02T15:04:05.123456Z INFO pod created hub=shop/workers pod=orders-0-k3x7a took=0.021
//   {"ts":"2026-01-02T15:04:05.123456Z","level":"info","msg":"pod created","hub":...}
//
// Whatever the strings hold (newlines, control characters, invalid UTF-8), an entry
// stays one line, and in JSON it stays valid. Any thread.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "base/clock.h"
#include "base/result.h"

namespace processhub {

enum class LogLevel { kDebug, kInfo, kWarn, kError };
enum class LogFormat { kText, kJson };

// Call once in main, before other threads. Before it, entries from info on are text.
void init_log(LogLevel level, LogFormat format);

namespace log {

// A name and a value: a string, a number, a bool, a Duration (in seconds), a Name or
// ObjectKey, an Error (its message). ts, level, logger and msg are taken: a field of
// such a name is left out.
class Field {
 public:
  using Value = std::variant<std::string, int64_t, uint64_t, double, bool>;

  template <typename T>
  Field(std::string_view name, const T& value) : name_(name), value_(convert(value)) {}

  [[nodiscard]] std::string_view name() const { return name_; }
  [[nodiscard]] const Value& value() const { return value_; }

 private:
  template <typename T>
  static Value convert(const T& value) {
    if constexpr (std::is_same_v<T, bool>) {
      return Value(std::in_place_type<bool>, value);
    } else if constexpr (std::is_integral_v<T> && std::is_signed_v<T>) {
      return Value(std::in_place_type<int64_t>, value);
    } else if constexpr (std::is_integral_v<T>) {
      return Value(std::in_place_type<uint64_t>, value);
    } else if constexpr (std::is_floating_point_v<T>) {
      return Value(std::in_place_type<double>, value);
    } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
      return std::string(std::string_view(value));
    } else if constexpr (std::is_convertible_v<const T&, Duration>) {
      return std::chrono::duration<double>(Duration(value)).count();
    } else if constexpr (std::is_same_v<T, Error>) {
      return value.message;
    } else {
      return value.str();
    }
  }

  std::string_view name_;
  Value value_;
};

using Fields = std::initializer_list<Field>;

void debug(std::string_view message, Fields fields = {});
void info(std::string_view message, Fields fields = {});
void warn(std::string_view message, Fields fields = {});
void error(std::string_view message, Fields fields = {});

}  // namespace log
}  // namespace processhub
