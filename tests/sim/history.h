// What has happened, one line a step, and a hash of it: the same seed gives the same hash.
// The first rule that was broken ends a simulation.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"

namespace processhub::sim {

class History {
 public:
  // `trace`: lines go to standard output at once.
  History(const Clock& clock, bool trace) : clock_(clock), trace_(trace), begin_(now()) {}

  void note(const std::string& line);
  // Of a trace alone.
  void aside(const std::string& line) const;
  void violate(const std::string& invariant, const std::string& what);

  // "1: two pods of shop/c0 are labelled active"; empty while all is well.
  [[nodiscard]] const std::string& broken() const { return broken_; }
  [[nodiscard]] uint64_t hash() const { return hash_; }
  [[nodiscard]] const std::vector<std::string>& lines() const { return lines_; }

 private:
  [[nodiscard]] SteadyTime now() const { return clock_.steady_now(); }

  const Clock& clock_;
  bool trace_;
  SteadyTime begin_;
  uint64_t hash_ = 1469598103934665603ULL;
  std::string broken_;
  std::vector<std::string> lines_;
};

}  // namespace processhub::sim
