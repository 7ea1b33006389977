// metadata of an object, until the kube step decodes it.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "kube/objects.h"

namespace processhub::api {

[[nodiscard]] Result<kube::ObjectMeta> decode_meta(const nlohmann::json& object);

}  // namespace processhub::api
