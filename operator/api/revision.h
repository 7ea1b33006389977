// The revision of a child's pods: a short hash that says whether a pod was made from
// what the child's template says now.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace processhub::api {

// 10 characters of lower-case base32. `merged`: the user's template after the merge,
// without what the operator adds, so that a newer operator does not restart pods; the
// order of an object's fields does not matter. `pinning`: how pods are bound to nodes.
[[nodiscard]] std::string template_revision(const nlohmann::json& merged, std::string_view pinning);

}  // namespace processhub::api
