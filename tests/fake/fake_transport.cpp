#include "fake/fake_transport.h"

#include <algorithm>
#include <utility>

namespace processhub::testing {
namespace {

class Handle final : public kube::Stream {
 public:
  explicit Handle(std::shared_ptr<FakeStream> stream) : stream_(std::move(stream)) {}
  ~Handle() override { stream_->drop(); }

 private:
  std::shared_ptr<FakeStream> stream_;
};

}  // namespace

FakeTransport::FakeTransport(ApiServer& server, Executor& executor)
    : server_(server), executor_(executor) {
  server.observe([this, life = std::weak_ptr(life_)](const Change&) {
    if (life.expired()) return;
    for (const auto& stream : streams_) stream->pump();
  });
}

Fate FakeTransport::fate_of(const kube::Request& request) {
  if (observe_) observe_(request);
  if (partitioned_ || dead_) return Fate::silent();
  return decide_ ? decide_(request) : Fate{};
}

void FakeTransport::send(kube::Request request, std::function<void(Result<kube::Response>)> done) {
  ++requests_seen_;
  prune();
  Fate fate = fate_of(request);
  Call::Serve serve;
  if (request.server.empty()) {
    serve = [&server = server_](const kube::Request& it) -> Result<kube::Response> {
      return server.handle(it);
    };
  } else if (serve_pods_) {
    serve = serve_pods_;
  } else {
    fate = Fate::unreachable();
  }
  const auto call =
      std::make_shared<Call>(std::move(serve), executor_, std::move(request), std::move(done));
  calls_.push_back(call);
  call->begin(std::move(fate));
  if (dead_) call->forget();
}

std::unique_ptr<kube::Stream> FakeTransport::stream(kube::Request request,
                                                    std::chrono::milliseconds idle_limit,
                                                    kube::StreamCallbacks callbacks) {
  ++watches_seen_;
  prune();
  Fate fate = fate_of(request);
  const auto stream = std::make_shared<FakeStream>(server_, executor_, std::move(request),
                                                   idle_limit, std::move(callbacks));
  if (holds_watches_) stream->hold();
  streams_.push_back(stream);
  stream->begin(std::move(fate));
  if (dead_) stream->drop();
  return std::make_unique<Handle>(stream);
}

void FakeTransport::connect(std::string address, int port, std::chrono::milliseconds deadline,
                            std::function<void(Result<void>)> done) {
  const std::string where = address + ":" + std::to_string(port);
  executor_.post([this, life = std::weak_ptr(life_), address = std::move(address), port, deadline,
                  where, done = std::move(done)] {
    if (life.expired() || dead_) return;
    const Reach reach = partitioned_ ? Reach::kSilent
                        : reach_     ? reach_(address, port)
                                     : Reach::kReached;
    if (reach == Reach::kReached) return done({});
    const std::string problem = "no connection to " + where;
    if (reach == Reach::kRefused) return done(fail(ErrorKind::kUnreachable, problem));
    const int id = ++connects_;
    connecting_[id] = executor_.post_after(deadline, [this, id, problem, done] {
      connecting_.erase(id);
      done(fail(ErrorKind::kTimeout, problem));
    });
  });
}

void FakeTransport::partition(bool on) {
  partitioned_ = on;
  for (const auto& stream : streams_) stream->partition(on);
}

void FakeTransport::hold_watches(bool on) {
  holds_watches_ = on;
  for (const auto& stream : streams()) {
    if (on) {
      stream->hold();
    } else {
      stream->flow();
    }
  }
}

void FakeTransport::die() {
  dead_ = true;
  for (const auto& call : calls_) call->forget();
  for (const auto& stream : streams_) stream->drop();
  streams_.clear();
  connecting_.clear();
}

void FakeTransport::prune() {
  std::erase_if(calls_, [](const auto& call) { return call->settled(); });
  std::erase_if(streams_, [](const auto& stream) { return !stream->open(); });
}

std::vector<std::shared_ptr<Call>> FakeTransport::calls() {
  prune();
  return calls_;
}

std::vector<std::shared_ptr<Call>> FakeTransport::held() {
  auto calls = this->calls();
  std::erase_if(calls, [](const auto& call) { return !call->is_held(); });
  return calls;
}

std::vector<std::shared_ptr<FakeStream>> FakeTransport::streams() {
  prune();
  return streams_;
}

std::shared_ptr<FakeStream> FakeTransport::stream_of(const kube::Resource& resource) {
  for (const auto& stream : streams()) {
    if (stream->kind() != nullptr && stream->kind()->resource == resource) return stream;
  }
  return nullptr;
}

}  // namespace processhub::testing
