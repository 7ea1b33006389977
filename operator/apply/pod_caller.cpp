#include "apply/pod_caller.h"

#include <algorithm>
#include <fmt/core.h>
#include <utility>

#include "base/text.h"

namespace processhub::apply {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFirstPause{100};  // between attempts; doubles
constexpr milliseconds kLongestPause{1000};
constexpr size_t kBodyLimit = 64 * 1024;
constexpr size_t kWordsLimit = 200;  // of its answer, in a message

}  // namespace

std::string pod_url(const std::string& ip, int port) {
  const bool six = ip.find(':') != std::string::npos;
  return "http://" + (six ? "[" + ip + "]" : ip) + ":" + std::to_string(port);
}

struct PodCaller::Call {
  PodRequest request;
  Done done;  // null once it has been called
  int attempts = 0;
  milliseconds pause = kFirstPause;
  Timer timer = {};
  Timer limit = {};
  Error last{.kind = ErrorKind::kTimeout, .message = "no answer in time"};
};

void PodCaller::call(PodRequest request, Done done) {
  auto call = std::make_shared<Call>();
  call->request = std::move(request);
  call->done = std::move(done);
  if (call->request.within) {
    call->limit = executor_.post_after(*call->request.within, [call, life = std::weak_ptr(life_)] {
      if (!life.expired()) give_up(*call);
    });
  }
  attempt(call);
}

void PodCaller::attempt(const std::shared_ptr<Call>& call) {
  ++call->attempts;
  transport_.send({.server = pod_url(call->request.ip, call->request.port),
                   .method = kube::Method::kPost,
                   .path = call->request.path,
                   .content_type = "application/json",
                   .body = call->request.body,
                   .deadline = call->request.timeout,
                   .body_limit = kBodyLimit},
                  [this, call, life = std::weak_ptr(life_)](const Result<kube::Response>& answer) {
                    if (life.expired() || !call->done) return;
                    if (!answer) return retry(call, answer.error());
                    if (answer->status >= 200 && answer->status <= 299) {
                      call->limit.reset();
                      return std::exchange(call->done, nullptr)({});
                    }
                    retry(call, {.kind = ErrorKind::kServer,
                                 .message = "it answered " + std::to_string(answer->status) + " " +
                                            clean_text(answer->body, kWordsLimit),
                                 .http_status = answer->status});
                  });
}

void PodCaller::retry(const std::shared_ptr<Call>& call, Error error) {
  call->last = std::move(error);
  if (call->request.retries && call->attempts > *call->request.retries) return give_up(*call);
  call->timer = executor_.post_after(call->pause, [this, call, life = std::weak_ptr(life_)] {
    if (!life.expired() && call->done) attempt(call);
  });
  call->pause = std::min(kLongestPause, call->pause * 2);
}

void PodCaller::give_up(Call& call) {
  if (!call.done) return;
  call.timer.reset();
  call.limit.reset();
  Error error = std::move(call.last);
  error.message =
      fmt::format("asked {} times at {}{} it did not answer with 2xx: {}", call.attempts,
                  pod_url(call.request.ip, call.request.port), call.request.path, error.message);
  std::exchange(call.done, nullptr)(tl::unexpected(std::move(error)));
}

}  // namespace processhub::apply
