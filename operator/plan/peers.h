// What each pod of a child is told of the others: the annotation processhub.io/peers, a JSON
// list [{"pod","node","ip"}] in the order of their slots.
//
// At most kMostPeers of them: annotations of a pod have 256 KiB together, and a child on every
// node of a big cluster would need more. Made once for a plan, since each pod's list is nearly
// that of all others.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "plan/slots.h"

namespace processhub::plan {

inline constexpr size_t kMostPeers = 100;

class Peers {
 public:
  explicit Peers(std::span<const Slot> slots);

  // For the pod of that uid.
  [[nodiscard]] std::string of(const Uid& uid) const;

 private:
  std::vector<std::pair<Uid, std::string>> entries_;  // as JSON
};

}  // namespace processhub::plan
