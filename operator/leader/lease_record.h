// The spec of a coordination.k8s.io/v1 Lease that candidates compete for, as client-go
// reads and writes it.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/clock.h"

namespace processhub::leader {

// What is read of a Lease that anybody may have written. Times in it are other machines'
// and are not read.
struct LeaseRecord {
  std::string holder = {};  // empty: nobody
  // A holder is named in a way that cannot be read; it is waited for like any other.
  bool malformed = false;
  std::optional<Duration> duration = {};  // none: absent, not positive, or no integer
  int64_t transitions = 0;                // 0 where it is absent or no integer
  nlohmann::json spec = {};               // as it is: any change of it is a sign of life
};

// `lease`: the whole object.
[[nodiscard]] LeaseRecord read_lease(const nlohmann::json& lease);

// The Lease as `identity` takes or renews it at `now`. `lease` is the object as it was
// read, null to make a new one: metadata, and fields of the spec that are not ours, stay.
[[nodiscard]] nlohmann::json held_lease(nlohmann::json lease, const std::string& identity,
                                        Duration duration, WallTime now);

// The Lease as its holder gives it back: to be taken at once.
[[nodiscard]] nlohmann::json released_lease(nlohmann::json lease, WallTime now);

}  // namespace processhub::leader
