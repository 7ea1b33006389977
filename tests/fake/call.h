// One request on its way to the API server and back. Held calls are moved by the test:
//
//   auto call = transport.held().front();
//   call->deliver();   // the server carries it out: what it commits is there now
//   call->answer();    // the client gets to know, or:
//   call->lose();      // the connection breaks: the client cannot know
//
// The client's deadline runs meanwhile. A call that its client has given up can still be
// delivered: that is a write that lands late. What holds a Call goes before the executor.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/executor.h"
#include "fake/fate.h"

namespace processhub::testing {

class Call : public std::enable_shared_from_this<Call> {
 public:
  using Serve = std::function<Result<kube::Response>(const kube::Request&)>;
  using Done = std::function<void(Result<kube::Response>)>;

  Call(Serve serve, Executor& executor, kube::Request request, Done done)
      : serve_(std::move(serve)),
        executor_(executor),
        request_(std::move(request)),
        done_(std::move(done)) {}

  [[nodiscard]] const kube::Request& request() const { return request_; }
  // "PATCH /api/v1/namespaces/shop/pods/a": without the query.
  [[nodiscard]] std::string line() const;
  [[nodiscard]] bool is_write() const { return request_.method != kube::Method::kGet; }
  [[nodiscard]] bool delivered() const { return response_.has_value(); }
  // The client has its answer, has given up, or is no more.
  [[nodiscard]] bool ended() const { return ended_; }
  // Its fate is kHeld: it waits for the test.
  [[nodiscard]] bool is_held() const { return fate_.kind == Fate::Kind::kHeld; }
  // Nothing more can come of it, for neither side.
  [[nodiscard]] bool settled() const { return done_ == nullptr && (delivered() || !may_land_); }
  // What the server has said; only after deliver().
  [[nodiscard]] const Result<kube::Response>& response() const { return *response_; }

  // The server gets it; a second time does nothing.
  void deliver();
  // The client gets the server's answer; delivers first where that has not been.
  void answer();
  // The client gets this one instead.
  void answer(kube::Response response);
  void lose();      // kBroken, for a write with Committed::kUnknown
  void refuse();    // kUnreachable: no connection was made
  void time_out();  // kTimeout, as by its deadline
  void forget();    // the client is no more

  // By the transport.
  void begin(Fate fate);

 private:
  void finish(Result<kube::Response> result);
  void fail(ErrorKind kind, const char* message, Committed committed);
  void arrive();  // at the server, with all that the fate says from there on

  Serve serve_;
  Executor& executor_;
  kube::Request request_;
  Done done_;
  Fate fate_;
  std::optional<Result<kube::Response>> response_;
  bool ended_ = false;
  bool may_land_ = false;  // a write that the server may get yet
  Timer deadline_;
  Timer way_;  // there, then back
};

}  // namespace processhub::testing
