// The cases of object_cases.h that are about service.
#pragma once

#include <vector>

#include "unit/api/object_cases.h"

namespace processhub::api::test {

[[nodiscard]] std::vector<ObjectCase> service_cases();

}  // namespace processhub::api::test
