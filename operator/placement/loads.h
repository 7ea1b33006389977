// How many replicas each member of a hub holds, and how many it may hold.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace processhub::placement {

// By the index that the strategy gives a member (DistributionStrategy::index_of).
class Loads {
 public:
  Loads() = default;
  explicit Loads(size_t members) : replicas_(members, 0) {}

  // Without caps no member is ever full.
  void set_caps(std::vector<uint32_t> caps) { caps_ = std::move(caps); }

  void add(uint32_t member) { ++replicas_[member]; }
  void remove(uint32_t member) { --replicas_[member]; }

  [[nodiscard]] uint32_t at(uint32_t member) const { return replicas_[member]; }
  [[nodiscard]] bool full(uint32_t member) const {
    return !caps_.empty() && replicas_[member] >= caps_[member];
  }
  [[nodiscard]] size_t members() const { return replicas_.size(); }

 private:
  std::vector<uint32_t> replicas_;
  std::vector<uint32_t> caps_;
};

}  // namespace processhub::placement
