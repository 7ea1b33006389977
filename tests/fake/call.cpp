#include "fake/call.h"

#include <utility>

namespace processhub::testing {

std::string Call::line() const {
  static constexpr const char* kMethods[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
  return std::string(kMethods[static_cast<int>(request_.method)]) + " " +
         request_.path.substr(0, request_.path.find('?'));
}

void Call::begin(Fate fate) {
  fate_ = std::move(fate);
  const std::weak_ptr<Call> weak = weak_from_this();
  if (fate_.kind == Fate::Kind::kUnreachable) return refuse();
  may_land_ = is_write() && fate_.kind != Fate::Kind::kRefused &&
              fate_.kind != Fate::Kind::kLostBefore && fate_.kind != Fate::Kind::kSilent;
  deadline_ = executor_.post_after(request_.deadline, [weak] {
    if (const auto self = weak.lock()) self->time_out();
  });
  if (fate_.kind == Fate::Kind::kSilent || fate_.kind == Fate::Kind::kHeld) return;
  const auto arrive = [weak] {
    if (const auto self = weak.lock()) self->arrive();
  };
  if (fate_.there == Duration{}) {
    executor_.post(arrive);
  } else {
    way_ = executor_.post_after(fate_.there, arrive);
  }
}

void Call::arrive() {
  if (fate_.kind == Fate::Kind::kLostBefore) return lose();
  if (fate_.kind != Fate::Kind::kRefused) deliver();
  const auto go_back = [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    switch (self->fate_.kind) {
      case Fate::Kind::kLostAfter:
        return self->lose();
      case Fate::Kind::kRefused:
      case Fate::Kind::kReplaced:
        return self->answer(self->fate_.reply);
      default:
        return self->answer();
    }
  };
  if (fate_.back == Duration{}) return go_back();
  way_ = executor_.post_after(fate_.back, go_back);
}

void Call::deliver() {
  if (!response_) response_ = serve_(request_);
}

void Call::answer() {
  deliver();
  finish(*response_);
}

void Call::answer(kube::Response response) { finish(std::move(response)); }

void Call::lose() { fail(ErrorKind::kBroken, "the connection broke", Committed::kUnknown); }

void Call::refuse() { fail(ErrorKind::kUnreachable, "no connection", Committed::kNo); }

void Call::time_out() {
  fail(ErrorKind::kTimeout, "no answer within the deadline", Committed::kUnknown);
}

void Call::forget() {
  ended_ = true;
  done_ = nullptr;
  deadline_.reset();
}

void Call::fail(ErrorKind kind, const char* message, Committed committed) {
  finish(tl::unexpected(Error{.kind = kind,
                              .message = message + (": " + line()),
                              .committed = is_write() ? committed : Committed::kNo}));
}

void Call::finish(Result<kube::Response> result) {
  if (ended_) return;
  ended_ = true;
  deadline_.reset();
  executor_.post([weak = weak_from_this(), result = std::move(result)] {
    const auto self = weak.lock();
    if (!self) return;
    // Its client may have been forgotten meanwhile.
    if (const Done done = std::exchange(self->done_, nullptr)) done(result);
  });
}

}  // namespace processhub::testing
