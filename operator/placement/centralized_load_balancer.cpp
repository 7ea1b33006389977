#include "placement/centralized_load_balancer.h"

#include <algorithm>
#include <tuple>

namespace processhub::placement {

CentralizedLoadBalancer::CentralizedLoadBalancer(
    const std::vector<Member>& members, const std::unordered_map<NodeName, NodeScore>& scores) {
  members_.reserve(members.size());
  for (const Member& member : members) {
    const auto found = scores.find(member.name);
    members_.push_back(
        {.name = member.name,
         .measured = found == scores.end() ? NodeScore{.score = 1, .ask = 1} : found->second});
  }
  std::sort(members_.begin(), members_.end(),
            [](const Candidate& a, const Candidate& b) { return a.name < b.name; });
}

double CentralizedLoadBalancer::score_of(uint32_t member, const Loads& loads) const {
  const NodeScore& measured = members_[member].measured;
  const double since = static_cast<double>(loads.at(member)) - measured.replicas;
  return measured.score + since * measured.ask;
}

Placement CentralizedLoadBalancer::belongs_to(const Request& request, const Loads& loads) const {
  const auto wanted = static_cast<size_t>(std::max(0, request.replicas));
  std::vector<bool> closed(members_.size(), false);
  for (const NodeName& name : request.excluded) {
    if (const auto index = index_of(name)) closed[*index] = true;
  }
  Placement placement;
  for (const Seat& seat : request.seats) {
    const auto index = index_of(seat.node);
    if (placement.seats.size() == wanted || !index || closed[*index]) continue;
    closed[*index] = true;
    placement.seats.push_back({.node = seat.node});
  }
  if (placement.seats.size() == wanted) return placement;

  std::vector<std::tuple<double, uint32_t, uint32_t>> open;  // score, replicas, member
  for (uint32_t member = 0; member < members_.size(); ++member) {
    if (!closed[member]) open.emplace_back(score_of(member, loads), loads.at(member), member);
  }
  const size_t more = std::min(wanted - placement.seats.size(), open.size());
  std::partial_sort(open.begin(), open.begin() + static_cast<long>(more), open.end());
  for (size_t i = 0; i < more; ++i) {
    placement.seats.push_back({.node = members_[std::get<2>(open[i])].name});
  }
  return placement;
}

std::optional<uint32_t> CentralizedLoadBalancer::index_of(const NodeName& name) const {
  const auto found =
      std::lower_bound(members_.begin(), members_.end(), name,
                       [](const Candidate& one, const NodeName& n) { return one.name < n; });
  if (found == members_.end() || found->name != name) return std::nullopt;
  return static_cast<uint32_t>(found - members_.begin());
}

}  // namespace processhub::placement
