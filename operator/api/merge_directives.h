// The directives of strategic merge patches, and the removal of what is left of them.
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

#include "base/result.h"

namespace processhub::api {

inline constexpr std::string_view kPatch = "$patch";
inline constexpr std::string_view kRetainKeys = "$retainKeys";
inline constexpr std::string_view kDeleteFrom = "$deleteFromPrimitiveList/";
inline constexpr std::string_view kSetOrder = "$setElementOrder/";

// No PodTemplateSpec is this deep; one that is shall not exhaust the stack.
inline constexpr int kMaxMergeDepth = 200;

// Takes the nulls out of the objects in `value`.
void drop_nulls(nlohmann::json& value);

// Takes every object that carries $patch out of `value`; false where it is one itself.
[[nodiscard]] bool drop_patches(nlohmann::json& value);

// Takes out nulls and directives, as the API server does when it reads a merged object
// into its types. Errors: kInvalid where `value` is nested too deeply.
[[nodiscard]] Result<void> drop_left_overs(nlohmann::json& value, int depth = 0);

}  // namespace processhub::api
