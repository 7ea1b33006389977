#include "apply/plan_executor.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "api/status_json.h"
#include "apply/child_labels.h"
#include "apply/preconditions.h"
#include "apply/removal.h"
#include "apply/role_writer.h"
#include "kube/decode.h"
#include "plan/labels.h"

namespace processhub::apply {

using kube::ObjectMeta;

namespace {

// A pod that does not answer holds nothing up, unless the fence needs to know.
bool goes_on_without(const plan::Action& action, const Error& error) {
  const auto* told = std::get_if<plan::TellRole>(&action);
  return told != nullptr && !told->must_answer && error.kind != ErrorKind::kConflict;
}

ChildLabels labels_of(const plan::CreatePod& action) {
  const auto& labels = action.body->at("metadata").at("labels");
  return {.hub = labels.value(plan::kHubLabel, ""), .child = labels.value(plan::kChildLabel, "")};
}

}  // namespace

struct PlanExecutor::Run {
  std::vector<plan::Action> actions;
  size_t at = 0;
  int term = 0;
  std::function<void(Result<void>)> done;
};

void PlanExecutor::run(std::vector<plan::Action> actions, std::function<void(Result<void>)> done) {
  auto run = std::make_shared<Run>();
  run->actions = std::move(actions);
  run->done = std::move(done);
  run->term = term_;
  next(run);
}

void PlanExecutor::next(const std::shared_ptr<Run>& run) {
  if (run->at == run->actions.size()) return run->done({});
  if (run->term != term_) {
    return run->done(fail(ErrorKind::kNotLeader, "the plan was made before leadership ended"));
  }
  const Step step = [this, run](Result<ObjectMeta> result) {
    ended_(run->actions[run->at], result);
    if (!result && !goes_on_without(run->actions[run->at], result.error())) {
      return run->done(tl::unexpected(result.error()));
    }
    ++run->at;
    next(run);
  };
  std::visit([&](const auto& action) { carry_out(action, step); }, run->actions[run->at]);
}

void PlanExecutor::carry_out(const plan::CreatePod& action, Step step) {
  if (action.incarnation == 1) return post(action, std::move(step));
  check_slot_free(client_, reader_, action,
                  [this, action, step = std::move(step)](Result<void> free) {
                    if (!free) return step(tl::unexpected(free.error()));
                    post(action, step);
                  });
}

void PlanExecutor::post(const plan::CreatePod& action, Step step) {
  client_.create(kube::kPods, *action.body, {},
                 [this, action, step = std::move(step)](Result<ObjectMeta> made) {
                   if (!made && made.error().kind == ErrorKind::kAlreadyExists) {
                     return accept_existing(action, step);
                   }
                   step(std::move(made));
                 });
}

// The pod is there already: sent twice by the HTTP library, or by another leader. Where somebody
// has taken off it the labels by which the caches see it, it gets them back.
void PlanExecutor::accept_existing(const plan::CreatePod& action, Step step) {
  const kube::ObjectRef ref{.resource = kube::kPods, .ns = action.pod.ns, .name = action.pod.name};
  client_.get(ref, kube::pod_mask(),
              [this, action, step = std::move(step)](const Result<nlohmann::json>& answer) {
                if (!answer) return step(tl::unexpected(answer.error()));
                const auto pod = kube::decode_pod(*answer);
                if (!pod) return step(tl::unexpected(pod.error()));
                const bool ours = pod->meta.owner_uid == action.owner;
                const bool wanted = ours && pod->pinned_node == action.node && !pod->meta.deleted;
                const Error other{.kind = ErrorKind::kConflict,
                                  .message = "pod " + action.pod.str() +
                                             " exists and is not the one that is wanted: it "
                                             "belongs to another owner or node, or is being "
                                             "deleted"};
                const ChildLabels labels = labels_of(action);
                if (!ours || has_labels(*pod, labels)) {
                  return step(wanted ? Result<ObjectMeta>(pod->meta) : tl::unexpected(other));
                }
                give_labels_back(client_, *pod, labels,
                                 [wanted, other, step](Result<ObjectMeta> given) {
                                   if (given && !wanted) return step(tl::unexpected(other));
                                   step(std::move(given));
                                 });
              });
}

void PlanExecutor::carry_out(const plan::DeletePod& action, Step step) {
  const auto go_on = [this, action, step = std::move(step)](Result<void> holds) {
    if (!holds) return step(tl::unexpected(holds.error()));
    const kube::ObjectRef ref{
        .resource = kube::kPods, .ns = action.pod.ns, .name = action.pod.name};
    remove_object(client_, ref, {.uid = action.uid, .version = action.version}, step);
  };
  if (!action.only_if) return go_on({});
  check_down(reader_, {*action.only_if}, go_on);
}

void PlanExecutor::carry_out(const plan::CreateService& action, Step step) {
  client_.create(kube::kServices, *action.body, {}, std::move(step));
}

void PlanExecutor::carry_out(const plan::UpdateService& action, Step step) {
  client_.merge_patch({.resource = kube::kServices, .ns = action.child.ns, .name = action.name},
                      {.uid = action.uid, .version = action.version}, {{"spec", *action.spec}},
                      std::move(step));
}

void PlanExecutor::carry_out(const plan::DeleteService& action, Step step) {
  remove_object(client_, {.resource = kube::kServices, .ns = action.child.ns, .name = action.name},
                {.uid = action.uid}, std::move(step));
}

void PlanExecutor::carry_out(const plan::PutStatus& action, Step step) {
  check_down(reader_, action.only_if, [this, action, step = std::move(step)](Result<void> holds) {
    if (!holds) return step(tl::unexpected(holds.error()));
    const Owner owner{.child = action.child, .uid = action.uid, .hub = action.hub};
    check_gone(client_, owner, action.gone, [this, action, step](const Result<void>& gone) {
      if (!gone) return step(tl::unexpected(gone.error()));
      check_unbound(client_, action.child.ns, action.unbound,
                    [this, action, step](const Result<void>& unbound) {
                      if (!unbound) return step(tl::unexpected(unbound.error()));
                      put(action, step);
                    });
    });
  });
}

void PlanExecutor::put(const plan::PutStatus& action, const Step& step) {
  const ObjectMeta child{.ns = action.child.ns,
                         .name = action.child.name,
                         .uid = action.uid,
                         .version = action.version};
  client_.update_status(
      kube::kProcessHubChildren,
      api::status_update(kube::kProcessHubChildren, child, api::to_json(action.status)), step);
}

void PlanExecutor::carry_out(const plan::SetRole& action, Step step) {
  check_down(reader_, action.only_if, [this, action, step = std::move(step)](Result<void> holds) {
    if (!holds) return step(tl::unexpected(holds.error()));
    write_role(client_, action, step);
  });
}

void PlanExecutor::carry_out(const plan::TellRole& action, Step step) {
  check_down(reader_, action.only_if, [this, action, step = std::move(step)](Result<void> holds) {
    if (!holds) return step(tl::unexpected(holds.error()));
    if (asks_) asks_(action.child);
    pod_caller_.call({.ip = action.ip,
                      .port = action.http.port,
                      .path = action.http.path,
                      .body = action.body,
                      .timeout = action.http.timeout,
                      .retries = action.http.retries},
                     [action, step](Result<void> answered) {
                       if (answered) return step(ObjectMeta{});
                       answered.error().message = "pod " + action.pod.str() + " was told \"" +
                                                  to_text(action.role) +
                                                  "\": " + answered.error().message;
                       step(tl::unexpected(std::move(answered.error())));
                     });
  });
}

void PlanExecutor::carry_out(const plan::GiveState& action, Step step) {
  if (gives_) gives_(action);
  step(ObjectMeta{});
}

void PlanExecutor::carry_out(const plan::LiftGate& action, Step step) {
  nlohmann::json gates = nlohmann::json::array();
  for (const std::string& gate : action.gates) gates.push_back({{"name", gate}});
  client_.merge_patch({.resource = kube::kPods, .ns = action.pod.ns, .name = action.pod.name},
                      {.uid = action.uid, .version = action.version},
                      {{"spec", {{"schedulingGates", gates}}}}, std::move(step));
}

void PlanExecutor::carry_out(const plan::BindPod& action, Step step) {
  client_.bind({.resource = kube::kPods, .ns = action.pod.ns, .name = action.pod.name}, action.uid,
               action.node, std::move(step));
}

void PlanExecutor::carry_out(const plan::TakeOffCommand& action, Step step) {
  client_.merge_patch(
      {.resource = kube::kProcessHubChildren, .ns = action.child.ns, .name = action.child.name},
      {.uid = action.uid, .version = action.version},
      {{"metadata", {{"annotations", {{action.annotation, nullptr}}}}}}, std::move(step));
}

}  // namespace processhub::apply
