// Those of the object_cases() that are about where children are placed: strategies of
// distribution, bounds, nodes of children, spill.
#pragma once

#include <vector>

#include "unit/api/object_cases.h"

namespace processhub::api::test {

[[nodiscard]] std::vector<ObjectCase> placement_cases();

}  // namespace processhub::api::test
