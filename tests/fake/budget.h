// PodDisruptionBudgets as JSON, as the server and their controller read and write them.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "base/clock.h"

namespace processhub::testing {

// In its namespace. One without a selector, or with one that cannot be read, selects nothing.
[[nodiscard]] bool selects(const nlohmann::json& budget, const nlohmann::json& pod);

// status[field]; 0 where it is not there.
[[nodiscard]] int64_t status_number(const nlohmann::json& budget, const char* field);

// status.disruptionsAllowed, and the condition that says the same.
void set_disruptions_allowed(nlohmann::json& budget, int64_t allowed, WallTime now);

// Its controller has not seen its present spec.
[[nodiscard]] bool is_unobserved(const nlohmann::json& budget);

[[nodiscard]] bool is_ready(const nlohmann::json& pod);

inline constexpr const char* kDisruptionAllowed = "DisruptionAllowed";

}  // namespace processhub::testing
