// Which zones may take the next replica of one child: of those that still have a node to
// give, the ones with the fewest of its replicas. So the zones are as even as their sizes
// allow (docs/ring-v1.md).
//
// Each of them takes one replica, then each the next: all stand at one level or one above.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace processhub::placement {

class ZoneLevels {
 public:
  explicit ZoneLevels(size_t zones)
      : many_(zones > few_.size() ? zones : 0),
        zones_(zones > few_.size() ? std::span(many_) : std::span(few_).first(zones)) {}
  ZoneLevels(const ZoneLevels&) = delete;  // zones_ refers to its own
  ZoneLevels& operator=(const ZoneLevels&) = delete;

  // First: each zone's members, each of them that is excluded; then begin().
  void add(uint32_t zone, size_t members) { zones_[zone].left += members; }
  void exclude(uint32_t zone) { --zones_[zone].left; }
  void begin() {
    for (const Zone& zone : zones_) open_ += zone.left > 0 ? 1 : 0;
    due_ = open_;
  }

  // Whether any zone has a node to give.
  [[nodiscard]] bool open() const { return open_ > 0; }
  [[nodiscard]] bool due(uint32_t zone) const { return zones_[zone].replicas == level_; }
  // Whether the next replica makes the zones less even than if all had nodes enough.
  [[nodiscard]] bool uneven() const { return level_ > taken_ / zones_.size(); }

  // A node of a zone that is due has been taken. Whether others are due now.
  bool take(uint32_t zone) {
    Zone& at = zones_[zone];
    ++taken_;
    ++at.replicas;
    if (--at.left == 0) --open_;
    if (--due_ > 0) return false;
    ++level_;
    due_ = open_;
    return true;
  }

 private:
  struct Zone {
    size_t left = 0;      // nodes that can still be taken
    size_t replicas = 0;  // that have been taken
  };
  std::array<Zone, 8> few_;  // most clusters have three
  std::vector<Zone> many_;
  std::span<Zone> zones_;  // one of these
  size_t level_ = 0;       // replicas in each zone that is due
  size_t due_ = 0;         // zones at that level that have a node left
  size_t open_ = 0;        // zones that have a node left
  size_t taken_ = 0;
};

}  // namespace processhub::placement
