#include "placement/ring.h"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include "base/hash.h"
#include "placement/zone_levels.h"

namespace processhub::placement {
namespace {

constexpr uint64_t kNameSeed = 0;
constexpr uint64_t kPointSeed = 0;
constexpr uint64_t kPositionSeed = 0;
// With more replicas and exclusions than this, what is used is looked up in a table.
constexpr size_t kFew = 16;
// An arc seldom has more entries than this.
constexpr size_t kAtOnce = 4;

size_t count_of(const Member& member, int virtual_nodes) {
  const int64_t rounded = (int64_t{virtual_nodes} * member.weight + 50) / 100;
  return static_cast<size_t>(std::max<int64_t>(1, rounded));  // every member can be found
}

uint64_t little_endian(uint64_t number) {
  return std::endian::native == std::endian::little ? number : __builtin_bswap64(number);
}

// Point i of the member whose name has the hash `name`.
uint64_t point_of(uint64_t name, uint64_t i) {
  const std::array<uint64_t, 2> both{little_endian(name), little_endian(i)};
  return hash64({reinterpret_cast<const char*>(both.data()), sizeof(both)}, kPointSeed);
}

// About one arc for each point, so that a lookup meets one or two.
int bits_for(size_t points) { return std::max(1, static_cast<int>(std::bit_width(points))); }

bool contains(std::span<const Ring::Index> list, Ring::Index index) {
  return std::find(list.begin(), list.end(), index) != list.end();
}

// Sets of members; insert() says whether the member is new.
class FewMembers {  // at most kFew
 public:
  bool insert(Ring::Index index) {
    if (contains(std::span(list_).first(size_), index)) return false;
    list_[size_++] = index;
    return true;
  }

 private:
  std::array<Ring::Index, kFew> list_;
  size_t size_ = 0;
};

class ManyMembers {
 public:
  explicit ManyMembers(size_t members) : has_(members, false) {}
  bool insert(Ring::Index index) {
    if (has_[index]) return false;
    has_[index] = true;
    return true;
  }

 private:
  std::vector<bool> has_;
};

}  // namespace

size_t points_of(std::span<const Member> members, int virtual_nodes) {
  size_t sum = 0;
  for (const Member& member : members) sum += count_of(member, virtual_nodes);
  return sum;
}

Ring::Ring(std::vector<Member> members, int virtual_nodes)
    : virtual_nodes_(virtual_nodes), members_(std::move(members)) {
  for (Index index = 0; index < members_.size(); ++index) {
    enter_zone(members_[index]);
    indexes_.emplace(members_[index].name, index);
  }
  build();
}

// A radix sort by the first bits, then each arc by insertion: it holds one point or two.
void Ring::build() {
  const size_t total = placement::points_of(members_, virtual_nodes_);
  bits_ = bits_for(total);
  mask_ = (uint64_t{1} << bits_) - 1;
  const int shift = 64 - bits_;

  std::vector<uint64_t> points;
  points.reserve(total);
  arcs_.assign((size_t{1} << bits_) + 1, 0);
  for (Index index = 0; index < members_.size(); ++index) {
    for (const uint64_t point : points_of(index)) {
      points.push_back(point);
      ++arcs_[(point >> shift) + 1];
    }
  }
  for (size_t arc = 1; arc < arcs_.size(); ++arc) arcs_[arc] += arcs_[arc - 1];

  entries_.reserve(total);  // else it would take twice as much when it grows
  entries_.resize(total);
  std::vector<uint32_t> filled(arcs_.begin(), arcs_.end() - 1);
  size_t next = 0;
  for (Index index = 0; index < members_.size(); ++index) {
    for (size_t left = count_of(members_[index], virtual_nodes_); left > 0; --left) {
      const uint64_t point = points[next++];
      const uint64_t entry = point << bits_ | index;
      const size_t arc = point >> shift;
      size_t at = filled[arc]++;
      for (; at > arcs_[arc] && before(entry, entries_[at - 1]); --at) {
        entries_[at] = entries_[at - 1];
      }
      entries_[at] = entry;
    }
  }
}

// Of two entries of one arc: by point, and equal points by name.
bool Ring::before(uint64_t a, uint64_t b) const {
  if (a >> bits_ != b >> bits_) return a < b;
  return members_[a & mask_].name < members_[b & mask_].name;
}

std::vector<uint64_t> Ring::points_of(Index index) const {
  const Member& member = members_[index];
  std::vector<uint64_t> points(count_of(member, virtual_nodes_));
  const uint64_t name = hash64(member.name.str(), kNameSeed);
  for (size_t i = 0; i < points.size(); ++i) points[i] = point_of(name, i);
  return points;
}

void Ring::enter_zone(const Member& member) {
  auto zone = std::find_if(zones_.begin(), zones_.end(),
                           [&](const Zone& known) { return known.name == member.zone; });
  if (zone == zones_.end()) zone = zones_.insert(zone, {.name = member.zone});
  ++zone->members;
  zone_of_.push_back(static_cast<uint32_t>(zone - zones_.begin()));
}

void Ring::add(Member member) {
  enter_zone(member);
  const auto index = static_cast<Index>(members_.size());
  indexes_.emplace(member.name, index);
  members_.push_back(std::move(member));
  std::vector<uint64_t> added = points_of(index);
  if (bits_for(entries_.size() + added.size()) != bits_) return build();

  // From the end on, so that each entry is moved once, and none before its place is free.
  std::sort(added.begin(), added.end());
  size_t from = entries_.size();
  entries_.reserve(from + added.size());
  entries_.resize(from + added.size());
  size_t to = entries_.size();
  size_t left = added.size();
  for (size_t arc = arcs_.size() - 1; arc-- > 0;) {
    const size_t begin = arcs_[arc];
    arcs_[arc + 1] = static_cast<uint32_t>(to);
    while (left > 0 && added[left - 1] >> (64 - bits_) == arc) {
      const uint64_t entry = added[left - 1] << bits_ | index;
      while (from > begin && before(entry, entries_[from - 1])) entries_[--to] = entries_[--from];
      entries_[--to] = entry;
      --left;
    }
    if (left == 0) return;  // what lies before stays where it is
    while (from > begin) entries_[--to] = entries_[--from];
  }
}

void Ring::remove(const NodeName& name) {
  const Index gone = indexes_.at(name);
  const auto last = static_cast<Index>(members_.size() - 1);
  const size_t points = entries_.size() - count_of(members_[gone], virtual_nodes_);
  leave_zone(gone);
  indexes_[members_[last].name] = gone;  // which takes the place
  indexes_.erase(name);
  std::swap(members_[gone], members_[last]);
  members_.pop_back();
  if (bits_for(points) != bits_) return build();

  size_t to = 0;
  size_t from = 0;
  for (size_t arc = 0; arc + 1 < arcs_.size(); ++arc) {
    const size_t end = arcs_[arc + 1];
    arcs_[arc] = static_cast<uint32_t>(to);
    for (; from < end; ++from) {
      const Index index = owner(from);
      if (index == gone) continue;
      entries_[to++] = index == last ? (entries_[from] & ~mask_) | gone : entries_[from];
    }
  }
  arcs_.back() = static_cast<uint32_t>(to);
  entries_.resize(to);
}

void Ring::leave_zone(Index index) {
  const uint32_t zone = zone_of_[index];
  zone_of_[index] = zone_of_.back();
  zone_of_.pop_back();
  if (--zones_[zone].members > 0) return;
  const auto last = static_cast<uint32_t>(zones_.size() - 1);
  std::swap(zones_[zone], zones_[last]);
  zones_.pop_back();
  std::replace(zone_of_.begin(), zone_of_.end(), last, zone);
}

uint64_t Ring::position_of(std::string_view key) { return hash64(key, kPositionSeed); }

// The first entries of the arc are compared without a branch, which could not be predicted:
// so the processor begins with the next lookup while this one waits for memory.
size_t Ring::successor(uint64_t position) const {
  const size_t arc = position >> (64 - bits_);
  const uint64_t wanted = position << bits_;
  const size_t begin = arcs_[arc];
  const size_t length = arcs_[arc + 1] - begin;
  size_t at = begin;
  if (entries_.size() >= kAtOnce) {
    const size_t from = std::min(begin, entries_.size() - kAtOnce);
    for (size_t i = from; i < from + kAtOnce; ++i) {
      // What is before the arc wraps to a great number.
      at += static_cast<size_t>(i - begin < length) & static_cast<size_t>(entries_[i] < wanted);
    }
  }
  if (length > kAtOnce || entries_.size() < kAtOnce) {
    while (at < begin + length && entries_[at] < wanted) ++at;
  }
  return at == entries_.size() ? 0 : at;
}

size_t Ring::walk(uint64_t position, std::span<const Index> excluded, std::span<Index> out,
                  bool* zone_relaxed) const {
  if (members_.empty() || out.empty()) return 0;
  const size_t start = successor(position);
  const bool one_zone = zones_.size() == 1 || out.size() == 1;
  if (excluded.empty() && one_zone && out.size() <= kFew) return walk_few(start, out);
  if (out.size() + excluded.size() <= kFew) {
    return walk_zones(start, excluded, out, zone_relaxed, FewMembers());
  }
  return walk_zones(start, excluded, out, zone_relaxed, ManyMembers(members_.size()));
}

template <typename Members>
size_t Ring::walk_zones(size_t start, std::span<const Index> excluded, std::span<Index> out,
                        bool* zone_relaxed, Members used) const {
  ZoneLevels levels(zones_.size());
  for (uint32_t zone = 0; zone < zones_.size(); ++zone) levels.add(zone, zones_[zone].members);
  for (const Index index : excluded) {
    if (used.insert(index)) levels.exclude(zone_of_[index]);
  }
  levels.begin();
  size_t found = 0;
  size_t at = start;
  while (found < out.size() && levels.open()) {
    const Index index = owner(at);
    if (++at == entries_.size()) at = 0;
    if (!levels.due(zone_of_[index]) || !used.insert(index)) continue;
    out[found++] = index;
    if (zone_relaxed != nullptr && levels.uneven()) *zone_relaxed = true;
    // Nodes that were passed by because of their zone may be due now.
    if (levels.take(zone_of_[index]) && zones_.size() > 1) at = start;
  }
  return found;
}

size_t Ring::walk_few(size_t at, std::span<Index> out) const {
  const size_t wanted = std::min(out.size(), members_.size());
  size_t found = 0;
  while (true) {
    const Index index = owner(at);
    if (!contains(out.first(found), index)) {
      out[found] = index;
      if (++found == wanted) return found;
    }
    if (++at == entries_.size()) at = 0;
  }
}

Assignment Ring::place(std::string_view key, int replicas,
                       std::span<const NodeName> excluded) const {
  Assignment result;
  if (members_.empty() || replicas <= 0) return result;
  std::vector<Index> without;
  for (const NodeName& name : excluded) {
    if (const auto index = index_of(name)) without.push_back(*index);
  }
  std::vector<Index> out(std::min(static_cast<size_t>(replicas), members_.size()));
  out.resize(walk(position_of(key), without, out, &result.zone_relaxed));
  for (const Index index : out) result.nodes.push_back(members_[index].name);
  return result;
}

std::optional<Ring::Index> Ring::index_of(const NodeName& name) const {
  const auto found = indexes_.find(name);
  if (found == indexes_.end()) return std::nullopt;
  return found->second;
}

Point Ring::point(size_t at) const {
  const auto end = std::upper_bound(arcs_.begin(), arcs_.end(), at);  // of the point's arc
  const auto arc = static_cast<uint64_t>(end - arcs_.begin() - 1);
  return {.position = arc << (64 - bits_) | entries_[at] >> bits_, .member = owner(at)};
}

size_t Ring::memory() const {
  return entries_.capacity() * sizeof(entries_[0]) + arcs_.capacity() * sizeof(arcs_[0]);
}

}  // namespace processhub::placement
