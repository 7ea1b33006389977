#include "plan/rollout.h"

#include "api/conditions.h"
#include "plan/child_status.h"
#include "plan/move_rules.h"

namespace processhub::plan {
namespace {

bool is_refused(const api::ChildStatus& status) {
  const api::Condition* const told = api::find_condition(status.conditions, kAccepted);
  return told != nullptr && told->status == kube::ConditionStatus::kFalse;
}

// Of each slot the replica that it has by now: they are by slot, then incarnation.
std::vector<const api::Replica*> present(const std::vector<api::Replica>& replicas) {
  std::vector<const api::Replica*> last;
  for (const api::Replica& replica : replicas) {
    if (!last.empty() && last.back()->slot == replica.slot) last.pop_back();
    last.push_back(&replica);
  }
  return last;
}

}  // namespace

Rollout rollout_of(const HubInput& input) {
  Rollout rollout;
  if (!input.revision_of) return rollout;
  for (const api::ProcessHubChild* one : input.children) {
    const api::ProcessHubChild& child = *one;
    if (child.spec.hub != input.frame.hub->meta.name || child.meta.deleted || child.problem ||
        child.spec.suspended) {
      continue;
    }
    const std::string wanted = input.revision_of(child);
    const bool refused = wanted.empty() || is_refused(child.status);
    if (has_failed_update(child.status.excluded, refused ? "" : wanted))
      rollout.failed.push_back(child.meta.name);
    if (refused) continue;
    bool updated = !child.status.replicas.empty();
    bool outdated = false;
    for (const api::Replica* replica : present(child.status.replicas)) {
      updated = updated && replica->revision == wanted && replica->replaces.empty();
      outdated = outdated || (!replica->revision.empty() && replica->revision != wanted);
    }
    if (updated) ++rollout.updated;
    if (outdated) ++rollout.outdated;
  }
  return rollout;
}

}  // namespace processhub::plan
