// Whether this process is ready for work: a list of named checks, each set by
// whoever knows, read by /readyz.
//
//   Readiness ready({"cache-sync", "leader-election"});
//   ready.set_ready("cache-sync");
//   ready.set_not_ready("cache-sync", "pods not synced");
//
// A check is not ready until it is set. Any thread.
#pragma once

#include <initializer_list>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace processhub::server {

class Readiness {
 public:
  explicit Readiness(std::initializer_list<std::string_view> checks);

  void set_ready(std::string_view check);
  void set_not_ready(std::string_view check, std::string_view why);  // `why` is never empty

  // One line for each check that is not ready, "[-]cache-sync pods not synced\n";
  // empty when all are.
  [[nodiscard]] std::string problems() const;

 private:
  mutable std::mutex mutex_;                             // the server's threads read it
  std::map<std::string, std::string, std::less<>> why_;  // by check; empty: ready
};

}  // namespace processhub::server
