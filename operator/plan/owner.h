// Who an object belongs to: it goes when its owner goes.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "kube/objects.h"
#include "kube/resource.h"

namespace processhub::plan {

// An entry of metadata.ownerReferences: `owner` is the controller, and waits for what it owns
// where it is deleted in the foreground.
[[nodiscard]] nlohmann::json owner_reference(const kube::Resource& kind,
                                             const kube::ObjectMeta& owner);

}  // namespace processhub::plan
