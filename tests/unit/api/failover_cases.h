// The cases of object_cases.h that are about redundancy.replication, partitionTolerance and
// failover.
#pragma once

#include <vector>

#include "unit/api/object_cases.h"

namespace processhub::api::test {

[[nodiscard]] std::vector<ObjectCase> failover_cases();

}  // namespace processhub::api::test
