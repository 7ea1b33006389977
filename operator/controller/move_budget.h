// The budget of voluntary moves of a hub: which children move now, which wait. Within it there are
// fewer places for new templates, and none once one of them has not come up.
//
// Counted from the children's statuses (condition Migrating, exclusions), so that it holds across
// restarts; a place granted but not yet in a status is remembered here. Core thread.
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
    return moving_.contains(child) || room(kind) > 0;
  }

  void took(const ChildKey& child, Move kind) {
    left(child);
    moving_[child] = kind;
  }
  void waits(const ChildKey& child, Move kind) {
    left(child);
    waiting(kind).insert(child);
  }
  void left(const ChildKey& child) {
    moving_.erase(child);
    for (const Move kind : {Move::kOfNodes, Move::kUpdate}) waiting(kind).erase(child);
  }
  // Whether the present template of `child` was tried and has not come up.
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
  }

  // Those who wait and would find a place, each once: in the order of their keys, and those who
  // leave their nodes before the others.
  [[nodiscard]] std::set<ChildKey> take_next() {
    std::set<ChildKey> next;
    int places = room(Move::kOfNodes);
    int updates = room(Move::kUpdate);
    const auto take = [&](Move kind) {
      next.insert(waiting(kind).extract(waiting(kind).begin()));
      --places;
    };
    while (places > 0 && !waiting(Move::kOfNodes).empty()) take(Move::kOfNodes);
    while (places > 0 && updates-- > 0 && !waiting(Move::kUpdate).empty()) take(Move::kUpdate);
    return next;
  }

  [[nodiscard]] size_t moving() const { return moving_.size(); }

 private:
  [[nodiscard]] std::set<ChildKey>& waiting(Move kind) {
    return kind == Move::kUpdate ? waiting_updates_ : waiting_moves_;
  }
  [[nodiscard]] int room(Move kind) const {
    const int moves = moves_ - static_cast<int>(moving_.size());
    if (kind != Move::kUpdate) return moves;
    if (!failed_.empty()) return 0;
    const auto updating = std::count_if(moving_.begin(), moving_.end(), [](const auto& one) {
      return one.second == Move::kUpdate;
    });
    return std::min(moves, updates_ - static_cast<int>(updating));
  }

  int moves_ = 1;
  int updates_ = 1;
  std::map<ChildKey, Move> moving_;
  std::set<ChildKey> waiting_moves_;
  std::set<ChildKey> waiting_updates_;
  std::set<ChildKey> failed_;
};

}  // namespace processhub::controller
