#include "fake/fake_stream.h"

#include <cstdlib>
#include <utility>

#include "fake/status.h"

namespace processhub::testing {

FakeStream::FakeStream(ApiServer& server, Executor& executor, kube::Request request,
                       Duration idle_limit, kube::StreamCallbacks callbacks)
    : server_(server),
      executor_(executor),
      request_(std::move(request)),
      route_(parse_route(request_.path)),
      idle_limit_(idle_limit),
      callbacks_(std::move(callbacks)) {}

void FakeStream::begin(Fate fate) {
  fate_ = std::move(fate);
  restart_idle();
  const auto arrive = [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self || !self->open_ || self->partitioned_) return;
    switch (self->fate_.kind) {
      case Fate::Kind::kUnreachable:
        return self->end(fail(ErrorKind::kUnreachable, "no connection"));
      case Fate::Kind::kLostBefore:
      case Fate::Kind::kLostAfter:
        return self->cut();
      case Fate::Kind::kRefused:
      case Fate::Kind::kReplaced:
        return self->refuse(self->fate_.reply);
      default:
        return self->accept();
    }
  };
  if (fate_.kind == Fate::Kind::kSilent || fate_.kind == Fate::Kind::kHeld) return;
  if (fate_.there == Duration{}) {
    executor_.post(arrive);
  } else {
    way_ = executor_.post_after(fate_.there, arrive);
  }
}

void FakeStream::accept() {
  if (!open_ || watch_) return;
  kube::Response refusal;
  watch_ = server_.watch(request_, refusal);
  if (!watch_) return refuse(std::move(refusal));
  executor_.post([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self && !self->dropped_ && self->callbacks_.opened) self->callbacks_.opened();
  });
  restart_idle();
  if (const int seconds =
          static_cast<int>(std::strtol(route_->value("timeoutSeconds").c_str(), nullptr, 10));
      seconds > 0) {
    timeout_ = executor_.post_after(std::chrono::seconds(seconds), [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->on_timeout();
    });
  }
  pump();
}

void FakeStream::flow() {
  held_ = false;
  pump();
}

void FakeStream::pump() {
  if (!open_ || held_ || partitioned_ || pumping_ || !watch_) return;
  if (!watch_->pending() && !timed_out_) return;
  pumping_ = true;
  executor_.post([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->pumping_ = false;
    if (!self->open_ || self->held_ || self->partitioned_) return;
    std::vector<std::string> lines;
    while (auto line = self->watch_->next()) lines.push_back(*std::move(line));
    const bool over = self->watch_->over() || self->timed_out_;
    if (!lines.empty()) {
      self->restart_idle();
      self->callbacks_.lines(std::move(lines));
    }
    if (over) self->finish();
  });
}

void FakeStream::partition(bool on) {
  partitioned_ = on;
  pump();
}

int FakeStream::release(int count) {
  if (!open_ || !watch_) return 0;
  std::vector<std::string> lines;
  while (static_cast<int>(lines.size()) < count) {
    auto line = watch_->next();
    if (!line) break;
    lines.push_back(*std::move(line));
  }
  const int released = static_cast<int>(lines.size());
  if (released > 0) say(std::move(lines));
  if (watch_->over()) finish();
  return released;
}

bool FakeStream::bookmark() {
  if (!open_ || !watch_) return false;
  auto line = watch_->bookmark();
  if (!line) return false;
  say({*std::move(line)});
  return true;
}

void FakeStream::cut() { end(fail(ErrorKind::kBroken, "the connection broke")); }

void FakeStream::finish() { end(kube::Response{.status = 200}); }

void FakeStream::refuse(kube::Response reply) { end(std::move(reply)); }

void FakeStream::expire() {
  if (!open_ || !watch_) return;
  watch_->expire(expired("The resourceVersion for the provided watch is too old."));
  static_cast<void>(release(1));
}

void FakeStream::on_timeout() {
  if (!open_) return;
  // As the real one, which lets its clients go on from as late as can be.
  if (!held_ && !partitioned_) static_cast<void>(bookmark());
  timed_out_ = true;
  pump();
}

void FakeStream::drop() {
  dropped_ = true;
  open_ = false;
  idle_.reset();
  timeout_.reset();
  way_.reset();
  watch_.reset();
}

void FakeStream::restart_idle() {
  idle_ = executor_.post_after(idle_limit_, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->end(fail(ErrorKind::kTimeout, "silence"));
  });
}

void FakeStream::say(std::vector<std::string> lines) {
  restart_idle();
  executor_.post([weak = weak_from_this(), lines = std::move(lines)] {
    const auto self = weak.lock();
    if (self && !self->dropped_) self->callbacks_.lines(lines);
  });
}

void FakeStream::end(Result<kube::Response> result) {
  if (!open_) return;
  open_ = false;
  idle_.reset();
  timeout_.reset();
  way_.reset();
  executor_.post([weak = weak_from_this(), result = std::move(result)] {
    const auto self = weak.lock();
    if (self && !self->dropped_) self->callbacks_.end(result);
  });
}

}  // namespace processhub::testing
