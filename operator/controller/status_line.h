// The line in which statuses wait to be written: a few at a time, so that at the start
// of many children their pods come first, and a status is made when its turn comes
// rather than written many times over. Core thread.
#pragma once

#include <deque>
#include <optional>
#include <set>

#include "base/names.h"

namespace processhub::controller {

class StatusLine {
 public:
  explicit StatusLine(size_t places) : places_(places) {}

  // Whether `key` may write now; it then has a place until leave(). If not, it stands in
  // the line and is named by a leave() to come.
  [[nodiscard]] bool enter(const ChildKey& key) {
    if (writing_.contains(key)) return true;
    if (writing_.size() < places_) {
      writing_.insert(key);
      return true;
    }
    if (waiting_.insert(key).second) line_.push_back(key);
    return false;
  }

  // The work on `key`, which may have had a place, has ended. Who is to come next, if
  // anyone: one that then does not want to write after all names its successor itself.
  [[nodiscard]] std::optional<ChildKey> leave(const ChildKey& key) {
    writing_.erase(key);
    if (writing_.size() >= places_ || line_.empty()) return std::nullopt;
    const ChildKey next = line_.front();
    line_.pop_front();
    waiting_.erase(next);
    return next;
  }

 private:
  size_t places_;
  std::set<ChildKey> writing_;
  std::set<ChildKey> waiting_;
  std::deque<ChildKey> line_;
};

}  // namespace processhub::controller
