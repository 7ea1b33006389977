// The parts of the table of conformance.h. They are one conversation: each goes on from what
// the one before has left.
#pragma once

#include <string>
#include <vector>

#include "fake/conformance.h"

namespace processhub::testing {

[[nodiscard]] std::vector<Step> create_steps();
[[nodiscard]] std::vector<Step> patch_steps();
[[nodiscard]] std::vector<Step> list_steps();
[[nodiscard]] std::vector<Step> custom_steps();
[[nodiscard]] std::vector<Step> delete_steps();
[[nodiscard]] std::vector<Step> watch_steps();

}  // namespace processhub::testing
