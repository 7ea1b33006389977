// ph_sim: simulates whole clusters with operators under faults, one for each seed.
//
//   ph_sim --seeds 2000 --from 1     the first seeds; ends with 1 if a rule is broken
//   ph_sim --seed 42 --trace         one, and all that happens in it
//   ph_sim --seeds 20 --twice        each twice: the same history, or it is no simulation
#include <CLI/CLI.hpp>
#include <chrono>
#include <cinttypes>
#include <cstdio>

#include "sim/simulation.h"

#include "base/log.h"

namespace {

using processhub::sim::Outcome;
using processhub::sim::Simulation;

struct Options {
  uint64_t seed = 0;
  uint64_t from = 1;
  uint64_t seeds = 100;
  uint64_t stride = 1;
  size_t lines = 400;
  bool trace = false;
  bool twice = false;
  bool log = false;
  bool go_on = false;
};

// Whether its rules held.
bool run_one(uint64_t seed, const Options& options) {
  const Outcome outcome = Simulation(seed, options.trace).run();
  if (options.twice) {
    const Outcome again = Simulation(seed, false).run();
    if (again.hash != outcome.hash) {
      std::printf("seed %" PRIu64 ": not the same history twice\n", seed);
      return false;
    }
  }
  if (outcome.broken.empty()) return true;
  if (!options.trace && !options.go_on) {
    const size_t all = outcome.history.size();
    const size_t skipped = all > options.lines ? all - options.lines : 0;
    std::puts(outcome.history.front().c_str());
    if (skipped > 1) std::printf("... %zu lines\n", skipped);
    for (size_t i = std::max<size_t>(1, skipped); i < all; ++i) {
      std::puts(outcome.history[i].c_str());
    }
  }
  std::printf("seed %" PRIu64 " breaks %s\nreplay: ./dev sim --seed %" PRIu64 " --trace\n", seed,
              outcome.broken.c_str(), seed);
  return false;
}

int run(const Options& options) {
  if (options.seed != 0) return run_one(options.seed, options) ? 0 : 1;
  const auto begin = std::chrono::steady_clock::now();
  uint64_t ran = 0;
  uint64_t failed = 0;
  for (uint64_t i = 0; i < options.seeds; i += options.stride) {
    ++ran;
    if (run_one(options.from + i, options)) continue;
    ++failed;
    std::fflush(stdout);
    if (!options.go_on) return 1;
  }
  const double took =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  std::printf("%" PRIu64 " seeds, %" PRIu64 " of them broken, %.1f s, %.1f seeds a second\n", ran,
              failed, took, static_cast<double>(ran) / took);
  return failed == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Simulates clusters with operators under faults, one for each seed.");
  app.add_option("--seed", options.seed, "This one alone");
  app.add_option("--from", options.from, "The first of --seeds");
  app.add_option("--seeds", options.seeds, "How many, one after the other");
  app.add_option("--stride", options.stride, "Every so manieth of them, for shards");
  app.add_option("--lines", options.lines, "Lines of a broken seed's history that are told");
  app.add_flag("--trace", options.trace, "Tell all that happens, as it happens");
  app.add_flag("--twice", options.twice, "Run each twice, and compare");
  app.add_flag("--keep-going", options.go_on, "Do not stop at a broken seed; one line for each");
  app.add_flag("--log", options.log, "With the operators' own log");
  CLI11_PARSE(app, argc, argv);
  if (options.log) {
    processhub::init_log(processhub::LogLevel::kDebug, processhub::LogFormat::kText);
  } else {
    processhub::init_log(processhub::LogLevel::kError, processhub::LogFormat::kText);
  }
  return run(options);
}
