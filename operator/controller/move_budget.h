// The one budget of voluntary moves of a hub: which children move now, which wait.
//
// Counted from the children's statuses (condition Migrating), so that it holds across
// restarts; a place granted but not yet in a status is remembered here. Core thread.
#pragma once

#include <set>

#include "base/names.h"

namespace processhub::controller {

class MoveBudget {
 public:
  void set_limit(int limit) { limit_ = limit; }

  // Whether `child` moves already or may begin to.
  [[nodiscard]] bool may_move(const ChildKey& child) const {
    return moving_.contains(child) || static_cast<int>(moving_.size()) < limit_;
  }

  void took(const ChildKey& child) {
    moving_.insert(child);
    waiting_.erase(child);
  }
  void waits(const ChildKey& child) {
    moving_.erase(child);
    waiting_.insert(child);
  }
  void left(const ChildKey& child) {
    moving_.erase(child);
    waiting_.erase(child);
  }

  // Those who wait and would find a place, each once; in the order of their keys.
  [[nodiscard]] std::set<ChildKey> take_next() {
    std::set<ChildKey> next;
    int room = limit_ - static_cast<int>(moving_.size());
    while (room-- > 0 && !waiting_.empty()) next.insert(waiting_.extract(waiting_.begin()));
    return next;
  }

  [[nodiscard]] size_t moving() const { return moving_.size(); }

 private:
  int limit_ = 1;
  std::set<ChildKey> moving_;
  std::set<ChildKey> waiting_;
};

}  // namespace processhub::controller
