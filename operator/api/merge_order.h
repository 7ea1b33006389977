// The order of the elements of a merged list, as kubectl gives it: elements that the
// patch names stand in the patch's order, those that it does not name keep theirs, and an
// element that only the patch has stands before those that it does not name.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace processhub::api {

using JsonList = std::vector<nlohmann::json>;

// What makes two elements the same: the value under `key`, or with an empty key the
// element itself, as text. Empty where there is none, or where it is an object or list.
[[nodiscard]] std::string identity(const nlohmann::json& element, std::string_view key);

// Orders `merged` by `patch_order` and `live_order` (the list before the merge).
// Errors: kInvalid where an element has no identity.
[[nodiscard]] Result<JsonList> order_merged(JsonList merged, const JsonList& patch_order,
                                            const JsonList& live_order, std::string_view key);

}  // namespace processhub::api
