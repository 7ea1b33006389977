#include "placement/ledger.h"

#include <algorithm>

#include "base/hash.h"

namespace processhub::placement {
namespace {

constexpr uint64_t kPrioritySeed = 1;

}  // namespace

uint64_t priority_of(std::string_view key) { return hash64(key, kPrioritySeed); }

void Ledger::use(std::shared_ptr<const DistributionStrategy> strategy, int replicas) {
  strategy_ = std::move(strategy);
  replicas_ = replicas;
  if (!remembers()) {
    entries_.clear();
    waiting_.clear();
    loads_ = Loads();
    return;
  }
  loads_ = Loads(strategy_->members());
  caps_are_old_ = true;
  for (const auto& [child, entry] : entries_) {
    count(entry.seats, true);
    wait(child);
  }
}

void Ledger::add(const Key& child, Entry recorded) {
  if (!remembers() || contains(child)) return;
  count(recorded.seats, true);
  entries_[child] = std::move(recorded);
  caps_are_old_ = true;
  wait(child);
}

void Ledger::erase(const Key& child) {
  const auto found = entries_.find(child);
  if (found == entries_.end()) return;
  count(found->second.seats, false);
  entries_.erase(found);
  caps_are_old_ = true;
  waiting_.erase({priority_of(child), child});
}

void Ledger::wait(const Key& child) { waiting_.emplace(priority_of(child), child); }

void Ledger::settle() {
  if (std::exchange(caps_are_old_, false)) loads_.set_caps(strategy_->caps(replicas_in_all()));
  for (const auto& [priority, child] : std::exchange(waiting_, {})) {
    const std::vector<Seat> seats = take(child);
    Entry& entry = entries_.at(child);
    Placement placement = strategy_->belongs_to(
        {.key = child, .replicas = replicas_, .excluded = entry.excluded, .seats = seats}, loads_);
    entry.seats = std::move(placement.seats);
    count(entry.seats, true);
  }
}

std::vector<Seat> Ledger::take(const Key& child) {
  const auto found = entries_.find(child);
  if (found == entries_.end()) return {};
  count(found->second.seats, false);
  return std::exchange(found->second.seats, {});
}

void Ledger::book(const Key& child, Entry entry) {
  const auto found = entries_.find(child);
  if (found == entries_.end()) return;
  count(found->second.seats, false);
  found->second = std::move(entry);
  count(found->second.seats, true);
}

const std::vector<Seat>& Ledger::seats(const Key& child) const {
  static const std::vector<Seat> kNone;
  const auto found = entries_.find(child);
  return found == entries_.end() ? kNone : found->second.seats;
}

void Ledger::count(const std::vector<Seat>& seats, bool in) {
  for (const Seat& seat : seats) {
    const auto member = strategy_->index_of(seat.node);
    if (!member) continue;
    in ? loads_.add(*member) : loads_.remove(*member);
  }
}

uint64_t Ledger::replicas_in_all() const {
  return entries_.size() *
         std::min(static_cast<uint64_t>(replicas_), uint64_t{strategy_->members()});
}

}  // namespace processhub::placement
