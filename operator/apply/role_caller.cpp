#include "apply/role_caller.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/text.h"

namespace processhub::apply {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFirstPause{100};  // between attempts; doubles
constexpr milliseconds kLongestPause{1000};
constexpr size_t kBodyLimit = 64 * 1024;
constexpr size_t kWordsLimit = 200;  // of its answer, in a message

std::string server_of(const plan::TellRole& action) {
  const bool six = action.ip.find(':') != std::string::npos;
  return "http://" + (six ? "[" + action.ip + "]" : action.ip) + ":" +
         std::to_string(action.http.port);
}

}  // namespace

struct RoleCaller::Call {
  plan::TellRole action;
  std::function<void(Result<void>)> done;
  int attempts = 0;
  milliseconds pause = kFirstPause;
  Timer timer = {};
};

void RoleCaller::call(const plan::TellRole& action, std::function<void(Result<void>)> done) {
  auto call = std::make_shared<Call>();
  call->action = action;
  call->done = std::move(done);
  attempt(call);
}

void RoleCaller::attempt(const std::shared_ptr<Call>& call) {
  ++call->attempts;
  const api::RoleHttpSpec& http = call->action.http;
  transport_.send({.server = server_of(call->action),
                   .method = kube::Method::kPost,
                   .path = http.path,
                   .content_type = "application/json",
                   .body = call->action.body,
                   .deadline = std::chrono::duration_cast<milliseconds>(http.timeout),
                   .body_limit = kBodyLimit},
                  [this, call, life = std::weak_ptr(life_)](const Result<kube::Response>& answer) {
                    if (life.expired()) return;
                    if (!answer) return retry(call, answer.error());
                    if (answer->status >= 200 && answer->status <= 299) return call->done({});
                    retry(call, {.kind = ErrorKind::kServer,
                                 .message = "it answered " + std::to_string(answer->status) + " " +
                                            clean_text(answer->body, kWordsLimit),
                                 .http_status = answer->status});
                  });
}

void RoleCaller::retry(const std::shared_ptr<Call>& call, Error error) {
  if (call->attempts > call->action.http.retries) {
    error.message = "pod " + call->action.pod.str() + " was told \"" + to_text(call->action.role) +
                    "\" " + std::to_string(call->attempts) + " times at " +
                    server_of(call->action) + call->action.http.path +
                    " and did not answer with 2xx: " + error.message;
    return call->done(tl::unexpected(std::move(error)));
  }
  call->timer = executor_.post_after(call->pause, [this, call, life = std::weak_ptr(life_)] {
    if (!life.expired()) attempt(call);
  });
  call->pause = std::min(kLongestPause, call->pause * 2);
}

}  // namespace processhub::apply
