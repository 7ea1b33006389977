#include "placement/consistent_hashing.h"

#include <algorithm>
#include <map>
#include <utility>

#include "placement/bounded_ring.h"

namespace processhub::placement {
namespace {

// A change of one member costs about as much as this part of a new ring.
constexpr size_t kChangesWorthARing = 8;

}  // namespace

ConsistentHashing ConsistentHashing::with(std::vector<Member> members) const {
  std::map<NodeName, Member> wanted;
  for (Member& member : members) wanted.emplace(member.name, std::move(member));
  std::vector<NodeName> leave;
  for (const Member& member : ring_.members()) {
    const auto same = wanted.find(member.name);
    if (same != wanted.end() && same->second == member) {
      wanted.erase(same);
    } else {
      leave.push_back(member.name);  // also one that differs, which then joins as it is now
    }
  }
  if (leave.size() + wanted.size() > kChangesWorthARing) {
    for (const Member& member : ring_.members()) {
      if (std::find(leave.begin(), leave.end(), member.name) == leave.end()) {
        wanted.emplace(member.name, member);
      }
    }
    std::vector<Member> all;
    all.reserve(wanted.size());
    for (auto& [name, member] : wanted) all.push_back(std::move(member));
    return {std::move(all), options_};
  }
  ConsistentHashing changed = *this;
  for (const NodeName& name : leave) changed.ring_.remove(name);
  for (auto& [name, member] : wanted) changed.ring_.add(std::move(member));
  return changed;
}

Placement ConsistentHashing::belongs_to(const Request& request, const Loads& loads) const {
  if (remembers()) return by_loads(request, loads);
  Assignment walked = ring_.place(request.key, request.replicas, request.excluded);
  Placement placement{.zone_relaxed = walked.zone_relaxed};
  placement.seats.reserve(walked.nodes.size());
  for (NodeName& node : walked.nodes) placement.seats.push_back({.node = std::move(node)});
  return placement;
}

Placement ConsistentHashing::by_loads(const Request& request, const Loads& loads) const {
  std::vector<Ring::Index> excluded;
  for (const NodeName& name : request.excluded) {
    if (const auto index = ring_.index_of(name)) excluded.push_back(*index);
  }
  std::vector<BoundedRing::Seat> recorded;
  for (const Seat& seat : request.seats) {
    const auto node = ring_.index_of(seat.node);
    if (!node) continue;
    recorded.push_back({.node = *node,
                        .home = ring_.index_of(seat.home).value_or(BoundedRing::kNowhere),
                        .had_home = !seat.home.empty(),
                        .over_bound = seat.over_bound});
  }
  Placement placement;
  std::vector<BoundedRing::Seat> seats(
      std::min(static_cast<size_t>(std::max(0, request.replicas)), ring_.members().size()));
  seats.resize(BoundedRing(ring_, loads)
                   .seat(Ring::position_of(request.key), excluded, recorded, seats,
                         &placement.zone_relaxed));
  const auto name_of = [&](Ring::Index index) {
    return index == BoundedRing::kNowhere ? NodeName() : ring_.members()[index].name;
  };
  placement.seats.reserve(seats.size());
  for (const BoundedRing::Seat& seat : seats) {
    placement.seats.push_back(
        {.node = name_of(seat.node), .home = name_of(seat.home), .over_bound = seat.over_bound});
  }
  return placement;
}

std::vector<uint32_t> ConsistentHashing::caps(uint64_t replicas) const {
  if (!options_.bound) return {};
  return placement::caps(ring_.members(), replicas, *options_.bound);
}

}  // namespace processhub::placement
