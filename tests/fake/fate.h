// What becomes of one request, or of the opening of one watch, between a process and the
// API server: said by the test as a value.
//
//   transport.decide([&](const kube::Request& request) -> Fate {
//     if (request.method == kube::Method::kPost) return Fate::lost_after();
//     return {};
//   });
#pragma once

#include <utility>

#include "base/clock.h"
#include "kube/transport.h"

namespace processhub::testing {

struct Fate {
  enum class Kind {
    kAnswered,     // carried out and answered
    kUnreachable,  // no connection: nothing was sent
    kLostBefore,   // the connection breaks before the server has read it
    kLostAfter,    // it breaks after the server has carried it out
    kSilent,       // it never arrives, and nothing says so: the client's deadline ends it
    kRefused,      // answered with `reply`, and not carried out: a proxy's 502, a 429
    kReplaced,     // carried out, and answered with `reply`: a 504 after the commit
    kHeld,         // nothing happens until the test says so (Call, FakeStream)
  };
  Kind kind = Kind::kAnswered;
  Duration there{};  // until the server has it
  Duration back{};   // from then until the client has the answer
  kube::Response reply = {};

  [[nodiscard]] static Fate unreachable() { return {.kind = Kind::kUnreachable}; }
  [[nodiscard]] static Fate lost_before() { return {.kind = Kind::kLostBefore}; }
  [[nodiscard]] static Fate lost_after() { return {.kind = Kind::kLostAfter}; }
  [[nodiscard]] static Fate silent() { return {.kind = Kind::kSilent}; }
  [[nodiscard]] static Fate held() { return {.kind = Kind::kHeld}; }
  [[nodiscard]] static Fate late(Duration there, Duration back = {}) {
    return {.there = there, .back = back};
  }
  [[nodiscard]] static Fate refused(kube::Response reply) {
    return {.kind = Kind::kRefused, .reply = std::move(reply)};
  }
  [[nodiscard]] static Fate replaced(kube::Response reply) {
    return {.kind = Kind::kReplaced, .reply = std::move(reply)};
  }
};

}  // namespace processhub::testing
