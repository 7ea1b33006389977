// YAML files as JSON, for comparing with what the code says.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace processhub::api::test {

// The first document of a file under the source folder.
[[nodiscard]] nlohmann::json load_yaml(const std::string& path);

}  // namespace processhub::api::test
