// Writes the PodDisruptionBudgets of hubs, and remembers which of them the API server would not
// have. Core thread; the client outlives it.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "kube/client.h"
#include "plan/disruption.h"

namespace processhub::controller {

class BudgetKeeper {
 public:
  struct Problem {
    std::string reason = {};
    std::string message = {};  // empty: none
    SteadyTime until = {};     // then it is tried again
  };
  // After each write: what is there now, or why not.
  using Written = std::function<void(const Result<kube::ObjectMeta>&)>;
  using Done = std::function<void(const Result<void>&)>;

  BudgetKeeper(kube::Client& client, const Clock& clock) : client_(client), clock_(clock) {}

  // Of a moment ago; none once it is time to try again.
  [[nodiscard]] Problem problem_of(const HubKey& hub);
  // What is refused is no error: it becomes the problem. `done` runs once, at once where there is
  // nothing to do.
  void run(const HubKey& hub, std::vector<plan::BudgetAction> actions, Written written, Done done);
  void forget(const HubKey& hub) { problems_.erase(hub); }

 private:
  void write(const HubKey& hub, const plan::CreateBudget& action, kube::Client::WriteDone done);
  void write(const HubKey& hub, const plan::UpdateBudget& action, kube::Client::WriteDone done);
  void write(const HubKey& hub, const plan::DeleteBudget& action, kube::Client::WriteDone done);
  [[nodiscard]] Result<void> ended(const HubKey& hub, const plan::BudgetAction& action,
                                   const Result<kube::ObjectMeta>& result);

  kube::Client& client_;
  const Clock& clock_;
  std::map<HubKey, Problem> problems_;
};

}  // namespace processhub::controller
