// Which Events go with a change of a hub's conditions: those that have turned for the worse, and
// that a quorum is there again. Pure.
#pragma once

#include <string>
#include <vector>

#include "api/types.h"

namespace processhub::plan {

struct HubEvent {
  bool warning = true;
  std::string reason;
  std::string note = {};
  bool operator==(const HubEvent&) const = default;
};

[[nodiscard]] std::vector<HubEvent> events_of(const api::HubStatus& before,
                                              const api::HubStatus& after);

}  // namespace processhub::plan
