// Text in JSON of which nothing is known yet: what is absent or no string is "".
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace processhub::kube {

// object[field]
[[nodiscard]] std::string text_at(const nlohmann::json& object, std::string_view field);

// object.metadata[field]
[[nodiscard]] std::string meta_text(const nlohmann::json& object, std::string_view field);

}  // namespace processhub::kube
