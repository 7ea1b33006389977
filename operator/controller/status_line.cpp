#include "controller/status_line.h"

#include <utility>

namespace processhub::controller {
namespace {

constexpr size_t kPlaces = 2;
constexpr auto kLag = std::chrono::seconds(2);        // of what may change again
constexpr auto kPatience = std::chrono::seconds(10);  // in a crowd
// As many children that start at once make a crowd.
constexpr size_t kCrowd = 50;

}  // namespace

StatusLine::Turn StatusLine::ask(const ChildKey& child, StatusWish wish, SteadyTime now) {
  const Entry& entry = note(child, wish, now);
  if (writing_.contains(child)) return {.now = true};
  const bool hold = wish.starting && crowded();
  const SteadyTime due = entry.since + (hold ? kPatience : wish.at_rest ? Duration(0) : kLag);
  if (now < due) {
    if (hold) held_.insert(child);
    return {.again = due};
  }
  if (writing_.size() < kPlaces) {
    writing_.insert(child);
    return {.now = true};
  }
  if (waiting_.insert(child).second) line_.push_back(child);
  return {};
}

void StatusLine::starts(const ChildKey& child, SteadyTime now) {
  note(child, {.starting = true}, now);
}

const StatusLine::Entry& StatusLine::note(const ChildKey& child, StatusWish wish, SteadyTime now) {
  Entry& entry = differs_.try_emplace(child, Entry{.since = now}).first->second;
  count(entry, -1);
  entry.wish = wish;
  count(entry, +1);
  release_held();
  return entry;
}

void StatusLine::settled(const ChildKey& child) {
  const auto found = differs_.find(child);
  if (found == differs_.end()) return;
  count(found->second, -1);
  differs_.erase(found);
  held_.erase(child);
  release_held();
}

void StatusLine::ended(const ChildKey& child) {
  writing_.erase(child);
  if (writing_.size() >= kPlaces || line_.empty()) return;
  // If it does not want to write after all, the end of its work names its successor.
  const ChildKey next = line_.front();
  line_.pop_front();
  waiting_.erase(next);
  wake_(next);
}

bool StatusLine::crowded() const { return on_their_way_ > kCrowd; }

void StatusLine::count(const Entry& entry, int by) {
  if (entry.wish.starting && !entry.wish.at_rest) on_their_way_ += by;
}

void StatusLine::release_held() {
  if (crowded()) return;
  for (const ChildKey& child : std::exchange(held_, {})) wake_(child);
}

}  // namespace processhub::controller
