// Asks a pod something by HTTP and waits for its answer: a POST to its IP, again after a timeout
// or an error, within limits.
//
// Core thread; transport and executor outlive it. Nothing is kept of what the pod says but its
// first words, for people.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/executor.h"
#include "base/result.h"
#include "kube/transport.h"

namespace processhub::apply {

// "http://10.0.0.7:8080", "http://[fd00::2]:8080".
[[nodiscard]] std::string pod_url(const std::string& ip, int port);

struct PodRequest {
  std::string ip;
  int port = 0;
  std::string path;
  std::string body;                         // JSON
  std::chrono::milliseconds timeout{2000};  // of one attempt
  std::optional<int> retries = {};          // after the first attempt; none: as many as fit
  // Of all attempts together; none: only `retries` counts.
  std::optional<std::chrono::milliseconds> within = {};
};

class PodCaller {
 public:
  using Done = std::function<void(Result<void>)>;

  PodCaller(kube::Transport& transport, Executor& executor)
      : transport_(transport), executor_(executor) {}

  // A 2xx is the answer. The Error says where it was asked, how often, and what came of the last
  // attempt. `done` runs once, not from within the call; not at all once the caller is destroyed.
  void call(PodRequest request, Done done);

 private:
  struct Call;
  void attempt(const std::shared_ptr<Call>& call);
  void retry(const std::shared_ptr<Call>& call, Error error);
  static void give_up(Call& call);

  kube::Transport& transport_;
  Executor& executor_;
  std::shared_ptr<int> life_ = std::make_shared<int>();
};

}  // namespace processhub::apply
