// Brings each child to what its plan says: from the caches through plan_child to the
// executor, one key at a time.
//
// Core thread.
#pragma once

#include <map>
#include <memory>

#include "apply/plan_executor.h"
#include "apply/state_giver.h"
#include "cache/own_writes.h"
#include "controller/context.h"
#include "controller/create_pace.h"
#include "controller/server_problems.h"
#include "controller/status_line.h"
#include "controller/worker.h"
#include "plan/child_plan.h"

namespace processhub::controller {

class ChildController {
 public:
  ChildController(Context& context, queue::QueueOptions options);

  void add(const ChildKey& key) { worker_.add(key); }
  void add_all_of(const HubKey& hub);
  // Only a leader works; keys that come meanwhile are dropped, and all are added at the start.
  void lead(bool leads);

  [[nodiscard]] const queue::WorkQueue<ChildKey>& queue() const { return worker_.queue(); }

 private:
  using Child = std::shared_ptr<const api::ProcessHubChild>;
  void reconcile(const ChildKey& key);
  void work(const Child& child);
  void reject(const Child& child, const std::string& reason, const std::string& message);
  ServerProblem problem_of_service(const ChildKey& key);
  void account(const Child& child, HubEntry& hub, const plan::ChildPlan& plan);
  void leave_budget(const HubKey& hub, const ChildKey& child);
  [[nodiscard]] std::optional<plan::MoveKind> move_by_status(
      const api::ProcessHubChild& child) const;
  void wake_next(HubEntry& hub);  // who waits for a place that is free now
  void carry_out(const Child& child, std::vector<plan::Action> actions,
                 const api::ChildStatus& status, std::vector<redundancy::PodRef> gone);
  const plan::RoleAnswers& answers_of(const api::ProcessHubChild& child,
                                      const std::vector<const kube::Pod*>& pods);
  void finish(const ChildKey& key, const Result<void>& result);
  void hold_back(const ChildKey& key, std::vector<plan::Action>& actions);
  void forget(const ChildKey& key);
  void ended(const plan::Action& action, const Result<kube::ObjectMeta>& result);
  void ended(const plan::CreatePod& create, const Result<kube::ObjectMeta>& result);
  void ended(const plan::DeletePod& remove, const Result<kube::ObjectMeta>& result);
  void ended(const plan::PutStatus& put, const Result<kube::ObjectMeta>& result);
  void ended(const plan::SetRole& set, const Result<kube::ObjectMeta>& result);
  void ended(const plan::TellRole& told, const Result<kube::ObjectMeta>& result);
  static void ended(const plan::GiveState&, const Result<kube::ObjectMeta>&) {}  // it has begun
  void ended(const plan::LiftGate& lift, const Result<kube::ObjectMeta>& result);
  void ended(const plan::BindPod& bind, const Result<kube::ObjectMeta>& result);
  void ended(const plan::CreateService& create, const Result<kube::ObjectMeta>& result);
  void ended(const plan::UpdateService& update, const Result<kube::ObjectMeta>& result);
  void ended(const plan::DeleteService& remove, const Result<kube::ObjectMeta>& result);
  void ended(const plan::TakeOffCommand& remove, const Result<kube::ObjectMeta>& result);
  void give_state(const plan::GiveState& give);
  void note_refusal_of_role(const ChildKey& child, const Error& error);
  void tell_of_refusal(const ChildKey& key, api::ChildStatus& status, WallTime now) const;
  void tell(const api::ProcessHubChild& child, status::EventType type, std::string_view reason,
            std::string note);

  // Whether a status that differs is to be written now.
  bool status_is_due(const Child& child, const api::ChildStatus& status);

  Context& context_;
  Worker<ChildKey> worker_;
  cache::OwnWrites<ChildKey> own_writes_;
  apply::PlanExecutor executor_;
  apply::StateGiver state_giver_;
  StatusLine status_line_;
  struct Written {
    ResourceVersion version;
    std::optional<plan::MoveKind> move;
  };
  std::map<ChildKey, Written> written_;          // the last status
  enum class Refused { kPod, kRole, kBinding };  // the last two of a pod that is there
  struct Refusal {
    std::string message;  // what the server said
    Refused of = Refused::kPod;
  };
  std::map<ChildKey, Refusal> refused_;  // of the last pod
  CreatePace create_pace_;
  std::map<ChildKey, int> failures_;  // pods that ended by themselves, in a row
  std::map<ChildKey, plan::RoleAnswers> answers_;
  ServerProblems<ChildKey> service_problems_;
  std::map<ChildKey, HubKey> hub_of_;    // of children that have been planned
  std::map<ChildKey, Child> acting_on_;  // while a plan is carried out: what it was made from
  bool leads_ = false;
};

}  // namespace processhub::controller
