// Which zones may take the next replica of one child: of those that still have a node to
// give, the ones with the fewest of its replicas. So the zones are as even as their sizes
// allow (docs/ring-v1.md).
//
// Each of them takes one replica, then each the next: all stand at one level or one above.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace processhub::placement {

class ZoneLevels {
 public:
  explicit ZoneLevels(size_t zones) : zones_(zones) {}

  // First: each member, each that is excluded; then begin().
  void add(uint32_t zone) { ++zones_[zone].left; }
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
  std::vector<Zone> zones_;
  size_t level_ = 0;  // replicas in each zone that is due
  size_t due_ = 0;    // zones at that level that have a node left
  size_t open_ = 0;   // zones that have a node left
  size_t taken_ = 0;
};

}  // namespace processhub::placement
