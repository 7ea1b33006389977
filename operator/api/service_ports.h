// `service` of a hub's spec: the ports of its children's Services, by the rules that the API
// server has for Services themselves, so that it refuses none of them later.
#pragma once

#include "api/fields.h"
#include "api/types.h"

namespace processhub::api {

// `fields`: the section `service`. Notes what it refuses in the Problems of `fields`.
[[nodiscard]] ServiceSpec read_service(const Fields& fields);

}  // namespace processhub::api
