#include "apply/state_giver.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace processhub::apply {
namespace {

using nlohmann::json;

json message(const plan::GiveState& action, const char* type) {
  return {
      {"type", type}, {"hub", action.hub}, {"child", action.child.name}, {"epoch", action.epoch}};
}

PodRequest request(const plan::GiveState& action, const std::string& ip, const json& body) {
  return {.ip = ip,
          .port = action.spec.port,
          .path = action.spec.path,
          .body = body.dump(),
          .timeout = action.spec.data_wait,
          .within = action.spec.data_wait};
}

std::string url_of(const plan::GiveState& action) {
  const bool six = action.to_ip.find(':') != std::string::npos;
  return "http://" + (six ? "[" + action.to_ip + "]" : action.to_ip) + ":" +
         std::to_string(action.spec.port) + action.spec.path;
}

Error about(const std::string& pod, Error error) {
  error.message = "pod " + pod + ", " + error.message;
  return error;
}

}  // namespace

void give_state(PodCaller& caller, const plan::GiveState& action, PodCaller::Done done) {
  json send = message(action, "handover.send");
  send["to"] = url_of(action);
  caller.call(request(action, action.from_ip, send),
              [&caller, action, done = std::move(done)](Result<void> sent) {
                if (!sent) return done(tl::unexpected(about(action.from.name, sent.error())));
                if (!action.spec.confirm) return done({});
                caller.call(request(action, action.to_ip, message(action, "handover.confirm")),
                            [action, done](Result<void> confirmed) {
                              if (confirmed) return done({});
                              done(tl::unexpected(about(action.to.name, confirmed.error())));
                            });
              });
}

}  // namespace processhub::apply
