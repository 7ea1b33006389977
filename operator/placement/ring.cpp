#include "placement/ring.h"

#include <algorithm>
#include <map>
#include <optional>
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
  Walk(size_t members, size_t zones) : taken_(members, false), in_zone_(zones, 0), zones_(zones) {}

  void exclude(size_t member) {
    if (!taken_[member]) ++unusable_;
    taken_[member] = true;
  }
  void take(size_t member, uint32_t zone) {
    exclude(member);
    ++in_zone_[zone];
    ++replicas_;
  }
  [[nodiscard]] bool usable(size_t member) const { return !taken_[member]; }
  [[nodiscard]] bool zone_is_due(uint32_t zone) const { return in_zone_[zone] <= replicas_ / zones_; }
  [[nodiscard]] bool exhausted() const { return unusable_ == taken_.size(); }

 private:
  std::vector<bool> taken_;
  std::vector<size_t> in_zone_;
  size_t zones_;
  size_t replicas_ = 0;
  size_t unusable_ = 0;
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

size_t Ring::successor(uint64_t position) const {
  const auto found = std::lower_bound(points_.begin(), points_.end(), position);
  return found == points_.end() ? 0 : static_cast<size_t>(found - points_.begin());
}

Assignment Ring::place(std::string_view key, int replicas,
                       std::span<const NodeName> excluded) const {
  Assignment result;
  if (members_.empty() || replicas <= 0) return result;

  Walk walk(members_.size(), zones_);
  for (const NodeName& name : excluded) {
    const auto found = std::lower_bound(members_.begin(), members_.end(), name,
                                        [](const Member& m, const NodeName& n) { return m.name < n; });
    if (found != members_.end() && found->name == name) {
      walk.exclude(static_cast<size_t>(found - members_.begin()));
    }
  }

  const size_t start = successor(hash64(key, kPositionSeed));
  // The first usable node from the child's position on; with `zoned`, of a zone that is due.
  const auto next = [&](bool zoned) -> std::optional<uint32_t> {
    for (size_t step = 0, at = start; step < points_.size(); ++step) {
      const uint32_t member = owners_[at];
      if (walk.usable(member) && (!zoned || walk.zone_is_due(zone_of_[member]))) return member;
      if (++at == points_.size()) at = 0;
    }
    return std::nullopt;
  };

  while (static_cast<int>(result.nodes.size()) < replicas && !walk.exhausted()) {
    std::optional<uint32_t> member = next(true);
    if (!member) {
      result.zone_relaxed = true;
      member = next(false);
    }
    walk.take(*member, zone_of_[*member]);
    result.nodes.push_back(members_[*member].name);
  }
  return result;
}

}  // namespace processhub::placement
