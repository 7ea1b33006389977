#include "apply/plan_executor.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "api/status_json.h"
#include "apply/preconditions.h"
#include "kube/decode.h"

namespace processhub::apply {

using kube::ObjectMeta;

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
    if (!result) return run->done(tl::unexpected(result.error()));
    ++run->at;
    next(run);
  };
  std::visit([&](const auto& action) { carry_out(action, step); }, run->actions[run->at]);
}

void PlanExecutor::carry_out(const plan::CreatePod& action, Step step) {
  if (action.incarnation == 1) return post(action, std::move(step));
  check_slot_free(client_, action, [this, action, step = std::move(step)](Result<void> free) {
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

// The pod is there already: sent twice by the HTTP library, or by another leader.
void PlanExecutor::accept_existing(const plan::CreatePod& action, Step step) {
  const kube::ObjectRef ref{.resource = kube::kPods, .ns = action.pod.ns, .name = action.pod.name};
  client_.get(ref, kube::pod_mask(),
              [action, step = std::move(step)](Result<nlohmann::json> answer) {
                if (!answer) return step(tl::unexpected(answer.error()));
                const auto pod = kube::decode_pod(*answer);
                if (!pod) return step(tl::unexpected(pod.error()));
                if (pod->meta.owner_uid == action.owner && pod->pinned_node == action.node &&
                    !pod->meta.deleted) {
                  return step(pod->meta);
                }
                step(fail(ErrorKind::kConflict,
                          "pod " + action.pod.str() +
                              " exists and is not the one that is wanted: "
                              "it belongs to another owner or node, or is being deleted"));
              });
}

void PlanExecutor::carry_out(const plan::DeletePod& action, Step step) {
  const auto remove = [this, action, step = std::move(step)](Result<void> holds) {
    if (!holds) return step(tl::unexpected(holds.error()));
    const kube::ObjectRef ref{
        .resource = kube::kPods, .ns = action.pod.ns, .name = action.pod.name};
    client_.remove(ref, {.uid = action.uid}, [step](Result<ObjectMeta> removed) {
      // Gone, or another pod has its name by now: what was to go is gone.
      if (!removed && (removed.error().kind == ErrorKind::kNotFound ||
                       removed.error().kind == ErrorKind::kConflict)) {
        return step(ObjectMeta{});
      }
      step(std::move(removed));
    });
  };
  if (!action.only_if) return remove({});
  check_down(client_, {*action.only_if}, remove);
}

void PlanExecutor::carry_out(const plan::PutStatus& action, Step step) {
  check_down(client_, action.only_if, [this, action, step = std::move(step)](Result<void> holds) {
    if (!holds) return step(tl::unexpected(holds.error()));
    const ObjectMeta child{.ns = action.child.ns,
                           .name = action.child.name,
                           .uid = action.uid,
                           .version = action.version};
    client_.update_status(
        kube::kProcessHubChildren,
        api::status_update(kube::kProcessHubChildren, child, api::to_json(action.status)), step);
  });
}

}  // namespace processhub::apply
