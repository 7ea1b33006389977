#include "sim/history.h"

#include <cstdio>

namespace processhub::sim {

void History::note(const std::string& line) {
  char time[32];
  std::snprintf(time, sizeof time, "%10.3f ",
                std::chrono::duration<double>(now() - begin_).count());
  lines_.push_back(time + line);
  for (const char c : lines_.back()) {
    hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  }
  if (trace_) std::puts(lines_.back().c_str());
}

void History::aside(const std::string& line) const {
  if (trace_) std::printf("             %s\n", line.c_str());
}

void History::violate(const std::string& invariant, const std::string& what) {
  note("BROKEN " + invariant + ": " + what);
  if (broken_.empty()) broken_ = invariant + ": " + what;
}

}  // namespace processhub::sim
