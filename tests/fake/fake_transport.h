// The way of one operator process to an ApiServer, in the hands of the test. Without a word
// of the test everything arrives and is answered, as posted tasks; several processes share
// a server, each with a transport of its own.
//
//   FakeTransport transport(server, executor);
//   kube::Client client(transport, executor, kube::unguarded());
//   transport.decide([](const kube::Request& r) { return is_post(r) ? Fate::held() : Fate{}; });
//   transport.calls().front()->deliver();
//   transport.stream_of(kube::kPods)->hold();
//   transport.partition(true);
//
// To end a process as by SIGKILL: destroy what uses the transport, then die(). What is on its
// way still lands, as its fate says; destroying the transport would take it away.
//
// Core thread. Server and executor outlive it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/executor.h"
#include "fake/api_server.h"
#include "fake/call.h"
#include "fake/fake_stream.h"
#include "fake/fate.h"
#include "kube/transport.h"

namespace processhub::testing {

class FakeTransport final : public kube::Transport {
 public:
  enum class Reach { kReached, kRefused, kSilent };

  FakeTransport(ApiServer& server, Executor& executor);

  void send(kube::Request request, std::function<void(Result<kube::Response>)> done) override;
  [[nodiscard]] std::unique_ptr<kube::Stream> stream(kube::Request request,
                                                     std::chrono::milliseconds idle_limit,
                                                     kube::StreamCallbacks callbacks) override;
  void connect(std::string address, int port, std::chrono::milliseconds deadline,
               std::function<void(Result<void>)> done) override;

  // Of each request and each watch from now on, asked within send() and stream(). Requests to
  // pods too.
  void decide(std::function<Fate(const kube::Request&)> decide) { decide_ = std::move(decide); }
  // Of connect(): all are reached without one. Asked when the connection would be there.
  void reach(std::function<Reach(const std::string& address, int port)> reach) {
    reach_ = std::move(reach);
  }
  // Who answers requests with a `server`; without one they are kUnreachable.
  void serve_pods(Call::Serve serve) { serve_pods_ = std::move(serve); }
  // Told of each request and each watch, as it is sent.
  void observe(std::function<void(const kube::Request&)> observe) { observe_ = std::move(observe); }

  // New requests and watches are silent, and no event comes through, until it is over. What
  // was held before stays held.
  void partition(bool on);
  // All watches, also future ones, keep their events; release() and flow() are per stream.
  void hold_watches(bool on);
  // The process is no more: no callback runs.
  void die();

  // Those that have not ended, and writes that have, but may land yet; the oldest first.
  [[nodiscard]] std::vector<std::shared_ptr<Call>> calls();
  // Those of them that wait for the test: fate kHeld.
  [[nodiscard]] std::vector<std::shared_ptr<Call>> held();
  // The open watches, the oldest first.
  [[nodiscard]] std::vector<std::shared_ptr<FakeStream>> streams();
  // The open watch of that kind, nullptr where there is none.
  [[nodiscard]] std::shared_ptr<FakeStream> stream_of(const kube::Resource& resource);

  [[nodiscard]] int requests_seen() const { return requests_seen_; }
  [[nodiscard]] int watches_seen() const { return watches_seen_; }

 private:
  [[nodiscard]] Fate fate_of(const kube::Request& request);
  void prune();

  ApiServer& server_;
  Executor& executor_;
  std::function<Fate(const kube::Request&)> decide_;
  std::function<Reach(const std::string&, int)> reach_;
  Call::Serve serve_pods_;
  std::function<void(const kube::Request&)> observe_;
  std::vector<std::shared_ptr<Call>> calls_;
  std::vector<std::shared_ptr<FakeStream>> streams_;
  std::map<int, Timer> connecting_;  // to where nothing answers
  bool partitioned_ = false;
  bool holds_watches_ = false;
  bool dead_ = false;
  int connects_ = 0;
  int requests_seen_ = 0;
  int watches_seen_ = 0;
  std::shared_ptr<int> life_ = std::make_shared<int>();
};

}  // namespace processhub::testing
