#include "placement/ring.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/hash.h"

namespace processhub::placement {
namespace {

constexpr uint64_t kPositionSeed = 0;

int points_of(const Member& member, int virtual_nodes) {
  const int64_t rounded = (int64_t{virtual_nodes} * member.weight + 50) / 100;
  return static_cast<int>(std::max<int64_t>(1, rounded));  // every member can be found
}

// What the walk of one child has seen and taken so far. A child has few replicas,
// so flat vectors beat sets.
class Walk {
 public:
  Walk(std::span<const uint32_t> zone_of, size_t zones)
      : zone_of_(zone_of), taken_(zone_of.size(), false), left_(zones, 0), in_zone_(zones, 0) {
    for (const uint32_t zone : zone_of) ++left_[zone];
  }

  void exclude(size_t member) {
    if (taken_[member]) return;
    taken_[member] = true;
    --left_[zone_of_[member]];
  }
  void take(size_t member) {
    exclude(member);
    ++in_zone_[zone_of_[member]];
    ++replicas_;
  }
  [[nodiscard]] bool usable(size_t member) const { return !taken_[member]; }
  [[nodiscard]] bool zone_is_due(size_t zone) const {
    return in_zone_[zone] <= replicas_ / in_zone_.size();
  }
  // Whether a zone that is due has a usable member: saves a walk around the whole ring.
  [[nodiscard]] bool can_be_zoned() const {
    for (size_t zone = 0; zone < left_.size(); ++zone) {
      if (left_[zone] > 0 && zone_is_due(zone)) return true;
    }
    return false;
  }
  [[nodiscard]] bool exhausted() const {
    return std::all_of(left_.begin(), left_.end(), [](size_t left) { return left == 0; });
  }

 private:
  std::span<const uint32_t> zone_of_;
  std::vector<bool> taken_;
  std::vector<size_t> left_;     // usable members of each zone
  std::vector<size_t> in_zone_;  // replicas taken from each
  size_t replicas_ = 0;
};

}  // namespace

Ring::Ring(std::vector<Member> members, int virtual_nodes) : members_(std::move(members)) {
  std::sort(members_.begin(), members_.end(),
            [](const Member& a, const Member& b) { return a.name < b.name; });
  std::map<std::string_view, uint32_t> zones;
  for (const Member& member : members_) {
    zone_of_.push_back(zones.try_emplace(member.zone, zones.size()).first->second);
  }
  zones_ = zones.size();

  // Members are sorted by name, so an equal point is broken by name through the index.
  std::vector<std::pair<uint64_t, uint32_t>> sorted;
  sorted.reserve(placement::points_of(members_, virtual_nodes));
  for (uint32_t index = 0; index < members_.size(); ++index) {
    const int count = points_of(members_[index], virtual_nodes);
    for (int i = 0; i < count; ++i) {
      sorted.emplace_back(hash64(members_[index].name.str(), static_cast<uint64_t>(i)), index);
    }
  }
  std::sort(sorted.begin(), sorted.end());
  points_.reserve(sorted.size());
  owners_.reserve(sorted.size());
  for (const auto& [point, owner] : sorted) {
    points_.push_back(point);
    owners_.push_back(owner);
  }
}

size_t points_of(std::span<const Member> members, int virtual_nodes) {
  size_t sum = 0;
  for (const Member& member : members) sum += static_cast<size_t>(points_of(member, virtual_nodes));
  return sum;
}

size_t Ring::successor(uint64_t position) const {
  const auto found = std::lower_bound(points_.begin(), points_.end(), position);
  return found == points_.end() ? 0 : static_cast<size_t>(found - points_.begin());
}

Assignment Ring::place(std::string_view key, int replicas,
                       std::span<const NodeName> excluded) const {
  Assignment result;
  if (members_.empty() || replicas <= 0) return result;

  Walk walk(zone_of_, zones_);
  for (const NodeName& name : excluded) {
    const auto found =
        std::lower_bound(members_.begin(), members_.end(), name,
                         [](const Member& m, const NodeName& n) { return m.name < n; });
    if (found != members_.end() && found->name == name) {
      walk.exclude(static_cast<size_t>(found - members_.begin()));
    }
  }

  const size_t start = successor(hash64(key, kPositionSeed));
  // The first usable node from the child's position on; with `zoned`, of a zone that is due.
  // Precondition: there is one.
  const auto next = [&](bool zoned) {
    size_t at = start;
    while (!walk.usable(owners_[at]) || (zoned && !walk.zone_is_due(zone_of_[owners_[at]]))) {
      if (++at == points_.size()) at = 0;
    }
    return owners_[at];
  };

  while (static_cast<int>(result.nodes.size()) < replicas && !walk.exhausted()) {
    const bool zoned = walk.can_be_zoned();
    if (!zoned) result.zone_relaxed = true;
    const uint32_t member = next(zoned);
    walk.take(member);
    result.nodes.push_back(members_[member].name);
  }
  return result;
}

}  // namespace processhub::placement
