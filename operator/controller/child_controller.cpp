#include "controller/child_controller.h"

#include <algorithm>
#include <fmt/core.h>
#include <utility>

#include "api/conditions.h"
#include "base/log.h"
#include "cache/version.h"
#include "controller/child_events.h"
#include "plan/child_placement.h"
#include "plan/child_status.h"
#include "plan/move_rules.h"
#include "plan/roles.h"

namespace processhub::controller {
namespace {

using plan::ChildPlan;
using Move = plan::MoveKind;

bool at_rest(const api::ChildStatus& status) { return status.phase == api::Phase::kRunning; }

template <typename... Kinds>
bool is_any(const plan::Action& action) {
  return (std::holds_alternative<Kinds>(action) || ...);
}

bool makes_a_pod(const std::vector<plan::Action>& actions) {
  return std::any_of(actions.begin(), actions.end(), is_any<plan::CreatePod>);
}

bool writes_a_pod(const std::vector<plan::Action>& actions) {
  return std::any_of(actions.begin(), actions.end(),
                     is_any<plan::CreatePod, plan::SetRole, plan::LiftGate, plan::BindPod>);
}

// Else what follows from them is seen in the caches, and changes the status.
bool concern_services_alone(const std::vector<plan::Action>& actions) {
  return std::all_of(actions.begin(), actions.end(),
                     is_any<plan::CreateService, plan::UpdateService, plan::DeleteService>);
}

bool never_ran(const api::ChildStatus& status) {
  return !status.phase || status.phase == api::Phase::kPending;
}

}  // namespace

ChildController::ChildController(Context& context, queue::QueueOptions options)
    : context_(context),
      worker_(context, std::move(options)),
      own_writes_(context.executor, [this](const ChildKey& key) { worker_.add(key); }),
      executor_(
          context.client, context.transport, context.executor,
          [this](const plan::Action& action, const Result<kube::ObjectMeta>& result) {
            ended(action, result);
          },
          [this](const ChildKey& key) { worker_.wait(key); },
          [this](const plan::GiveState& give) { give_state(give); }),
      state_giver_(context.transport, context.executor, context.clock),
      status_line_([this](const ChildKey& key) { worker_.add(key); }),
      service_problems_(context.clock) {
  own_writes_.follow("pods", context_.caches.pods);
  own_writes_.follow("processhubchildren", context_.caches.children);
  context_.caches.children.subscribe([this](const auto& before, const auto& after) {
    worker_.add(before != nullptr ? before->key() : after->key());
    if (before == nullptr || (after != nullptr && after->meta.uid == before->meta.uid)) return;
    refused_.erase(before->key());  // another child of that name begins anew
    create_pace_.forget(before->key());
    failures_.erase(before->key());
    answers_.erase(before->key());
    written_.erase(before->key());
  });
  context_.caches.pods.subscribe([this](const auto& before, const auto& after) {
    if (before != nullptr) worker_.add(Caches::child_of(*before));
    if (after != nullptr) worker_.add(Caches::child_of(*after));
  });
  own_writes_.follow("services", context_.caches.services);
  context_.caches.services.subscribe([this](const auto& before, const auto& after) {
    for (const auto& service : {before, after}) {
      if (service == nullptr) continue;
      worker_.add({service->meta.ns, kube::value_of(service->meta.labels, plan::kChildLabel)});
    }
  });
  worker_.start([this](const ChildKey& key) { reconcile(key); });
}

void ChildController::lead(bool leads) {
  leads_ = leads;
  executor_.stop();
  if (!leads) return;
  for (const auto& [key, child] : context_.caches.children.all()) worker_.add(key);
}

void ChildController::add_all_of(const HubKey& hub) {
  for (const auto& child : context_.caches.children_by_hub.find(hub)) worker_.add(child->key());
}

void ChildController::reconcile(const ChildKey& key) {
  const Child child = context_.caches.children.find(key);
  if (child == nullptr || child->meta.deleted) {
    forget(key);
    return finish(key, {});
  }
  if (!leads_ || !own_writes_.passed(key)) return worker_.rest(key);
  work(child);
}

void ChildController::work(const Child& child) {
  const HubKey hub_key = child->hub_key();
  hub_of_[child->key()] = hub_key;
  const auto hub = context_.caches.hubs.find(hub_key);
  if (child->problem) return reject(child, "InvalidSpec", *child->problem);
  if (hub == nullptr || hub->meta.deleted) {
    return reject(child, "HubNotFound",
                  fmt::format("spec.hub: there is no ProcessHub {} in namespace {}; what runs is "
                              "left as it is",
                              hub_key.name, hub_key.ns));
  }
  HubEntry* entry = context_.hubs.find(hub_key);
  // The hub's turn comes, then ours.
  if (entry == nullptr || (entry->frame == nullptr && entry->problem.empty())) {
    return finish(child->key(), {});
  }
  if (entry->frame == nullptr) return reject(child, "HubInvalid", entry->problem);

  const std::vector<const kube::Pod*> pods = context_.caches.pods_of(child->key());
  const plan::PodTemplate pod_template = context_.templates.of(*entry->frame, child.get());
  const auto services = context_.caches.services_by_child.find(child->key());
  std::vector<const kube::Service*> service_views;
  for (const auto& service : services) service_views.push_back(service.get());
  const ServerProblem service_problem = problem_of_service(child->key());
  const WallTime now = context_.clock.wall_now();
  const std::string seated_as = plan::placement_key(hub_key, child->meta.name);
  entry->ledger.settle();
  const std::vector<placement::Seat> seats = entry->ledger.take(seated_as);
  ChildPlan plan =
      plan::plan_child({.frame = *entry->frame,
                        .child = *child,
                        .pods = pods,
                        .pod_template = pod_template,
                        .may_move = entry->budget.may_move(child->key(), Move::kOfNodes),
                        .may_update = entry->budget.may_move(child->key(), Move::kUpdate),
                        .rollout_failed = entry->budget.has_failed(),
                        .now = now,
                        .failures = failures_[child->key()],
                        .seats = seats,
                        .loads = &entry->ledger.loads(),
                        .answers = &answers_of(*child, pods),
                        .services = service_views,
                        .service_problem = service_problem.message,
                        .service_problem_reason = service_problem.reason,
                        .find_node = [this](const NodeName& node) {
                          return context_.caches.nodes.find(node).get();
                        }});
  entry->ledger.book(seated_as,
                     {.seats = plan.seats, .excluded = plan::names_of(plan.status.excluded)});
  if (!writes_a_pod(plan.actions)) refused_.erase(child->key());
  tell_of_refusal(child->key(), plan.status, now);
  account(child, *entry, plan);
  if (plan.look_again) worker_.add_after(child->key(), *plan.look_again - now);
  hold_back(child->key(), plan.actions);
  carry_out(child, std::move(plan.actions), plan.status, std::move(plan.gone));
}

// Pods that are gone as soon as they are there are not made in a hot loop.
void ChildController::hold_back(const ChildKey& key, std::vector<plan::Action>& actions) {
  const SteadyTime now = context_.clock.steady_now();
  std::erase_if(actions, [&](const plan::Action& action) {
    const auto* create = std::get_if<plan::CreatePod>(&action);
    if (create == nullptr) return false;
    const SteadyTime due = create_pace_.not_before(key, create->pod.name);
    if (due <= now) return false;
    worker_.add_after(key, due - now);
    return true;
  });
}

ServerProblem ChildController::problem_of_service(const ChildKey& key) {
  ServerProblem problem = service_problems_.of(key);
  if (!problem.message.empty()) {
    worker_.add_after(key, problem.until - context_.clock.steady_now());
  }
  return problem;
}

// Of the pods that are still there.
const plan::RoleAnswers& ChildController::answers_of(const api::ProcessHubChild& child,
                                                     const std::vector<const kube::Pod*>& pods) {
  plan::RoleAnswers& answers = answers_[child.key()];
  const auto left = [&](const auto& one) {
    return std::none_of(pods.begin(), pods.end(),
                        [&](const kube::Pod* pod) { return pod->meta.uid == one.first; });
  };
  std::erase_if(answers.answered, left);
  std::erase_if(answers.silent, left);
  std::erase_if(answers.peers, left);
  std::erase_if(answers.handovers, left);
  std::erase_if(answers.bound, [&](const Uid& uid) { return left(std::pair(uid, 0)); });
  return answers;
}

// A child whose hub is not there, or that cannot be understood: it is told why, and
// its pods are left untouched.
void ChildController::reject(const Child& child, const std::string& reason,
                             const std::string& message) {
  if (!api::is_true(child->status.conditions, plan::kMigrating)) {
    leave_budget(child->hub_key(), child->key());
  }
  carry_out(child, {}, plan::rejected_status(*child, reason, message, context_.clock.wall_now()),
            {});
}

// A place in the budget is free again only when the status says so: else others would
// see more children migrate than may.
void ChildController::account(const Child& child, HubEntry& hub, const ChildPlan& plan) {
  hub.budget.failed(child->key(), plan.update_failed);
  const auto before = move_by_status(*child);
  if (plan.moving || before) {
    hub.budget.took(child->key(), plan.moving ? *plan.moving : *before);
  } else if (plan.wants_move) {
    hub.budget.waits(child->key(), *plan.wants_move);
  } else {
    hub.budget.left(child->key());
  }
  hub.budget.serves(child->key(), plan.serves);
  wake_next(hub);
}

// A cache that stands still shows less than we have written ourselves.
std::optional<plan::MoveKind> ChildController::move_by_status(
    const api::ProcessHubChild& child) const {
  const auto written = written_.find(child.key());
  const bool stale =
      written != written_.end() &&
      cache::version_number(child.meta.version) < cache::version_number(written->second.version);
  return stale ? written->second.move : plan::move_under_way(child.status);
}

void ChildController::wake_next(HubEntry& hub) {
  for (const ChildKey& next : hub.budget.take_next()) worker_.add(next);
}

void ChildController::leave_budget(const HubKey& hub, const ChildKey& child) {
  HubEntry* const entry = context_.hubs.find(hub);
  if (entry == nullptr) return;
  entry->budget.forget(child);
  wake_next(*entry);
}

bool ChildController::status_is_due(const Child& child, const api::ChildStatus& status) {
  const ChildKey key = child->key();
  if (status == child->status) {
    status_line_.settled(key);
    return false;
  }
  // The end of a move frees a place in the budget: others wait for it.
  if (api::is_true(child->status.conditions, plan::kMigrating)) return true;
  const SteadyTime now = context_.clock.steady_now();
  const StatusLine::Turn turn = status_line_.ask(
      key, {.at_rest = at_rest(status), .starting = never_ran(child->status)}, now);
  if (turn.again) worker_.add_after(key, *turn.again - now);
  return turn.now;
}

void ChildController::carry_out(const Child& child, std::vector<plan::Action> actions,
                                const api::ChildStatus& status,
                                std::vector<redundancy::PodRef> gone) {
  // What the actions change is seen in the caches, and the status then made from that; but
  // where the server refuses them, that is to be said first.
  const bool refused = refused_.contains(child->key()) && !(status == child->status);
  const bool writes_status =
      !actions.empty() && std::holds_alternative<plan::PutStatus>(actions.front());
  if (!writes_status &&
      (concern_services_alone(actions) ? status_is_due(child, status) : refused)) {
    actions.insert(actions.begin(), plan::PutStatus{.child = child->key(),
                                                    .hub = child->spec.hub,
                                                    .uid = child->meta.uid,
                                                    .version = child->meta.version,
                                                    .status = status,
                                                    .only_if = {},
                                                    .gone = std::move(gone),
                                                    .unbound = {}});
  }
  if (actions.empty()) return finish(child->key(), {});
  acting_on_[child->key()] = child;
  if (makes_a_pod(actions) && never_ran(child->status)) {
    status_line_.starts(child->key(), context_.clock.steady_now());
  }
  executor_.run(std::move(actions),
                [this, key = child->key()](const Result<void>& result) { finish(key, result); });
}

void ChildController::finish(const ChildKey& key, const Result<void>& result) {
  acting_on_.erase(key);
  status_line_.ended(key);
  if (!result) status_line_.settled(key);  // it is not on its way
  worker_.finish(key, result);
}

void ChildController::forget(const ChildKey& key) {
  status_line_.settled(key);
  refused_.erase(key);
  create_pace_.forget(key);
  failures_.erase(key);
  answers_.erase(key);
  written_.erase(key);
  service_problems_.forget(key);
  context_.templates.forget(key);
  const auto found = hub_of_.find(key);
  if (found == hub_of_.end()) return;
  leave_budget(found->second, key);
  hub_of_.erase(found);
}

void ChildController::ended(const plan::Action& action, const Result<kube::ObjectMeta>& result) {
  std::visit([&](const auto& one) { ended(one, result); }, action);
}

void ChildController::ended(const plan::CreatePod& create, const Result<kube::ObjectMeta>& result) {
  if (!result) {
    // A webhook that fails is the server's error, and as lasting as a refusal.
    if (is_refusal(result.error()) || result.error().kind == ErrorKind::kServer) {
      refused_[create.child] = {.message = result.error().message};
    }
    return;
  }
  refused_.erase(create.child);
  create_pace_.made(create.child, create.pod.name, context_.clock.steady_now());
  own_writes_.wrote(create.child, "pods", result->version);
  const auto child = context_.caches.children.find(create.child);
  if (child == nullptr) return;
  if (context_.observer.pod_created) context_.observer.pod_created(child->hub_key());
  tell(*child, status::EventType::kNormal, "PodCreated",
       fmt::format("created pod {} on node {}", create.pod.name, create.node.str()));
}

void ChildController::ended(const plan::DeletePod& remove, const Result<kube::ObjectMeta>& result) {
  if (!result) return;
  if (remove.reason == plan::Reason::kPodFailed) ++failures_[remove.child];
  own_writes_.wrote(remove.child, "pods", result->version);
  const auto child = context_.caches.children.find(remove.child);
  if (child == nullptr) return;
  if (context_.observer.pod_deleted) context_.observer.pod_deleted(child->hub_key());
  tell(*child, status::EventType::kNormal, "PodDeleted",
       fmt::format("deleted pod {} on node {}: {}", remove.pod.name, remove.node.str(),
                   plan::to_string(remove.reason)));
}

void ChildController::ended(const plan::PutStatus& put, const Result<kube::ObjectMeta>& result) {
  if (!result) return;
  own_writes_.wrote(put.child, "processhubchildren", result->version);
  written_[put.child] = {.version = result->version, .move = plan::move_under_way(put.status)};
  status_line_.settled(put.child);
  if (at_rest(put.status)) {
    failures_.erase(put.child);
    create_pace_.forget(put.child);
  }
  // Compared with what it was planned from: the cache may have seen this write already.
  const auto acting = acting_on_.find(put.child);
  if (acting != acting_on_.end()) tell_of_conditions(context_, *acting->second, put.status);
}

void ChildController::ended(const plan::SetRole& set, const Result<kube::ObjectMeta>& result) {
  if (!result) return note_refusal_of_role(set.child, result.error());
  if (result->version.empty()) return;
  refused_.erase(set.child);
  own_writes_.wrote(set.child, "pods", result->version);
  const auto child = context_.caches.children.find(set.child);
  if (child == nullptr || set.role.role != redundancy::Role::kActive || set.cause.empty()) return;
  if (context_.observer.promoted) {
    context_.observer.promoted(child->hub_key(), set.cause,
                               context_.clock.wall_now() - set.decided);
  }
  tell(*child, status::EventType::kNormal, "RoleChanged",
       fmt::format("pod {} is active since epoch {}: {}", set.pod.name, set.role.epoch, set.cause));
}

void ChildController::ended(const plan::TellRole& told, const Result<kube::ObjectMeta>& result) {
  worker_.go_on(told.child);
  worker_.add(told.child);  // no watch tells of what comes of it
  if (!result && result.error().kind == ErrorKind::kConflict) return;  // it was not asked
  plan::RoleAnswers& answers = answers_[told.child];
  if (told.role.role == redundancy::Role::kPeer) answers.peers[told.uid] = told.body;
  if (result) {
    answers.answered[told.uid] = told.role;
    return;
  }
  answers.silent[told.uid] = told.role;
  const auto child = context_.caches.children.find(told.child);
  if (child == nullptr) return;
  tell(*child, status::EventType::kWarning, "RoleNotAnswered", result.error().message);
}

// Beside the plans of the child: where its nodes change meanwhile, that does not wait.
void ChildController::give_state(const plan::GiveState& give) {
  answers_[give.child].handovers[give.to.uid] = {.epoch = give.epoch};
  state_giver_.give(give, [this, give](const Result<void>& given) {
    const auto answers = answers_.find(give.child);
    if (answers == answers_.end()) return;
    const auto state = answers->second.handovers.find(give.to.uid);
    if (state == answers->second.handovers.end() || state->second.epoch != give.epoch) return;
    state->second.over = true;
    if (!given) state->second.problem = given.error().message;
    worker_.add(give.child);
  });
}

void ChildController::ended(const plan::LiftGate& lift, const Result<kube::ObjectMeta>& result) {
  if (!result) return note_refusal_of_role(lift.child, result.error());
  refused_.erase(lift.child);
  own_writes_.wrote(lift.child, "pods", result->version);
}

void ChildController::ended(const plan::BindPod& bind, const Result<kube::ObjectMeta>& result) {
  if (!result) {
    if (is_refusal(result.error())) {
      refused_[bind.child] = {.message = result.error().message, .of = Refused::kBinding};
    }
    return;
  }
  refused_.erase(bind.child);
  answers_[bind.child].bound.insert(bind.uid);
}

// By a policy, or for want of rights. That the pod is not what it was is none.
void ChildController::note_refusal_of_role(const ChildKey& child, const Error& error) {
  if (is_refusal(error)) refused_[child] = {.message = error.message, .of = Refused::kRole};
}

void ChildController::ended(const plan::CreateService& create,
                            const Result<kube::ObjectMeta>& result) {
  if (result) return own_writes_.wrote(create.child, "services", result->version);
  const ServerProblem* const problem = service_problems_.note(
      create.child, result.error(), "Service " + create.name, "child", "rename the child");
  const auto child = context_.caches.children.find(create.child);
  if (problem == nullptr || child == nullptr) return;
  tell(*child, status::EventType::kWarning, problem->reason, problem->message);
}

void ChildController::ended(const plan::UpdateService& update,
                            const Result<kube::ObjectMeta>& result) {
  if (result) own_writes_.wrote(update.child, "services", result->version);
}

void ChildController::ended(const plan::DeleteService& remove,
                            const Result<kube::ObjectMeta>& result) {
  if (result) own_writes_.wrote(remove.child, "services", result->version);
}

void ChildController::ended(const plan::TakeOffCommand& remove,
                            const Result<kube::ObjectMeta>& result) {
  if (!result) return;
  own_writes_.wrote(remove.child, "processhubchildren", result->version);
  const auto child = context_.caches.children.find(remove.child);
  if (child == nullptr) return;
  tell(*child, remove.refused ? status::EventType::kWarning : status::EventType::kNormal,
       remove.outcome, remove.message);
}

// A pod that the API server refuses (a quota, a policy) is what keeps the child from being
// Ready, and the server's words say why.
void ChildController::tell_of_refusal(const ChildKey& key, api::ChildStatus& status,
                                      WallTime now) const {
  const auto refused = refused_.find(key);
  if (refused == refused_.end()) return;
  const bool of_a_role = refused->second.of == Refused::kRole;
  const api::Condition* told =
      api::find_condition(status.conditions, of_a_role ? plan::kActive : plan::kReady);
  if (told == nullptr || (!of_a_role && told->status == kube::ConditionStatus::kTrue)) return;
  api::Condition condition = *told;
  if (of_a_role) condition.status = kube::ConditionStatus::kUnknown;
  condition.reason = "PodRefused";
  switch (refused->second.of) {
    case Refused::kPod:
      condition.message = "the API server refuses a pod: ";
      break;
    case Refused::kRole:
      condition.message = "the API server refuses to write a pod's role: ";
      break;
    case Refused::kBinding:
      condition.message = "the API server refuses to bind a pod to its node: ";
      break;
  }
  condition.message += refused->second.message;
  api::set_condition(status.conditions, std::move(condition), now);
}

void ChildController::tell(const api::ProcessHubChild& child, status::EventType type,
                           std::string_view reason, std::string note) {
  tell_of(context_, child, type, reason, std::move(note));
}

}  // namespace processhub::controller
