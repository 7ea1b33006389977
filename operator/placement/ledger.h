// What a hub's children have been given, for strategies that remember: each child's seats, and
// how many replicas every member holds.
//
// Children that come, and all of them when the strategy changes, wait until settle() asks for
// them in ascending order of (priority, key), so that the answer does not depend on the order
// in which they were seen. With a strategy that does not remember, nothing is kept.
//
//   ledger.use(strategy, 2);
//   ledger.add("default/workers/tenant-1", {});
//   ledger.settle();
//   ledger.seats("default/workers/tenant-1");
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "placement/distribution_strategy.h"

namespace processhub::placement {

class Ledger {
 public:
  using Key = std::string;  // "namespace/hub/child"
  struct Entry {
    std::vector<Seat> seats = {};
    std::vector<NodeName> excluded = {};
  };

  // From now on: everything is counted anew, and all children wait. `replicas`: of each child.
  void use(std::shared_ptr<const DistributionStrategy> strategy, int replicas);

  // A child has come, with what it has had. It waits; one that is known stays as it is.
  void add(const Key& child, Entry recorded);
  void erase(const Key& child);
  [[nodiscard]] bool contains(const Key& child) const { return entries_.contains(child); }

  // The same members and factor, but other scores: who has what stays, and nobody waits.
  void renew(std::shared_ptr<const DistributionStrategy> strategy) {
    strategy_ = std::move(strategy);
  }

  // Gives those that wait their seats.
  void settle();

  // For a plan: the child's seats, which loads() does not count until it is booked again.
  [[nodiscard]] std::vector<Seat> take(const Key& child);
  // What the plan has decided. A child that was not added is not kept.
  void book(const Key& child, Entry entry);

  [[nodiscard]] const std::vector<Seat>& seats(const Key& child) const;
  [[nodiscard]] const Loads& loads() const { return loads_; }
  [[nodiscard]] size_t size() const { return entries_.size(); }

 private:
  void count(const std::vector<Seat>& seats, bool in);
  [[nodiscard]] uint64_t replicas_in_all() const;
  [[nodiscard]] bool remembers() const { return strategy_ != nullptr && strategy_->remembers(); }
  void wait(const Key& child);

  std::shared_ptr<const DistributionStrategy> strategy_;
  int replicas_ = 1;
  std::map<Key, Entry> entries_;
  std::set<std::pair<uint64_t, Key>> waiting_;  // by priority
  Loads loads_;
  bool caps_are_old_ = false;  // they depend on how many children there are
};

// The order in which children are given seats: ascending, equal ones by key.
[[nodiscard]] uint64_t priority_of(std::string_view key);

}  // namespace processhub::placement
