// A child's worker to try things with: it follows its role file, or is told its role by HTTP,
// counts while it leads, and hands its count over. README.md has its requests.
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "worker/counter.h"
#include "worker/http.h"

namespace {

using nlohmann::json;
using processhub::worker::Answer;
using processhub::worker::Counter;
using processhub::worker::Request;
using processhub::worker::Snapshot;

constexpr std::chrono::milliseconds kPeriod{10};  // of counting, and of looking at the role file
constexpr std::chrono::seconds kSendTimeout{1};

Answer answer(int status, const json& body) { return {.status = status, .body = body.dump()}; }

// The one that led: it stops, and sends what it has.
Answer send_state(Counter& counter, const json& order) {
  const int64_t epoch = order.at("epoch");
  const auto count = counter.give(epoch);
  if (!count) return answer(409, {{"problem", "a later epoch is known here"}});
  const json state = {{"type", "handover.state"},
                      {"child", order.at("child")},
                      {"epoch", epoch},
                      {"state", {{"count", *count}}}};
  const auto taken = processhub::worker::post(order.at("to"), state.dump(), kSendTimeout);
  if (taken != 200) return answer(502, {{"problem", "the new pod did not take the state"}});
  return answer(200, {{"count", *count}});
}

Answer hand_over(Counter& counter, const json& body) {
  const std::string type = body.at("type");
  if (type == "handover.send") return send_state(counter, body);
  const int64_t epoch = body.at("epoch");
  if (type == "handover.state") {
    return answer(200, {{"took", counter.take(epoch, body.at("state").at("count"))}});
  }
  if (type == "handover.confirm") {
    const bool has = counter.snapshot().taken_epoch == epoch;
    return answer(has ? 200 : 404, {{"has", has}});
  }
  return answer(400, {{"problem", "unknown type " + type}});
}

Answer state_of(const Counter& counter) {
  const Snapshot now = counter.snapshot();
  return answer(200, {{"role", now.told.role},
                      {"epoch", now.told.epoch},
                      {"count", now.count},
                      {"takenEpoch", now.taken_epoch},
                      {"takes", now.takes}});
}

Answer handle(Counter& counter, const std::string& pod, const Request& request) {
  if (request.method == "GET" && request.path == "/state") return state_of(counter);
  if (request.method != "POST") return answer(405, {{"problem", "not a POST"}});
  try {
    const json body = json::parse(request.body);
    // Addresses are used again. What another worker sends names none.
    if (!pod.empty() && body.value("pod", pod) != pod) {
      return answer(421, {{"problem", "this is pod " + pod}});
    }
    if (request.path == "/processhub/handover") return hand_over(counter, body);
    if (request.path == "/processhub/role") {
      counter.tell({.role = body.at("role"), .epoch = body.at("epoch")});
      return answer(200, json::object());
    }
  } catch (const json::exception& problem) {
    return answer(400, {{"problem", problem.what()}});
  }
  return answer(404, {{"problem", "no such path"}});
}

}  // namespace

int main(int argc, char** argv) {
  std::string address = "0.0.0.0";
  uint16_t port = 8080;
  std::string role_file;
  std::string pod;
  if (const char* file = std::getenv("PROCESSHUB_ROLE_FILE")) role_file = file;
  if (const char* name = std::getenv("HOSTNAME")) pod = name;
  CLI::App app{"A worker that counts while it leads"};
  app.add_option("--address", address, "where it listens")->capture_default_str();
  app.add_option("--port", port, "of its requests")->capture_default_str();
  app.add_option("--role-file", role_file, "default: PROCESSHUB_ROLE_FILE");
  app.add_option("--pod", pod, "its pod's name; default: HOSTNAME");
  CLI11_PARSE(app, argc, argv);

  Counter counter;
  std::jthread work([&](const std::stop_token& stop) {
    for (; !stop.stop_requested(); std::this_thread::sleep_for(kPeriod)) {
      std::ifstream file(role_file);
      const std::string text{std::istreambuf_iterator<char>(file), {}};
      if (const auto told = processhub::worker::read_role(text)) counter.tell(*told);
      counter.count();
    }
  });
  const std::string problem = processhub::worker::serve(
      address, port, [&](const Request& request) { return handle(counter, pod, request); });
  std::fprintf(stderr, "worker: cannot serve on %s:%d: %s\n", address.c_str(), int{port},
               problem.c_str());
  return 1;
}
