#include "worker/counter.h"

#include <sstream>

namespace processhub::worker {

void Counter::tell(const Told& told) {
  const std::lock_guard lock(mutex_);
  if (told.epoch >= state_.told.epoch) state_.told = told;
}

void Counter::count() {
  const std::lock_guard lock(mutex_);
  if (state_.told.role == "active") ++state_.count;
}

std::optional<int64_t> Counter::give(int64_t epoch) {
  const std::lock_guard lock(mutex_);
  if (epoch < state_.told.epoch) return std::nullopt;
  state_.told = {.role = "passive", .epoch = epoch};
  return state_.count;
}

bool Counter::take(int64_t epoch, int64_t count) {
  const std::lock_guard lock(mutex_);
  const Told& told = state_.told;
  if (epoch <= state_.taken_epoch || epoch < told.epoch) return false;
  if (told.role == "active" && told.epoch >= epoch) return false;
  state_.taken_epoch = epoch;
  state_.count = count;
  ++state_.takes;
  return true;
}

Snapshot Counter::snapshot() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

std::optional<Told> read_role(const std::string& text) {
  std::istringstream words(text);
  Told told;
  if (!(words >> told.role >> told.epoch)) return std::nullopt;
  return told;
}

}  // namespace processhub::worker
