// The core thread of a test: tasks run only when the test says so, in the order in
// which they would, and time passes only between them.
//
//   FakeClock clock;
//   FakeExecutor executor(clock);
//   ...
//   executor.settle();       // all that can run now
//   executor.advance(10s);   // all that can run within ten seconds, at its time
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "support/fake_clock.h"

#include "base/executor.h"

namespace processhub::testing {

class FakeExecutor final : public Executor {
 public:
  explicit FakeExecutor(FakeClock& clock) : clock_(clock) {}

  void post(std::function<void()> task) override { ready_.push_back(std::move(task)); }
  [[nodiscard]] Timer post_after(Duration delay, std::function<void()> task) override;

  // Runs one task that is ready, or a delayed one that is due: as EventLoop does, due ones
  // come first. False if there is none.
  bool step();

  // Runs until nothing is ready. A program that never settles ends the test: std::logic_error
  // after `kTooMany` tasks without any time passing.
  void settle();

  // Lets time pass up to `by` from now, running each delayed task at its time, and
  // settles before and after each.
  void advance(Duration by);

  // Advances from one delayed task to the next until `done` or until `limit` has passed.
  // Whether `done` came true.
  bool advance_until(const std::function<bool()>& done, Duration limit);

  // When the next delayed task is due.
  [[nodiscard]] std::optional<SteadyTime> next_due() const;
  [[nodiscard]] size_t ready() const { return ready_.size(); }
  [[nodiscard]] size_t delayed() const { return delayed_.size(); }

  static constexpr int kTooMany = 10'000'000;

 private:
  void cancel(uint64_t id) override;

  FakeClock& clock_;
  std::deque<std::function<void()>> ready_;
  std::map<std::pair<SteadyTime, uint64_t>, std::function<void()>> delayed_;
  std::map<uint64_t, SteadyTime> due_;
  uint64_t next_id_ = 1;
};

}  // namespace processhub::testing
