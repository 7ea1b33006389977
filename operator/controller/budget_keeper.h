// Writes the PodDisruptionBudgets of hubs, and remembers which of them the API server would not
// have. Core thread; the client outlives it.
#pragma once

#include <functional>
#include <vector>

#include "controller/server_problems.h"
#include "kube/client.h"
#include "plan/disruption.h"

namespace processhub::controller {

class BudgetKeeper {
 public:
  // After each write: what is there now, or why not.
  using Written = std::function<void(const Result<kube::ObjectMeta>&)>;
  using Done = std::function<void(const Result<void>&)>;

  BudgetKeeper(kube::Client& client, const Clock& clock) : client_(client), problems_(clock) {}

  // Why the API server would not have the hub's budget.
  [[nodiscard]] ServerProblem problem_of(const HubKey& hub) { return problems_.of(hub); }
  // What is refused is no error: it becomes the problem. `done` runs once, at once where there is
  // nothing to do.
  void run(const HubKey& hub, std::vector<plan::BudgetAction> actions, Written written, Done done);
  void forget(const HubKey& hub) { problems_.forget(hub); }

 private:
  void write(const HubKey& hub, const plan::CreateBudget& action, kube::Client::WriteDone done);
  void write(const HubKey& hub, const plan::UpdateBudget& action, kube::Client::WriteDone done);
  void write(const HubKey& hub, const plan::DeleteBudget& action, kube::Client::WriteDone done);
  [[nodiscard]] Result<void> ended(const HubKey& hub, const plan::BudgetAction& action,
                                   const Result<kube::ObjectMeta>& result);

  kube::Client& client_;
  ServerProblems<HubKey> problems_;
};

}  // namespace processhub::controller
