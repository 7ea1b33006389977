// Kubernetes' quantities: "250m" of a core, "1Gi" of memory, "1e3".
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace processhub::kube {

// In thousandths, rounded away from zero as Kubernetes rounds; what is too great is the
// greatest int64. nullopt where it is no quantity.
[[nodiscard]] std::optional<int64_t> parse_milli(std::string_view quantity);

}  // namespace processhub::kube
