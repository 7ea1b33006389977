// One watch of a process, on its way from the server. It flows by itself, or the test holds
// it and lets events through one by one: a slow or a stale watch.
//
//   auto pods = transport.stream_of(kube::kPods);
//   pods->hold();
//   ...                   // the world changes, the process does not see it
//   pods->release(1);     // it sees one event
//   pods->flow();         // it sees the rest, and from now on everything
//
// As in reality the server ends it after timeoutSeconds, and silence beyond the client's
// limit breaks it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/executor.h"
#include "fake/api_server.h"
#include "fake/fate.h"

namespace processhub::testing {

class FakeStream : public std::enable_shared_from_this<FakeStream> {
 public:
  FakeStream(ApiServer& server, Executor& executor, kube::Request request, Duration idle_limit,
             kube::StreamCallbacks callbacks);

  [[nodiscard]] const std::string& path() const { return request_.path; }
  [[nodiscard]] const Kind* kind() const { return route_ ? route_->kind : nullptr; }
  // The client listens, and neither side has ended it.
  [[nodiscard]] bool open() const { return open_; }
  // The server has accepted it.
  [[nodiscard]] bool accepted() const { return watch_ != nullptr; }
  // The server has something to say that has not been let through.
  [[nodiscard]] bool pending() const { return watch_ && watch_->pending(); }

  // Lets a held opening through.
  void accept();
  void hold() { held_ = true; }
  void flow();
  // Lets up to `count` events through, held or not; how many there were.
  int release(int count = 1);
  // A BOOKMARK, unless events wait or the client has not asked for them.
  bool bookmark();

  void cut();                         // the connection breaks
  void finish();                      // the server ends it in order
  void refuse(kube::Response reply);  // it answers with another status than 200
  void expire();                      // an ERROR event with code 410, then the end

  // By the transport: its beginning, new changes on the server, the client drops it.
  void begin(Fate fate);
  void pump();
  void partition(bool on);
  void drop();

 private:
  void say(std::vector<std::string> lines);
  void end(Result<kube::Response> result);
  void restart_idle();
  void on_timeout();

  ApiServer& server_;
  Executor& executor_;
  kube::Request request_;
  std::optional<Route> route_;
  Duration idle_limit_;
  kube::StreamCallbacks callbacks_;
  Fate fate_;
  std::shared_ptr<ServerWatch> watch_;
  Timer idle_;
  Timer timeout_;
  Timer way_;
  bool open_ = true;
  bool dropped_ = false;
  bool held_ = false;
  bool partitioned_ = false;
  bool pumping_ = false;  // a task that lets events through is posted
  bool timed_out_ = false;
};

}  // namespace processhub::testing
