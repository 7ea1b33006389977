// The budget of voluntary moves of a hub: which children move now, which wait. Within it there are
// fewer places for new templates, and none once one of them has not come up.
//
// Counted from the children's statuses (condition Migrating, exclusions), so that it holds across
// restarts; a place granted but not yet in a status is remembered here, and who has got a new
// template: while such a child is not Ready, its place is not free. Core thread.
#pragma once

#include <algorithm>
#include <map>
#include <set>

#include "base/names.h"
#include "plan/child_plan.h"

namespace processhub::controller {

class MoveBudget {
 public:
  using Move = plan::MoveKind;

  // At once, and of these to a new template.
  void set_limits(int moves, int updates) {
    moves_ = moves;
    updates_ = updates;
  }

  // Whether `child` moves already or may begin to.
  [[nodiscard]] bool may_move(const ChildKey& child, Move kind) const {
    const auto place = moving_.find(child);
    if (place == moving_.end()) return room(kind, failed_.contains(child)) > 0;
    // One for a node is none for a template, though it is one of all.
    return kind == Move::kOfNodes || place->second == kind ||
           updates_left(failed_.contains(child)) > 0;
  }
  // A template of one of them has failed, and its node is no reason to give it to another.
  [[nodiscard]] bool has_failed() const { return !failed_.empty(); }

  void took(const ChildKey& child, Move kind) {
    waits_no_more(child);
    moving_[child] = kind;
  }
  void waits(const ChildKey& child, Move kind) {
    waits_no_more(child);
    moving_.erase(child);
    waiting(kind).insert(child);
  }
  void left(const ChildKey& child) {
    const auto place = moving_.find(child);
    if (place != moving_.end() && place->second == Move::kUpdate) updated_.insert(child);
    if (place != moving_.end()) moving_.erase(place);
    waits_no_more(child);
  }
  // Whether the pods of `child` that are of its present template are Ready.
  void serves(const ChildKey& child, bool ready) {
    if (ready) {
      down_.erase(child);
    } else if (updated_.contains(child) && !moving_.contains(child)) {
      down_.insert(child);
    }
  }
  // Whether a new template was tried with `child` and has not come up. It is then the first to
  // get another.
  void failed(const ChildKey& child, bool has) {
    if (has) {
      failed_.insert(child);
    } else {
      failed_.erase(child);
    }
  }
  void forget(const ChildKey& child) {
    left(child);
    failed_.erase(child);
    updated_.erase(child);
    down_.erase(child);
  }

  // Those who wait and would find a place, each once: in the order of their keys, and those who
  // leave their nodes before the others.
  [[nodiscard]] std::set<ChildKey> take_next() {
    std::set<ChildKey> next;
    for (int places = room(Move::kOfNodes); places > 0 && !waiting_moves_.empty(); --places) {
      next.insert(waiting_moves_.extract(waiting_moves_.begin()));
    }
    const bool failed = has_failed();
    int places = room(Move::kUpdate, failed) - static_cast<int>(next.size());
    for (auto one = waiting_updates_.begin(); one != waiting_updates_.end() && places > 0;) {
      const auto at = one++;
      if (failed && !failed_.contains(*at)) continue;
      next.insert(waiting_updates_.extract(at));
      --places;
    }
    return next;
  }

  [[nodiscard]] size_t moving() const { return moving_.size(); }

 private:
  void waits_no_more(const ChildKey& child) {
    waiting_moves_.erase(child);
    waiting_updates_.erase(child);
  }
  [[nodiscard]] std::set<ChildKey>& waiting(Move kind) {
    return kind == Move::kUpdate ? waiting_updates_ : waiting_moves_;
  }
  // `tries_again`: for a child that has failed.
  [[nodiscard]] int room(Move kind, bool tries_again = false) const {
    const int moves = moves_ - static_cast<int>(moving_.size());
    return kind == Move::kUpdate ? std::min(moves, updates_left(tries_again)) : moves;
  }
  [[nodiscard]] int updates_left(bool tries_again) const {
    if (has_failed() && !tries_again) return 0;
    const auto updating = std::count_if(moving_.begin(), moving_.end(), [](const auto& one) {
      return one.second == Move::kUpdate;
    });
    const size_t down = tries_again ? 0 : down_.size();
    return updates_ - static_cast<int>(updating) - static_cast<int>(down);
  }

  int moves_ = 1;
  int updates_ = 1;
  std::map<ChildKey, Move> moving_;
  std::set<ChildKey> waiting_moves_;
  std::set<ChildKey> waiting_updates_;
  std::set<ChildKey> failed_;
  std::set<ChildKey> updated_;  // have got a new template, since this began to count
  std::set<ChildKey> down_;     // of these, not Ready
};

}  // namespace processhub::controller
