// Words of HTTP that more than one adapter needs.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "kube/transport.h"

namespace processhub::kube {

[[nodiscard]] constexpr std::string_view to_string(Method method) {
  switch (method) {
    case Method::kGet:
      return "GET";
    case Method::kPost:
      return "POST";
    case Method::kPut:
      return "PUT";
    case Method::kPatch:
      return "PATCH";
    case Method::kDelete:
      return "DELETE";
  }
  return "GET";
}

// A Retry-After in seconds; none for a date, which the API server never sends.
[[nodiscard]] inline std::optional<std::chrono::milliseconds> parse_retry_after(
    std::string_view text) {
  if (text.empty() || text.size() > 5 ||
      text.find_first_not_of("0123456789") != std::string_view::npos) {
    return std::nullopt;
  }
  return std::chrono::seconds(std::stoi(std::string(text)));
}

}  // namespace processhub::kube
