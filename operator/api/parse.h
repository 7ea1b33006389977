// The API's objects from the JSON that the API server sends.
//
//   Result<ProcessHub> hub = parse_hub(json);
//   if (!hub) …           // no usable metadata: not an object of ours at all
//   if (hub->problem) …   // "spec.redundancy.replication.factor: must be …"
//
// The schema's defaults are applied, also inside absent sections, and everything that the
// schema refuses is refused again: another version of the CRD may be installed. An object
// whose spec cannot be used has `problem` set; its fields that could be read are filled
// and the others have their defaults. A status that cannot be read counts as empty: it
// can be made again from what is there.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "api/types.h"
#include "base/result.h"

namespace processhub::api {

// Errors: kInvalid where `object` has no usable metadata.
[[nodiscard]] Result<ProcessHub> parse_hub(const nlohmann::json& object);
[[nodiscard]] Result<ProcessHubChild> parse_child(const nlohmann::json& object);

}  // namespace processhub::api
