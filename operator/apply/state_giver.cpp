#include "apply/state_giver.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace processhub::apply {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

// Addresses are used again: a pod that is asked has to know that it is meant.
json message(const plan::GiveState& action, const char* type, const redundancy::PodRef& pod) {
  return {{"type", type},    {"hub", action.hub},       {"child", action.child.name},
          {"pod", pod.name}, {"podUID", pod.uid.str()}, {"epoch", action.epoch}};
}

PodRequest request(const plan::GiveState& action, const std::string& ip, const json& body,
                   Duration within) {
  const auto limit = std::max(milliseconds(1), std::chrono::duration_cast<milliseconds>(within));
  return {.ip = ip,
          .port = action.spec.port,
          .path = action.spec.path,
          .body = body.dump(),
          .timeout = limit,
          .within = limit};
}

Error about(const redundancy::PodRef& pod, Error error) {
  error.message = "pod " + pod.name + ", " + error.message;
  return error;
}

}  // namespace

void StateGiver::give(const plan::GiveState& action, Done done) {
  json send = message(action, "handover.send", action.from);
  send["to"] = pod_url(action.to_ip, action.spec.port) + action.spec.path;
  const SteadyTime end = clock_.steady_now() + action.spec.data_wait;
  pods_.call(request(action, action.from_ip, send, action.spec.data_wait),
             [this, action, end, done = std::move(done)](Result<void> sent) {
               if (!sent) return done(tl::unexpected(about(action.from, sent.error())));
               if (!action.spec.confirm) return done({});
               confirm(action, end - clock_.steady_now(), done);
             });
}

void StateGiver::confirm(const plan::GiveState& action, Duration left, Done done) {
  const json ask = message(action, "handover.confirm", action.to);
  pods_.call(request(action, action.to_ip, ask, left),
             [action, done = std::move(done)](Result<void> confirmed) {
               if (confirmed) return done({});
               done(tl::unexpected(about(action.to, confirmed.error())));
             });
}

}  // namespace processhub::apply
