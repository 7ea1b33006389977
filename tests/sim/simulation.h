// One seed from beginning to end: a world, operators over it, faults, peace, and the checks.
//
//   const Outcome outcome = Simulation({.seed = 7}).run();
//   outcome.broken;   // empty: all rules held
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "sim/chaos.h"
#include "sim/dice.h"
#include "sim/end_state.h"
#include "sim/history.h"
#include "sim/invariants.h"
#include "sim/process.h"
#include "sim/settings.h"
#include "sim/world.h"

namespace processhub::sim {

struct Outcome {
  std::string broken;
  uint64_t hash = 0;
  std::vector<std::string> history;
};

class Simulation {
 public:
  Simulation(uint64_t seed, bool trace);
  ~Simulation();

  [[nodiscard]] Outcome run();

 private:
  void set_up();
  void start_process();
  void tend_processes();
  // One thing happens, or time passes (at most by `tick`).
  void step(Duration tick);
  void run_steps(int count);
  void run_for(Duration time);
  // Until nothing has been written for so long. Whether that came to be.
  bool come_to_rest(Duration silence, Duration limit, Duration tick);
  void check_end();
  [[nodiscard]] bool failed() const { return !history_.broken().empty(); }

  uint64_t seed_;
  Dice dice_;
  Settings settings_;
  testing::FakeClock clock_;
  History history_;
  World world_;
  Invariants invariants_;
  Drains drains_;
  std::vector<std::unique_ptr<Process>> processes_;
  Chaos chaos_;
  SteadyTime last_write_{};
  int started_ = 0;
  bool healed_ = false;
  size_t steps_ = 0;
};

}  // namespace processhub::sim
