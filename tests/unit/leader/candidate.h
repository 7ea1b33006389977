// One process that competes for the lease of a LeaseServer: its own clock readings, its
// own way to the server (late, cut, or losing answers), its own end.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "support/fake_executor.h"
#include "support/fake_random.h"
#include "support/scripted_transport.h"

#include "leader/elector.h"
#include "unit/leader/lease_server.h"

namespace processhub::leader {

class Candidate {
 public:
  Candidate(LeaseServer& server, Executor& executor, const Clock& clock, std::string identity,
            Duration wall_ahead = {}, uint64_t seed = 1)
      : server_(server),
        executor_(executor),
        clock_(clock, wall_ahead, wall_ahead),
        random_(seed),
        transport_(executor),
        client_(transport_, executor, kube::unguarded(), {.deadline = std::chrono::seconds(20)}) {
    transport_.serve([this](const auto& exchange) { carry(exchange); });
    elector_.emplace(client_, executor, clock_, random_,
                     ElectorOptions{.ns = "sys", .name = "op", .identity = std::move(identity)},
                     ElectorCallbacks{.started_leading = [this] { told.emplace_back("started"); },
                                      .stopped_leading = [this] { told.emplace_back("stopped"); }});
  }

  Elector& operator*() { return *elector_; }
  Elector* operator->() { return &*elector_; }
  [[nodiscard]] bool leading() const { return elector_ && elector_->leading(); }
  // The process dies: no more requests, no release.
  void crash() { elector_.reset(); }

  std::vector<std::string> told;
  bool cut = false;           // nothing arrives
  bool lose_answers = false;  // what arrives is carried out, but never answered
  Duration there{};           // how long a request takes to the server
  Duration back{};            // and its answer
  [[nodiscard]] int requests() const { return transport_.requests_seen(); }

 private:
  void carry(const std::shared_ptr<testing::Exchange>& exchange) {
    if (cut)
      return later(std::chrono::seconds(20),
                   [exchange] { exchange->fail(ErrorKind::kTimeout, Committed::kUnknown); });
    later(there, [this, exchange] {
      const kube::Response response = server_.handle(exchange->request());
      if (lose_answers) return;
      later(back, [exchange, response] { exchange->answer(response.status, response.body); });
    });
  }
  void later(Duration delay, std::function<void()> task) {
    if (delay == Duration::zero()) return task();
    timers_.push_back(executor_.post_after(delay, std::move(task)));
  }

  LeaseServer& server_;
  Executor& executor_;
  testing::SkewedClock clock_;
  testing::FakeRandom random_;
  testing::ScriptedTransport transport_;
  kube::Client client_;
  std::optional<Elector> elector_;
  std::vector<Timer> timers_;
};

}  // namespace processhub::leader
