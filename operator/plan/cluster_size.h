// The command to forget how many nodes a hub once had: the annotation
// `processhub.io/reset-cluster-size: "N"` on a ProcessHub. It is carried out, or refused, once,
// and then taken off.
#pragma once

#include <optional>
#include <string>

#include "api/types.h"

namespace processhub::plan {

struct ClusterSizeReset {
  std::string asked;             // the annotation's value
  std::optional<int> size = {};  // none: refused
  std::string reason = {};       // for the condition ClusterSizeReset
  std::string why_not = {};      // where it is refused: what to do instead
};

// nullopt where the hub has no such annotation.
[[nodiscard]] std::optional<ClusterSizeReset> cluster_size_reset(const api::ProcessHub& hub);

// What became of it, for people; `counted`: the size that counts now.
[[nodiscard]] std::string note_of(const ClusterSizeReset& reset, int counted);

}  // namespace processhub::plan
