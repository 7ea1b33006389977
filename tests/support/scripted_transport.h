// A transport whose server is the test: it takes each request in turn, looks at it and
// says what comes of it.
//
//   auto page = transport.request();               // the oldest that waits
//   EXPECT_EQ(page->path(), "/api/v1/pods?limit=500");
//   page->answer(200, R"({"items": []})");
//   executor.settle();
//   auto watch = transport.watch();
//   watch->line(R"({"type": "BOOKMARK", ...})");
//   watch->end(200);
//
// Or a handler takes every request (serve). Silence of a stream beyond its limit is a
// kTimeout, as the contract says. All callbacks run as posted tasks.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/executor.h"
#include "kube/transport.h"

namespace processhub::testing {

// One request and the way to answer it: once. Left unanswered, it stays open.
class Exchange {
 public:
  Exchange(Executor& executor, kube::Request request,
           std::function<void(Result<kube::Response>)> done)
      : executor_(executor), request_(std::move(request)), done_(std::move(done)) {}

  [[nodiscard]] const kube::Request& request() const { return request_; }
  [[nodiscard]] const std::string& path() const { return request_.path; }
  // "GET /api/v1/nodes/a": method and path, without the query.
  [[nodiscard]] std::string line() const;
  [[nodiscard]] bool answered() const { return done_ == nullptr; }

  void answer(int status, std::string body,
              std::optional<std::chrono::milliseconds> retry_after = {});
  void fail(ErrorKind kind, Committed committed = Committed::kNo);

 private:
  void finish(Result<kube::Response> result);

  Executor& executor_;
  kube::Request request_;
  std::function<void(Result<kube::Response>)> done_;
};

// One stream. What is said to a stream that has ended or was dropped is lost.
class ScriptedStream : public std::enable_shared_from_this<ScriptedStream> {
 public:
  ScriptedStream(Executor& executor, kube::Request request, Duration idle_limit,
                 kube::StreamCallbacks callbacks);

  [[nodiscard]] const std::string& path() const { return request_.path; }
  [[nodiscard]] Duration idle_limit() const { return idle_limit_; }
  // Whether the client still listens and the server has not ended it.
  [[nodiscard]] bool open() const { return open_; }

  // The server answers 200, before any line.
  void accept();
  void line(std::string text) { lines({std::move(text)}); }
  void lines(std::vector<std::string> texts);
  void end(int status, std::string body = {},
           std::optional<std::chrono::milliseconds> retry_after = {});
  void fail(ErrorKind kind);

  // By the transport: the first after the construction, the second when the client drops it.
  void begin();
  void drop();

 private:
  void finish(Result<kube::Response> result);

  Executor& executor_;
  kube::Request request_;
  Duration idle_limit_;
  kube::StreamCallbacks callbacks_;
  Timer idle_;
  bool open_ = true;  // nothing has ended it
  bool dropped_ = false;
};

class ScriptedTransport final : public kube::Transport {
 public:
  explicit ScriptedTransport(Executor& executor) : executor_(executor) {}

  void send(kube::Request request, std::function<void(Result<kube::Response>)> done) override;
  [[nodiscard]] std::unique_ptr<kube::Stream> stream(kube::Request request,
                                                     std::chrono::milliseconds idle_limit,
                                                     kube::StreamCallbacks callbacks) override;
  // Reached, unless `refuse` says otherwise.
  void connect(std::string address, int port, std::chrono::milliseconds deadline,
               std::function<void(Result<void>)> done) override;

  // The oldest that the test has not taken. If none: a failure of the test, and one that leads
  // nowhere.
  [[nodiscard]] std::shared_ptr<Exchange> request();
  [[nodiscard]] std::shared_ptr<ScriptedStream> watch();

  // From now on these take what arrives, as posted tasks.
  void serve(std::function<void(std::shared_ptr<Exchange>)> requests,
             std::function<void(std::shared_ptr<ScriptedStream>)> streams = {});

  // Addresses that no connection can be made to from now on, and those that do not answer: a
  // connection fails when its deadline is over.
  void refuse(std::set<std::string> addresses) { refused_ = std::move(addresses); }
  void silence(std::set<std::string> addresses) { silent_ = std::move(addresses); }
  // What comes of every connection from now on, but for those to such addresses.
  void connect_with(Result<void> result) { connected_ = std::move(result); }
  struct Connect {
    std::string address;
    int port;
    std::chrono::milliseconds deadline;
  };
  // That were ever tried.
  [[nodiscard]] const std::vector<Connect>& connects() const { return connects_; }
  [[nodiscard]] int connects_seen() const { return static_cast<int>(connects_.size()); }

  // That the test has not taken.
  [[nodiscard]] size_t requests_waiting() const { return requests_.size(); }
  [[nodiscard]] size_t watches_waiting() const { return streams_.size(); }
  // That were ever sent.
  [[nodiscard]] int requests_seen() const { return requests_seen_; }
  [[nodiscard]] int watches_seen() const { return watches_seen_; }

 private:
  Executor& executor_;
  std::deque<std::shared_ptr<Exchange>> requests_;
  std::deque<std::shared_ptr<ScriptedStream>> streams_;
  std::function<void(std::shared_ptr<Exchange>)> serve_requests_;
  std::function<void(std::shared_ptr<ScriptedStream>)> serve_streams_;
  std::set<std::string> refused_;
  std::set<std::string> silent_;
  Result<void> connected_ = {};
  std::vector<Connect> connects_;
  std::map<size_t, Timer> silences_;  // of the connects that are not answered yet
  int requests_seen_ = 0;
  int watches_seen_ = 0;
  std::shared_ptr<int> life_ = std::make_shared<int>();  // posted tasks watch it
};

}  // namespace processhub::testing
