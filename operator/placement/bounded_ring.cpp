#include "placement/bounded_ring.h"

#include <algorithm>

namespace processhub::placement {
namespace {

using Index = Ring::Index;

bool contains(std::span<const Index> list, Index index) {
  return std::find(list.begin(), list.end(), index) != list.end();
}

}  // namespace

// One child: its homes, and which of its seats stands for which of them.
class BoundedRing::Child {
 public:
  Child(const BoundedRing& in, uint64_t position, std::span<const Index> excluded,
        std::span<const Index> homes, std::span<Seat> out)
      : ring_(in.ring_),
        loads_(in.loads_),
        position_(position),
        excluded_(excluded),
        homes_(homes),
        out_(out),
        seated_(homes.size(), false) {}

  bool seat(std::span<const Seat> recorded) {
    keep_at_home(recorded);
    keep_known();
    settle_others(recorded);
    for (size_t i = 0; i < homes_.size(); ++i) {
      if (!seated_[i] && !loads_.full(homes_[i])) put(i, {.node = homes_[i]});
    }
    for (size_t i = 0; i < homes_.size(); ++i) {
      while (!seated_[i]) put_elsewhere(i);
    }
    return zones_are_uneven();
  }

 private:
  [[nodiscard]] bool usable(Index node) const {
    return node != kNowhere && !contains(excluded_, node);
  }
  [[nodiscard]] bool is_taken(Index node) const { return contains(taken_, node); }

  void put(size_t home, Seat seat) {
    taken_.push_back(seat.node);
    stand(home, seat);
  }
  // A seat that is taken stands for this home.
  void stand(size_t home, Seat seat) {
    seat.home = seat.node == homes_[home] ? kNowhere : homes_[home];
    seat.had_home = seat.home != kNowhere;
    if (seat.over_bound) seat.over_bound = loads_.full(seat.node);
    out_[home] = seat;
    seated_[home] = true;
  }

  // Where the walk leads, the replica stays.
  void keep_at_home(std::span<const Seat> recorded) {
    for (const Seat& seat : recorded) {
      const auto home = std::find(homes_.begin(), homes_.end(), seat.node);
      if (home == homes_.end()) {
        if (usable(seat.node)) others_.push_back(seat);
      } else if (!is_taken(seat.node)) {
        put(static_cast<size_t>(home - homes_.begin()),
            {.node = seat.node, .over_bound = seat.over_bound});
      }
    }
  }

  // Elsewhere because its home was full: it stays, also when the home is not full any more.
  void keep_known() {
    std::erase_if(others_, [&](const Seat& seat) {
      if (!seat.had_home || is_taken(seat.node)) return false;
      const auto found = std::find(homes_.begin(), homes_.end(), seat.home);
      if (found == homes_.end()) return false;
      const auto home = static_cast<size_t>(found - homes_.begin());
      if (seated_[home]) return false;
      put(home, seat);
      return true;
    });
  }

  // The walk has changed for these. A node that it prefers has come: they go there if it has
  // room. Their home has gone: they stay, standing for the next one. Where there are more of
  // them than replicas, those that could stay do.
  void settle_others(std::span<const Seat> recorded) {
    std::vector<Seat> displaced;
    std::vector<Seat> staying;
    for (const Seat& seat : others_) {
      if (!is_taken(seat.node)) (is_displaced(seat) ? displaced : staying).push_back(seat);
    }
    const auto open = static_cast<size_t>(std::count(seated_.begin(), seated_.end(), false));
    staying.resize(std::min(staying.size(), open));
    displaced.resize(std::min(displaced.size(), open - staying.size()));
    for (const Seat& seat : displaced) {
      const size_t come = next_home_that_came(recorded);
      if (come == homes_.size()) {
        put(next_home(), seat);
      } else {
        put(come, loads_.full(homes_[come]) ? seat : Seat{.node = homes_[come]});
      }
    }
    for (const Seat& seat : staying) put(next_home(), seat);
  }

  // The next one without a seat that no seat has stood for before.
  [[nodiscard]] size_t next_home_that_came(std::span<const Seat> recorded) const {
    for (size_t i = 0; i < homes_.size(); ++i) {
      const bool was = std::any_of(recorded.begin(), recorded.end(), [&](const Seat& seat) {
        return (seat.had_home ? seat.home : seat.node) == homes_[i];
      });
      if (!seated_[i] && !was) return i;
    }
    return homes_.size();
  }

  // Its home could still be used, but the walk prefers others.
  [[nodiscard]] bool is_displaced(const Seat& seat) const {
    return !seat.had_home || (usable(seat.home) && !contains(homes_, seat.home));
  }

  [[nodiscard]] size_t next_home() const {
    return static_cast<size_t>(std::find(seated_.begin(), seated_.end(), false) - seated_.begin());
  }

  // For a replica whose home is full: the first of the walk that is not, in a zone that is due;
  // where all of those are full, the home all the same, or else the first of them.
  Seat next_for(Index home) {
    count_zones();
    const auto fits = [&](Index node) {
      return usable(node) && !is_taken(node) && in_zone_[ring_.zone_of(node)] == due_;
    };
    const auto fits_with_room = [&](Index node) { return !loads_.full(node) && fits(node); };
    bool room = false;
    for (Index node = 0; node < ring_.members().size() && !room; ++node)
      room = fits_with_room(node);
    if (!room && fits(home)) return {.node = home, .over_bound = true};
    if (!room) return {.node = ring_.first(position_, fits), .over_bound = true};
    return {.node = ring_.first(position_, fits_with_room)};
  }

  // It may be at the home of another seat, which went elsewhere when that was full: these two
  // then stand for each other's.
  void put_elsewhere(size_t home) {
    const Seat seat = next_for(homes_[home]);
    const auto other = std::find(homes_.begin(), homes_.end(), seat.node);
    if (other == homes_.end() || *other == homes_[home]) return put(home, seat);
    const auto at = static_cast<size_t>(other - homes_.begin());
    if (seated_[at]) stand(home, out_[at]);
    put(at, seat);
  }

  // As by Assignment::zone_relaxed: a zone has more than if all had nodes enough.
  bool zones_are_uneven() {
    if (taken_.empty()) return false;
    count_zones();
    const size_t even = (taken_.size() + ring_.zones() - 1) / ring_.zones();
    return *std::max_element(in_zone_.begin(), in_zone_.end()) > even;
  }

  // Due are the zones with the fewest replicas of those that have a node to give.
  void count_zones() {
    in_zone_.assign(ring_.zones(), 0);
    for (const Index node : taken_) ++in_zone_[ring_.zone_of(node)];
    due_ = std::numeric_limits<size_t>::max();
    for (Index node = 0; node < ring_.members().size(); ++node) {
      if (usable(node) && !is_taken(node)) due_ = std::min(due_, in_zone_[ring_.zone_of(node)]);
    }
  }

  const Ring& ring_;
  const Loads& loads_;
  uint64_t position_;
  std::span<const Index> excluded_;
  std::span<const Index> homes_;
  std::span<Seat> out_;
  std::vector<bool> seated_;  // of each home
  std::vector<Index> taken_;
  std::vector<Seat> others_;  // usable, but at none of the homes
  std::vector<size_t> in_zone_;
  size_t due_ = 0;
};

size_t BoundedRing::seat(uint64_t position, std::span<const Index> excluded,
                         std::span<const Seat> recorded, std::span<Seat> out,
                         bool* zone_relaxed) const {
  constexpr size_t kFew = 8;
  Index few[kFew];
  std::vector<Index> many(out.size() > kFew ? out.size() : 0);
  const std::span<Index> homes = many.empty() ? std::span<Index>(few, out.size()) : many;
  const size_t count = ring_.walk(position, excluded, homes, zone_relaxed);

  // Most children: new, and all of their homes have room.
  if (recorded.empty() && std::none_of(homes.begin(), homes.begin() + static_cast<long>(count),
                                       [&](Index home) { return loads_.full(home); })) {
    for (size_t i = 0; i < count; ++i) out[i] = {.node = homes[i]};
    return count;
  }
  Child child(*this, position, excluded, homes.first(count), out);
  const bool uneven = child.seat(recorded);
  if (zone_relaxed != nullptr) *zone_relaxed = uneven;
  return count;
}

}  // namespace processhub::placement
