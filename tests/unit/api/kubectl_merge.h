// The real kubectl as the judge of template merges: `kubectl patch --local`.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace processhub::api::test {

// $PROCESSHUB_KUBECTL, else kubectl from PATH; nullopt where there is none.
[[nodiscard]] std::optional<std::string> find_kubectl();

// Each of `bases` patched with `patch`; nullopt where kubectl refuses. One start of
// kubectl for all of them. `complaint`: what kubectl wrote to its error output.
[[nodiscard]] std::vector<std::optional<nlohmann::json>> kubectl_merge(
    const std::string& kubectl, const std::vector<nlohmann::json>& bases,
    const nlohmann::json& patch, std::string* complaint = nullptr);

// What the API server makes of a patched object: without nulls and left-over directives.
[[nodiscard]] nlohmann::json as_served(nlohmann::json value);

}  // namespace processhub::api::test
