// The worker's state and its roles: a counter that only the one that leads counts up, so that a
// state that was lost or taken twice shows. Any thread.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

namespace processhub::worker {

struct Told {
  std::string role = "passive";
  int64_t epoch = 0;
};

struct Snapshot {
  Told told;
  int64_t count = 0;
  int64_t taken_epoch = 0;  // of the state that it was given last; 0: none
  int takes = 0;            // how often it took one
};

class Counter {
 public:
  // A pod obeys the highest epoch that it has seen.
  void tell(const Told& told);
  // While it leads.
  void count();
  // It stops, and this is what it had: of `epoch`, which must not be behind what it has seen.
  [[nodiscard]] std::optional<int64_t> give(int64_t epoch);
  // False: it has the state of that epoch, or a later one, already, or leads by now, and keeps what
  // it has: a state that comes late must not undo what has been done since.
  bool take(int64_t epoch, int64_t count);
  [[nodiscard]] Snapshot snapshot() const;

 private:
  mutable std::mutex mutex_;
  Snapshot state_;
};

// "active 7", as in the role file.
[[nodiscard]] std::optional<Told> read_role(const std::string& text);

}  // namespace processhub::worker
