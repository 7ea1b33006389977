#include "support/scripted_transport.h"

#include <gtest/gtest.h>
#include <utility>

namespace processhub::testing {

std::string Exchange::line() const {
  static constexpr const char* kMethods[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
  return std::string(kMethods[static_cast<int>(request_.method)]) + " " +
         request_.path.substr(0, request_.path.find('?'));
}

void Exchange::answer(int status, std::string body,
                      std::optional<std::chrono::milliseconds> retry_after) {
  finish(kube::Response{.status = status, .body = std::move(body), .retry_after = retry_after});
}

void Exchange::fail(ErrorKind kind, Committed committed) {
  finish(tl::unexpected(Error{.kind = kind, .message = "scripted", .committed = committed}));
}

void Exchange::finish(Result<kube::Response> result) {
  ASSERT_NE(done_, nullptr) << "answered twice: " << request_.path;
  executor_.post(
      [done = std::exchange(done_, nullptr), result = std::move(result)] { done(result); });
}

ScriptedStream::ScriptedStream(Executor& executor, kube::Request request, Duration idle_limit,
                               kube::StreamCallbacks callbacks)
    : executor_(executor),
      request_(std::move(request)),
      idle_limit_(idle_limit),
      callbacks_(std::move(callbacks)) {}

void ScriptedStream::begin() {
  idle_ = executor_.post_after(idle_limit_, [this] { fail(ErrorKind::kTimeout); });
}

void ScriptedStream::drop() {
  dropped_ = true;
  open_ = false;
  idle_.reset();
}

void ScriptedStream::accept() {
  if (!open_) return;
  executor_.post([self = shared_from_this()] {
    if (!self->dropped_ && self->callbacks_.opened) self->callbacks_.opened();
  });
}

void ScriptedStream::lines(std::vector<std::string> texts) {
  if (!open_) return;
  begin();
  executor_.post([self = shared_from_this(), texts = std::move(texts)] {
    if (!self->dropped_) self->callbacks_.lines(texts);
  });
}

void ScriptedStream::end(int status, std::string body,
                         std::optional<std::chrono::milliseconds> retry_after) {
  finish(kube::Response{.status = status, .body = std::move(body), .retry_after = retry_after});
}

void ScriptedStream::fail(ErrorKind kind) {
  finish(tl::unexpected(Error{.kind = kind, .message = "scripted"}));
}

void ScriptedStream::finish(Result<kube::Response> result) {
  if (!open_) return;
  open_ = false;
  idle_.reset();
  executor_.post([self = shared_from_this(), result = std::move(result)] {
    if (!self->dropped_) self->callbacks_.end(result);
  });
}

namespace {

class Handle final : public kube::Stream {
 public:
  explicit Handle(std::shared_ptr<ScriptedStream> stream) : stream_(std::move(stream)) {}
  ~Handle() override { stream_->drop(); }

 private:
  std::shared_ptr<ScriptedStream> stream_;
};

}  // namespace

void ScriptedTransport::send(kube::Request request,
                             std::function<void(Result<kube::Response>)> done) {
  ++requests_seen_;
  auto exchange = std::make_shared<Exchange>(executor_, std::move(request), std::move(done));
  if (serve_requests_) {
    executor_.post([this, life = std::weak_ptr(life_), exchange] {
      if (!life.expired()) serve_requests_(exchange);
    });
  } else {
    requests_.push_back(std::move(exchange));
  }
}

std::unique_ptr<kube::Stream> ScriptedTransport::stream(kube::Request request,
                                                        std::chrono::milliseconds idle_limit,
                                                        kube::StreamCallbacks callbacks) {
  ++watches_seen_;
  auto stream = std::make_shared<ScriptedStream>(executor_, std::move(request), idle_limit,
                                                 std::move(callbacks));
  stream->begin();
  if (serve_streams_) {
    executor_.post([this, life = std::weak_ptr(life_), stream] {
      if (!life.expired()) serve_streams_(stream);
    });
  } else {
    streams_.push_back(stream);
  }
  return std::make_unique<Handle>(stream);
}

void ScriptedTransport::connect(std::string address, int port, std::chrono::milliseconds deadline,
                                std::function<void(Result<void>)> done) {
  const size_t number = connects_.size();
  connects_.push_back({.address = address, .port = port, .deadline = deadline});
  const std::string where = address + ":" + std::to_string(port);
  if (silent_.contains(address)) {
    silences_[number] = executor_.post_after(deadline, [this, number, where, done] {
      silences_.erase(number);
      done(processhub::fail(ErrorKind::kTimeout, "no answer from " + where));
    });
    return;
  }
  Result<void> result = connected_;
  if (refused_.contains(address)) {
    result = processhub::fail(ErrorKind::kUnreachable, "no connection to " + where);
  }
  executor_.post([life = std::weak_ptr(life_), result, done = std::move(done)] {
    if (!life.expired()) done(result);
  });
}

std::shared_ptr<Exchange> ScriptedTransport::request() {
  if (requests_.empty()) {
    ADD_FAILURE() << "no request waits";
    // Something to speak to, so that the test goes on to its next failure.
    return std::make_shared<Exchange>(executor_, kube::Request{}, [](const auto&) {});
  }
  auto first = std::move(requests_.front());
  requests_.pop_front();
  return first;
}

std::shared_ptr<ScriptedStream> ScriptedTransport::watch() {
  if (streams_.empty()) {
    ADD_FAILURE() << "no watch waits";
    return std::make_shared<ScriptedStream>(
        executor_, kube::Request{}, std::chrono::hours(1),
        kube::StreamCallbacks{[](const auto&) {}, [](const auto&) {}});
  }
  auto first = std::move(streams_.front());
  streams_.pop_front();
  return first;
}

void ScriptedTransport::serve(std::function<void(std::shared_ptr<Exchange>)> requests,
                              std::function<void(std::shared_ptr<ScriptedStream>)> streams) {
  serve_requests_ = std::move(requests);
  serve_streams_ = std::move(streams);
}

}  // namespace processhub::testing
