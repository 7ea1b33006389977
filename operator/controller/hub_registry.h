// What the hub controller has found out about each hub, for the child controller to
// plan with. Core thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "controller/move_budget.h"
#include "placement/ledger.h"
#include "plan/frame.h"

namespace processhub::controller {

struct HubEntry {
  std::shared_ptr<const plan::HubFrame> frame;  // null while the spec cannot be used
  std::string problem;                          // then: why
  placement::Ledger ledger;                     // what its children have been given
  MoveBudget budget;
  std::map<std::string, std::string> refused;  // inline children, and the API server's words
  std::optional<SteadyTime> status_written;
};

class HubRegistry {
 public:
  [[nodiscard]] HubEntry* find(const HubKey& key) {
    const auto found = entries_.find(key);
    return found == entries_.end() ? nullptr : &found->second;
  }
  [[nodiscard]] HubEntry& at(const HubKey& key) { return entries_[key]; }
  [[nodiscard]] const std::map<HubKey, HubEntry>& all() const { return entries_; }
  void erase(const HubKey& key) { entries_.erase(key); }
  void clear() { entries_.clear(); }

 private:
  std::map<HubKey, HubEntry> entries_;
};

}  // namespace processhub::controller
