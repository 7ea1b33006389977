// How far the children of a hub have come to their present templates.
#pragma once

#include <string>
#include <vector>

#include "plan/hub_plan.h"

namespace processhub::plan {

// Of the children that are to run. One whose template is refused is neither updated nor outdated.
struct Rollout {
  int updated = 0;                       // all their pods are of it
  int outdated = 0;                      // some are of another one
  std::vector<std::string> failed = {};  // it has not come up in time: see kUpdateTimedOut

  // No further child gets a new template until those are mended.
  [[nodiscard]] bool is_stopped() const { return !failed.empty(); }
};

// By what the children's statuses say. Pure.
[[nodiscard]] Rollout rollout_of(const HubInput& input);

}  // namespace processhub::plan
