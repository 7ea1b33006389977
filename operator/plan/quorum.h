// Whether enough of a hub's nodes are present for decisions that rest on what nodes do.
//
// One strategy per `spec.partitionTolerance.strategy`. Known are the Nodes that match the
// hub's selector, present those of them that are Ready, cordoned ones included; members of
// the ring do not count. Pure: time is an argument.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/types.h"

namespace processhub::plan {

// The condition of a hub that is True while it is locked.
inline constexpr const char* kQuorumLost = "QuorumLost";

// How many were present from an instant on.
struct Presence {
  WallTime since;
  int present = 0;
  bool operator==(const Presence&) const = default;
};

struct Quorum {
  int required = 0;  // nodes; 0: none are (Divergence)
  int present = 0;
  int known = 0;
  int max_seen = 0;  // the most nodes known (MajorityQuorum) or present (StaticQuorum) ever
  bool locked = false;
  std::string reason = {};   // for the condition QuorumLost
  std::string message = {};  // for people: how many, of which, and what to do
  // DynamicQuorum: what was present within the last `threshold`, oldest first.
  std::vector<Presence> history = {};
  std::optional<WallTime> look_again = {};  // when time alone changes the answer
  bool operator==(const Quorum&) const = default;
};

struct QuorumInput {
  const api::PartitionToleranceSpec& spec;
  int known = 0;
  // At the operator's start the history is made of these: since when each known node has been
  // present, or away.
  struct KnownNode {
    bool present = false;
    WallTime since = {};
  };
  std::vector<KnownNode> nodes = {};
  const Quorum* previous = nullptr;  // null at the operator's start
  int max_seen = 0;                  // of the hub's status
  WallTime now;
  // A reset is asked for: what was seen before does not count any more.
  std::optional<int> cluster_size = {};
};

[[nodiscard]] Quorum next_quorum(const QuorumInput& input);

}  // namespace processhub::plan
