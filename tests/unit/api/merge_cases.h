// Template merges by name, each with the answer that kubectl gives. The unit test
// compares with the answer, the cluster test asks kubectl again.
#pragma once

#include <vector>

namespace processhub::api::test {

struct MergeCase {
  const char* name;
  const char* base;
  const char* patch;
  const char* merged;  // null: kubectl refuses
};

[[nodiscard]] const std::vector<MergeCase>& merge_cases();

}  // namespace processhub::api::test
