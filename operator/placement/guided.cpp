#include "placement/guided.h"

#include <algorithm>

namespace processhub::placement {

Guided::Guided(const std::vector<Member>& members) {
  members_.reserve(members.size());
  for (const Member& member : members) members_.push_back(member.name);
  std::sort(members_.begin(), members_.end());
}

Placement Guided::belongs_to(const Request& request, const Loads& /*loads*/) const {
  const auto excluded = [&](const NodeName& node) {
    return std::find(request.excluded.begin(), request.excluded.end(), node) !=
           request.excluded.end();
  };
  Placement placement;
  for (const NodeName& node : request.listed) {
    if (!index_of(node)) {
      placement.away.push_back(node);
    } else if (static_cast<int>(placement.seats.size()) < request.replicas && !excluded(node)) {
      placement.seats.push_back({.node = node});
    }
  }
  return placement;
}

std::optional<uint32_t> Guided::index_of(const NodeName& name) const {
  const auto found = std::lower_bound(members_.begin(), members_.end(), name);
  if (found == members_.end() || *found != name) return std::nullopt;
  return static_cast<uint32_t>(found - members_.begin());
}

}  // namespace processhub::placement
