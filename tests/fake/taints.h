// Taints and tolerations of nodes and pods as JSON, as the scheduler and the controllers
// read them.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace processhub::testing {

// The values of an array at `path` ("/spec/taints"); an empty one where there is none.
[[nodiscard]] const nlohmann::json& list_at(const nlohmann::json& object, const char* path);

// The toleration of `pod` that covers `taint`; nullptr where there is none.
[[nodiscard]] const nlohmann::json* toleration_for(const nlohmann::json& pod,
                                                   const nlohmann::json& taint);

[[nodiscard]] bool has_taint(const nlohmann::json& node, const std::string& key,
                             const std::string& effect);

}  // namespace processhub::testing
