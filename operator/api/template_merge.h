// A child's template over its hub's, as `kubectl patch --type=strategic` merges them.
//
//   Result<json> merged = merge_template(*hub.spec.pod_template, *child.spec.pod_template);
//
// Objects are merged field by field; a null removes a field; lists of containers, volumes,
// environment variables and so on are merged by their keys (merge_schema.h), other lists
// are replaced. The directives $patch (delete, replace), $retainKeys, $setElementOrder/…
// and $deleteFromPrimitiveList/… are obeyed. The test of this is kubectl itself.
//
// Where kubectl leaves a null or a directive in its result (in elements that only the
// patch has), it is taken out here, as the API server would. Two things differ: kubectl
// refuses to merge into a field that its version of Kubernetes does not know, here it is
// merged by the rules for unnamed fields; and nothing is said about unknown directives.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "base/result.h"

namespace processhub::api {

// Errors: kInvalid, naming the path (`spec.containers[0]: …`), where kubectl refuses too.
[[nodiscard]] Result<nlohmann::json> merge_template(const nlohmann::json& base,
                                                    const nlohmann::json& overlay);

// Why no pod can be made of `merged`, where this can be told without the API server:
// no container is left, or restartPolicy is not Always. Names the field.
[[nodiscard]] std::optional<std::string> template_problem(const nlohmann::json& merged);

}  // namespace processhub::api
