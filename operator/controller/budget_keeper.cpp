#include "controller/budget_keeper.h"

#include <fmt/core.h>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

namespace processhub::controller {
namespace {

using kube::ObjectMeta;

constexpr auto kRetry = std::chrono::minutes(1);

kube::ObjectRef ref_of(const HubKey& hub, const std::string& name) {
  return {.resource = kube::kPodDisruptionBudgets, .ns = hub.ns, .name = name};
}

const std::string& name_of(const plan::BudgetAction& action) {
  return std::visit([](const auto& one) -> const std::string& { return one.name; }, action);
}

}  // namespace

BudgetKeeper::Problem BudgetKeeper::problem_of(const HubKey& hub) {
  const auto found = problems_.find(hub);
  if (found == problems_.end()) return {};
  if (clock_.steady_now() < found->second.until) return found->second;
  problems_.erase(found);
  return {};
}

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
  client_.remove(ref_of(hub, action.name), {.uid = action.uid},
                 [done = std::move(done)](Result<ObjectMeta> removed) {
                   if (!removed && (removed.error().kind == ErrorKind::kNotFound ||
                                    removed.error().kind == ErrorKind::kConflict)) {
                     return done(ObjectMeta{});
                   }
                   done(std::move(removed));
                 });
}

Result<void> BudgetKeeper::ended(const HubKey& hub, const plan::BudgetAction& action,
                                 const Result<ObjectMeta>& result) {
  if (result) {
    problems_.erase(hub);
    return {};
  }
  const Error& error = result.error();
  const bool taken = error.kind == ErrorKind::kAlreadyExists;
  if (!taken && !is_refusal(error)) return tl::unexpected(error);
  const std::string& name = name_of(action);
  problems_[hub] = {
      .reason = taken ? "NameConflict" : "Refused",
      .message =
          taken ? fmt::format("PodDisruptionBudget {} exists and is not this hub's, so it is left "
                              "alone: delete it, or set spec.disruption.hold to false",
                              name)
                : fmt::format("the API server refuses PodDisruptionBudget {}: {}", name,
                              error.message),
      .until = clock_.steady_now() + kRetry};
  return {};
}

}  // namespace processhub::controller
