// The status of hubs and children to and from JSON. What is written and read again is
// the same, but that conditions come back in the order of their types, replicas in that
// of slot and incarnation, and times in whole seconds, as Kubernetes keeps them.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "api/types.h"
#include "kube/objects.h"
#include "kube/resource.h"

namespace processhub::api {

[[nodiscard]] nlohmann::json to_json(const HubStatus& status);
[[nodiscard]] nlohmann::json to_json(const ChildStatus& status);

// What is put to the status subresource of the object of that uid, while it has that version.
[[nodiscard]] nlohmann::json status_update(const kube::Resource& resource,
                                           const kube::ObjectMeta& object, nlohmann::json status);

// Never fail: what cannot be read is left out.
[[nodiscard]] HubStatus parse_hub_status(const nlohmann::json& status);
[[nodiscard]] ChildStatus parse_child_status(const nlohmann::json& status);

}  // namespace processhub::api
