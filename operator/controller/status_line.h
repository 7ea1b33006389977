// When the statuses of children are written: not while they still change from moment to
// moment, a few at a time, and at a mass start after the pods, which matter more to the
// API server's users. A status is made when its turn comes, so that one write tells all.
//
// Core thread.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>

#include "base/clock.h"
#include "base/names.h"

namespace processhub::controller {

// A status that differs from what the object says.
struct StatusWish {
  bool at_rest = false;   // it will not change again by itself
  bool starting = false;  // the object does not say yet that the child ever ran
};

class StatusLine {
 public:
  // `wake` runs for a child that should ask again; it must not ask from within.
  explicit StatusLine(std::function<void(const ChildKey&)> wake) : wake_(std::move(wake)) {}

  struct Turn {
    bool now = false;                      // write it: it has a place until ended()
    std::optional<SteadyTime> again = {};  // else: ask again then, or when woken
  };
  [[nodiscard]] Turn ask(const ChildKey& child, StatusWish wish, SteadyTime now);
  // A pod of a child that never ran is about to be made.
  void starts(const ChildKey& child, SteadyTime now);
  // Its status is as the object says, or it is gone.
  void settled(const ChildKey& child);
  // The work on `child`, which may have had a place, has ended.
  void ended(const ChildKey& child);

 private:
  struct Entry {
    SteadyTime since;
    StatusWish wish = {};
  };
  const Entry& note(const ChildKey& child, StatusWish wish, SteadyTime now);
  [[nodiscard]] bool crowded() const;
  void count(const Entry& entry, int by);
  void release_held();

  std::function<void(const ChildKey&)> wake_;
  std::map<ChildKey, Entry> differs_;
  size_t on_their_way_ = 0;  // of `differs_`: starting and not at rest
  std::set<ChildKey> held_;  // until fewer are on their way
  std::set<ChildKey> writing_;
  std::set<ChildKey> waiting_;  // those in `line_`
  std::deque<ChildKey> line_;
};

}  // namespace processhub::controller
