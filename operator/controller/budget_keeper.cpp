#include "controller/budget_keeper.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "apply/removal.h"

namespace processhub::controller {
namespace {

using kube::ObjectMeta;

kube::ObjectRef ref_of(const HubKey& hub, const std::string& name) {
  return {.resource = kube::kPodDisruptionBudgets, .ns = hub.ns, .name = name};
}

const std::string& name_of(const plan::BudgetAction& action) {
  return std::visit([](const auto& one) -> const std::string& { return one.name; }, action);
}

}  // namespace

void BudgetKeeper::run(const HubKey& hub, std::vector<plan::BudgetAction> actions, Written written,
                       Done done) {
  if (actions.empty()) return done({});
  const plan::BudgetAction action = std::move(actions.front());
  actions.erase(actions.begin());
  std::visit(
      [&](const auto& one) {
        write(hub, one,
              [this, hub, action, rest = std::move(actions), written = std::move(written),
               done = std::move(done)](const Result<ObjectMeta>& result) {
                if (result) written(result);
                const Result<void> outcome = ended(hub, action, result);
                if (!outcome) return done(outcome);
                run(hub, rest, written, done);
              });
      },
      action);
}

void BudgetKeeper::write(const HubKey&, const plan::CreateBudget& action,
                         kube::Client::WriteDone done) {
  client_.create(kube::kPodDisruptionBudgets, *action.body, {}, std::move(done));
}

void BudgetKeeper::write(const HubKey& hub, const plan::UpdateBudget& action,
                         kube::Client::WriteDone done) {
  client_.merge_patch(ref_of(hub, action.name), {.uid = action.uid, .version = action.version},
                      {{"spec", *action.spec}}, std::move(done));
}

void BudgetKeeper::write(const HubKey& hub, const plan::DeleteBudget& action,
                         kube::Client::WriteDone done) {
  apply::remove_object(client_, ref_of(hub, action.name), {.uid = action.uid}, std::move(done));
}

Result<void> BudgetKeeper::ended(const HubKey& hub, const plan::BudgetAction& action,
                                 const Result<ObjectMeta>& result) {
  if (result) {
    problems_.forget(hub);
    return {};
  }
  const bool refused = problems_.note(hub, result.error(), "PodDisruptionBudget " + name_of(action),
                                      "hub", "set spec.disruption.hold to false") != nullptr;
  return refused ? Result<void>() : tl::unexpected(result.error());
}

}  // namespace processhub::controller
