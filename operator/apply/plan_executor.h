// Carries a plan out: action after action, each with its preconditions, until the
// first that fails. What could have changed since the plan was made is read live
// just before the action that rests on it.
//
// Core thread. Nothing is retried here: the key is planned again from what is then true.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "apply/node_reader.h"
#include "apply/pod_caller.h"
#include "base/result.h"
#include "kube/client.h"
#include "plan/action.h"

namespace processhub::apply {

class PlanExecutor {
 public:
  // After each action: the object as the server has it now, its version empty where the
  // object was gone already; or why not.
  using Ended = std::function<void(const plan::Action&, const Result<kube::ObjectMeta>&)>;

  // Before a pod is asked something, which may take it long.
  using Asks = std::function<void(const ChildKey&)>;

  // Begins a handover; its end is nothing to the plan.
  using Gives = std::function<void(const plan::GiveState&)>;

  PlanExecutor(kube::Client& client, kube::Transport& transport, Executor& executor, Ended ended,
               Asks asks = {}, Gives gives = {})
      : client_(client),
        reader_(client),
        pod_caller_(transport, executor),
        ended_(std::move(ended)),
        asks_(std::move(asks)),
        gives_(std::move(gives)) {}

  // `done` runs once, after the last action or the first Error (a pod that does not answer is
  // none, unless it must); not from within run() unless there is nothing to wait for. An Error of
  // kConflict: what the plan was made from is no longer so; plan again.
  void run(std::vector<plan::Action> actions, std::function<void(Result<void>)> done);

  // Of the plans under way, no further action begins: they end with kNotLeader.
  void stop() { ++term_; }

 private:
  struct Run;  // the actions, how far they are, and whom to tell
  using Step = std::function<void(Result<kube::ObjectMeta>)>;

  void next(const std::shared_ptr<Run>& run);
  void carry_out(const plan::CreatePod& action, Step step);
  void carry_out(const plan::DeletePod& action, Step step);
  void carry_out(const plan::PutStatus& action, Step step);
  void carry_out(const plan::SetRole& action, Step step);
  void carry_out(const plan::TellRole& action, Step step);
  void carry_out(const plan::GiveState& action, Step step);
  void carry_out(const plan::LiftGate& action, Step step);
  void carry_out(const plan::BindPod& action, Step step);
  void carry_out(const plan::TakeOffCommand& action, Step step);
  void carry_out(const plan::CreateService& action, Step step);
  void carry_out(const plan::UpdateService& action, Step step);
  void carry_out(const plan::DeleteService& action, Step step);
  void put(const plan::PutStatus& action, const Step& step);
  void post(const plan::CreatePod& action, Step step);
  void accept_existing(const plan::CreatePod& action, Step step);

  kube::Client& client_;
  NodeReader reader_;
  PodCaller pod_caller_;
  Ended ended_;
  Asks asks_;
  Gives gives_;
  int term_ = 0;
};

}  // namespace processhub::apply
