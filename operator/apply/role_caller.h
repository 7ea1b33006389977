// Tells a pod its role by HTTP and waits for its answer: POST to its IP, again after a timeout or
// an error, within the limits of `spec.redundancy.replication.http`.
//
// Core thread; transport and executor outlive it. Nothing is kept of what the pod says but its
// first words, for people.
#pragma once

#include <functional>
#include <memory>

#include "base/executor.h"
#include "base/result.h"
#include "kube/transport.h"
#include "plan/action.h"

namespace processhub::apply {

class RoleCaller {
 public:
  RoleCaller(kube::Transport& transport, Executor& executor)
      : transport_(transport), executor_(executor) {}

  // A 2xx is the answer. The Error says what came of the last attempt. `done` runs once, not from
  // within the call; not at all once the caller is destroyed.
  void call(const plan::TellRole& action, std::function<void(Result<void>)> done);

 private:
  struct Call;
  void attempt(const std::shared_ptr<Call>& call);
  void retry(const std::shared_ptr<Call>& call, Error error);

  kube::Transport& transport_;
  Executor& executor_;
  std::shared_ptr<int> life_ = std::make_shared<int>();
};

}  // namespace processhub::apply
