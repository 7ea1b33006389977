// What the API server would not have, and may have later (a name becomes free, a policy changes):
// its words, by whom it concerns, until it is tried again. Core thread.
#pragma once

#include <chrono>
#include <fmt/core.h>
#include <map>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace processhub::controller {

struct ServerProblem {
  std::string reason = {};
  std::string message = {};  // empty: none
  SteadyTime until = {};     // then it is tried again
};

template <typename Key>
class ServerProblems {
 public:
  explicit ServerProblems(const Clock& clock) : clock_(clock) {}

  // Of a moment ago; none once it is time to try again.
  [[nodiscard]] ServerProblem of(const Key& key) {
    const auto found = problems_.find(key);
    if (found == problems_.end()) return {};
    if (clock_.steady_now() < found->second.until) return found->second;
    problems_.erase(found);
    return {};
  }

  // That a write of `what` ("Service orders") failed. Null where this is no refusal, which the
  // next attempt may well not meet. Where the name is taken by what is not `owner`'s ("child"),
  // `otherwise` is what can be done instead of a delete.
  const ServerProblem* note(const Key& key, const Error& error, const std::string& what,
                            std::string_view owner, std::string_view otherwise) {
    const bool taken = error.kind == ErrorKind::kAlreadyExists;
    if (!taken && !is_refusal(error)) return nullptr;
    return &(problems_[key] = {
                 .reason = taken ? "NameConflict" : "Refused",
                 .message = taken
                                ? fmt::format("{} exists and is not this {}'s, so it is left "
                                              "alone: delete it, or {}",
                                              what, owner, otherwise)
                                : fmt::format("the API server refuses {}: {}", what, error.message),
                 .until = clock_.steady_now() + kRetry});
  }

  void forget(const Key& key) { problems_.erase(key); }

 private:
  static constexpr std::chrono::minutes kRetry{1};

  const Clock& clock_;
  std::map<Key, ServerProblem> problems_;
};

}  // namespace processhub::controller
