#include "plan/hub_plan.h"

#include <algorithm>
#include <fmt/core.h>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <unordered_map>

#include "api/conditions.h"
#include "plan/child_status.h"
#include "plan/cluster_size.h"
#include "plan/labels.h"
#include "plan/owner.h"
#include "plan/rollout.h"

namespace processhub::plan {
namespace {

using api::Condition;
using kube::ConditionStatus;
using nlohmann::json;

constexpr size_t kNamesInAMessage = 5;

Condition condition(const char* type, bool value, std::string reason, std::string message = "") {
  return {.type = type,
          .status = value ? ConditionStatus::kTrue : ConditionStatus::kFalse,
          .reason = std::move(reason),
          .message = std::move(message)};
}

class Planner {
 public:
  explicit Planner(const HubInput& input)
      : in_(input),
        hub_(*input.frame.hub),
        members_(input.frame.membership),
        rollout_(rollout_of(input)) {}

  HubPlan plan() {
    for (const api::ProcessHubChild* child : in_.children) existing_[child->meta.name] = child;
    plan_children();
    if (hub_.spec.paused) {
      plan_.apply.clear();
      plan_.remove.clear();
    }
    DisruptionPlan disruption = plan_disruption({.hub = hub_,
                                                 .budgets = in_.budgets,
                                                 .pods = in_.pods,
                                                 .problem = in_.budget_problem,
                                                 .problem_reason = in_.budget_problem_reason});
    plan_.budget = std::move(disruption.actions);
    plan_.status = status(std::move(disruption.condition));
    obey();
    return std::move(plan_);
  }

 private:
  [[nodiscard]] bool is_ours(const api::ProcessHubChild& child) const {
    return child.meta.owner_uid == hub_.meta.uid;
  }

  void plan_children() {
    std::map<std::string_view, const api::InlineChild*> wanted;
    for (const api::InlineChild& inline_child : hub_.spec.children) {
      wanted[inline_child.name] = &inline_child;
      const auto found = existing_.find(inline_child.name);
      if (found != existing_.end() && !is_ours(*found->second)) {
        taken_.push_back(inline_child.name);
      } else if (found == existing_.end() || !found->second->meta.deleted) {
        plan_child(inline_child, found == existing_.end() ? nullptr : found->second);
      }
    }
    for (const api::ProcessHubChild* child : in_.children) {
      if (is_ours(*child) && !child->meta.deleted && !wanted.contains(child->meta.name)) {
        plan_.remove.push_back({.child = child->key(), .uid = child->meta.uid});
      }
    }
  }

  void plan_child(const api::InlineChild& wanted, const api::ProcessHubChild* found) {
    json body = body_of(wanted);
    if (found != nullptr && is_as_wanted(*found, wanted, body)) return;
    ApplyChild apply{.child = {hub_.meta.ns, wanted.name},
                     .body = std::make_shared<const json>(std::move(body))};
    if (found != nullptr) {
      apply.uid = found->meta.uid;
      apply.drop_labels = labels_no_longer_listed(wanted, *found);
    }
    plan_.apply.push_back(std::move(apply));
    const auto refused = in_.refused.find(wanted.name);
    if (refused != in_.refused.end()) refused_.push_back(wanted.name + ": " + refused->second);
  }

  static std::vector<std::string> labels_no_longer_listed(const api::InlineChild& wanted,
                                                          const api::ProcessHubChild& found) {
    std::vector<std::string> dropped;
    const auto listed = found.meta.annotations.find(kInlineLabelsAnnotation);
    if (listed == found.meta.annotations.end()) return dropped;
    std::istringstream words(listed->second);
    for (std::string word; std::getline(words, word, ',');) {
      if (!wanted.labels.contains(word) && word != kHubLabel) dropped.push_back(word);
    }
    return dropped;
  }

  // What others have added to the object is theirs; what we say has to be there. The
  // annotation tells of labels that are no longer said.
  static bool is_as_wanted(const api::ProcessHubChild& child, const api::InlineChild& wanted,
                           const json& body) {
    const json& meta = body["metadata"];
    const auto template_of = [](const json& spec) {
      return spec.contains("template") ? spec["template"] : json();
    };
    return has_all(child.meta.labels, meta["labels"]) &&
           has_all(child.meta.annotations, meta["annotations"]) &&
           child.spec.nodes == wanted.nodes && child.spec.suspended == wanted.suspended &&
           (child.spec.pod_template ? *child.spec.pod_template : json()) ==
               template_of(body["spec"]);
  }

  static bool has_all(const kube::StringMap& map, const json& wanted) {
    return std::all_of(wanted.items().begin(), wanted.items().end(), [&](const auto& item) {
      const auto found = map.find(item.key());
      return found != map.end() && item.value() == found->second;
    });
  }

  [[nodiscard]] json body_of(const api::InlineChild& inline_child) const {
    json labels = inline_child.labels;
    labels[kHubLabel] = hub_.meta.name;
    json spec = {{"hub", hub_.meta.name}};
    if (inline_child.child_template) spec["template"] = *inline_child.child_template;
    for (const NodeName& node : inline_child.nodes) spec["nodes"].push_back(node.str());
    if (inline_child.suspended) spec["suspended"] = true;
    json body = {
        {"apiVersion", kube::kProcessHubChildren.api_version()},
        {"kind", kube::kProcessHubChildren.kind},
        {"metadata",
         {{"name", inline_child.name},
          {"namespace", hub_.meta.ns},
          {"labels", labels},
          {"ownerReferences", json::array({owner_reference(kube::kProcessHubs, hub_.meta)})}}},
        {"spec", spec}};
    std::string listed;
    for (const auto& [key, value] : inline_child.labels)
      listed += (listed.empty() ? "" : ",") + key;
    body["metadata"]["annotations"] = {{kInlineLabelsAnnotation, listed}};
    return body;
  }

  // --- commands ---

  // That the size counts already is next_membership()'s doing; here it is told, and the command
  // is over.
  void obey() {
    const std::optional<ClusterSizeReset> reset = cluster_size_reset(hub_);
    if (!reset) return;
    std::string note = note_of(*reset, plan_.status.quorum.max_seen);
    Condition told = condition("ClusterSizeReset", reset->size.has_value(), reset->reason, note);
    told.observed_generation = hub_.meta.generation;
    api::set_condition(plan_.status.conditions, std::move(told), in_.now);
    plan_.command = RemoveCommand{.annotation = kResetClusterSizeAnnotation,
                                  .refused = !reset->size,
                                  .reason = reset->reason,
                                  .note = std::move(note)};
  }

  // --- status ---

  [[nodiscard]] api::HubStatus status(std::optional<Condition> hold) {
    api::HubStatus status;
    status.observed_generation = hub_.meta.generation;
    status.nodes = {.members = static_cast<int>(members_.members.size()),
                    .ready = members_.ready,
                    .draining = members_.draining};
    status.children = count_children();
    status.children.updated = rollout_.updated;
    const Quorum& quorum = members_.quorum;
    status.quorum = {.required = quorum.required,
                     .present = quorum.present,
                     .max_seen = quorum.max_seen,
                     .locked = quorum.locked};
    status.placement = placement();
    status.conditions = hub_.status.conditions;
    std::vector<Condition> conditions{readiness(status), progressing(status), degraded(status),
                                      template_valid(),  children_accepted(), quorum_lost()};
    if (hold) {
      conditions.push_back(*std::move(hold));
    } else {
      std::erase_if(status.conditions,
                    [](const Condition& one) { return one.type == kDisruptionHold; });
    }
    for (Condition& condition : conditions) {
      condition.observed_generation = hub_.meta.generation;
      api::set_condition(status.conditions, std::move(condition), in_.now);
    }
    return status;
  }

  // By what the children's statuses say.
  [[nodiscard]] api::HubStatus::Placement placement() const {
    std::unordered_map<NodeName, int> load;
    for (const placement::Member& member : members_.members) load[member.name] = 0;
    int replicas = 0;
    for (const api::ProcessHubChild* child : in_.children) {
      if (child->meta.deleted || child->spec.hub != hub_.meta.name) continue;
      if (child->spec.suspended) continue;
      const std::vector<api::Replica>& listed = child->status.replicas;
      for (size_t i = 0; i < listed.size(); ++i) {
        // By slot, then incarnation: the last one of a slot is what it has.
        if (i + 1 < listed.size() && listed[i + 1].slot == listed[i].slot) continue;
        const auto found = load.find(listed[i].node);
        if (found == load.end()) continue;
        ++found->second;
        ++replicas;
      }
    }
    api::HubStatus::Placement told{.algorithm = std::string(in_.frame.distribution->algorithm()),
                                   .revision = in_.pod_template.revision};
    for (const auto& [node, count] : load) told.max_load = std::max(told.max_load, count);
    if (!members_.members.empty()) {
      told.mean_load = fmt::format(
          "{:.1f}", static_cast<double>(replicas) / static_cast<double>(members_.members.size()));
    }
    return told;
  }

  api::HubStatus::Children count_children() {
    api::HubStatus::Children count;
    for (const api::ProcessHubChild* child : in_.children) {
      if (child->meta.deleted || child->spec.hub != hub_.meta.name) continue;
      ++count.total;
      const Condition* placed = api::find_condition(child->status.conditions, kPlaced);
      if (placed != nullptr && placed->reason == "Unschedulable") {
        unschedulable_.push_back(child->meta.name);
      }
      const api::Phase phase = child->status.phase.value_or(api::Phase::kPending);
      if (phase == api::Phase::kRunning || api::is_true(child->status.conditions, kReady)) {
        ++serving_;
      }
      switch (phase) {
        case api::Phase::kRunning:
          ++count.ready;
          break;
        case api::Phase::kMigrating:
          ++count.migrating;
          if (api::is_true(child->status.conditions, kReady)) ++count.ready;  // without a gap
          break;
        case api::Phase::kSuspect:
        case api::Phase::kPromoting:
          // A role may move between replicas that are all Ready.
          ++(api::is_true(child->status.conditions, kReady) ? count.ready : count.degraded);
          break;
        case api::Phase::kDegraded:
        case api::Phase::kLost:
          ++count.degraded;
          break;
        case api::Phase::kPending:
          ++count.pending;
          break;
        case api::Phase::kRejected:
          ++count.pending;
          ++rejected_;
          break;
        case api::Phase::kSuspended:
          ++count.suspended;
          break;
      }
    }
    return count;
  }

  [[nodiscard]] Condition readiness(const api::HubStatus& status) const {
    if (members_.members.empty()) {
      if (members_.matching == 0) {
        return condition(kReady, false, "NoNodes",
                         "spec.nodes.selector matches no node: no child can be placed");
      }
      return condition(
          kReady, false, "NoNodes",
          fmt::format("{} nodes match spec.nodes.selector, but none can be used: they are not "
                      "Ready, cordoned, or carry taints that spec.nodes.tolerations lacks",
                      members_.matching));
    }
    // One that moves without a gap is Ready all the while.
    const int wanted = status.children.total - status.children.suspended;
    const bool ready = serving_ == wanted;
    return condition(
        kReady, ready, ready ? "AllChildrenReady" : "ChildrenNotReady",
        fmt::format("{} of {} children Ready{}", serving_, wanted,
                    !ready && members_.quorum.locked ? "; the hub is locked (QuorumLost)" : ""));
  }

  [[nodiscard]] Condition progressing(const api::HubStatus& status) const {
    if (hub_.spec.paused) {
      return condition("Progressing", false, "Paused",
                       "spec.paused is true: nothing is started, moved or stopped");
    }
    const int wanted = status.children.total - status.children.suspended;
    const std::string updated =
        fmt::format("{} of {} children have their present template", rollout_.updated, wanted);
    if (rollout_.is_stopped()) {
      return condition(
          "Progressing", false, kRolloutStopped,
          fmt::format("no further child gets a new template, nor leaves its node: a pod of it was "
                      "not Ready within spec.migration.childTimeoutSeconds for {}; mend the "
                      "template, or put the one before it back; {}",
                      first_of(rollout_.failed, ", "), updated));
    }
    if (status.children.migrating > 0) {
      return condition("Progressing", true, "ChildrenMigrating",
                       fmt::format("{} children are moving{}", status.children.migrating,
                                   rollout_.outdated > 0 ? "; " + updated : ""));
    }
    // Those that are rejected wait for their users, not for the hub.
    if (status.children.pending > rejected_) {
      return condition("Progressing", true, "ChildrenStarting",
                       fmt::format("{} children have no Ready replica yet",
                                   status.children.pending - rejected_));
    }
    if (in_.pod_template.state == PodTemplate::State::kInvalid) {
      return condition("Progressing", false, "TemplateInvalid",
                       "spec.template is refused, so nothing is rolled out");
    }
    if (rollout_.outdated > 0) return condition("Progressing", true, "RollingOut", updated);
    if (status.children.degraded > 0) {
      return condition("Progressing", false, "ChildrenDegraded",
                       fmt::format("{} children lack replicas", status.children.degraded));
    }
    return condition("Progressing", false, "Settled");
  }

  [[nodiscard]] Condition degraded(const api::HubStatus& status) const {
    if (members_.mass_loss) {
      return condition(
          kDegraded, true, "MassLoss",
          fmt::format("more than half of the nodes, {} of {}, are not Ready or not reached: no pod "
                      "is deleted or replaced because of nodes until they are back; delete the "
                      "Nodes that are gone for good",
                      members_.suspect, members_.matching));
    }
    if (members_.quorum.locked) {
      return condition(kDegraded, true, kQuorumLost,
                       "the hub is locked: " + members_.quorum.message);
    }
    if (!members_.problems.empty()) {
      return condition(kDegraded, true, "InvalidWeight", first_of(members_.problems, "; "));
    }
    if (rollout_.is_stopped()) {
      return condition(kDegraded, true, kRolloutStopped,
                       "a new template has not come up for " + first_of(rollout_.failed, ", "));
    }
    if (!unschedulable_.empty()) {
      return condition(kDegraded, true, "ChildrenUnschedulable",
                       "the scheduler finds no room for " + first_of(unschedulable_, ", "));
    }
    if (status.children.degraded > 0) {
      return condition(kDegraded, true, "ChildrenDegraded",
                       fmt::format("{} children lack replicas", status.children.degraded));
    }
    return condition(kDegraded, false, "AsDesired");
  }

  [[nodiscard]] Condition quorum_lost() const {
    const Quorum& quorum = members_.quorum;
    return condition(
        kQuorumLost, quorum.locked, quorum.reason,
        quorum.message +
            (quorum.locked ? " Until then nothing new is decided because of nodes." : ""));
  }

  [[nodiscard]] Condition template_valid() const {
    switch (in_.pod_template.state) {
      case PodTemplate::State::kValid:
        return condition("TemplateValid", true, "Accepted");
      case PodTemplate::State::kInvalid:
        return condition("TemplateValid", false, "Refused", in_.pod_template.message);
      case PodTemplate::State::kUnchecked:
        break;
    }
    if (!in_.pod_template.message.empty()) {
      return {.type = "TemplateValid",
              .status = ConditionStatus::kUnknown,
              .reason = "TrialFailed",
              .message = in_.pod_template.message};
    }
    const Condition* before = api::find_condition(hub_.status.conditions, "TemplateValid");
    if (before != nullptr) return *before;
    return {.type = "TemplateValid", .status = ConditionStatus::kUnknown, .reason = "NotTriedYet"};
  }

  [[nodiscard]] Condition children_accepted() const {
    if (!refused_.empty()) {
      return condition("ChildrenAccepted", false, "Refused",
                       "spec.children: the API server refuses " + first_of(refused_, "; "));
    }
    if (taken_.empty()) return condition("ChildrenAccepted", true, "Accepted");
    return condition("ChildrenAccepted", false, "NameTaken",
                     "spec.children: objects of these names exist and are not this hub's, so they "
                     "are left alone: " +
                         first_of(taken_, ", "));
  }

  static std::string first_of(const std::vector<std::string>& items, const char* separator) {
    std::string text;
    for (size_t i = 0; i < std::min(items.size(), kNamesInAMessage); ++i) {
      if (i > 0) text += separator;
      text += items[i];
    }
    if (items.size() > kNamesInAMessage) {
      text += fmt::format(" and {} more", items.size() - kNamesInAMessage);
    }
    return text;
  }

  const HubInput& in_;
  const api::ProcessHub& hub_;
  const Membership& members_;
  const Rollout rollout_;
  std::map<std::string, const api::ProcessHubChild*> existing_;
  std::vector<std::string> taken_;
  std::vector<std::string> refused_;
  std::vector<std::string> unschedulable_;
  int serving_ = 0;
  int rejected_ = 0;  // children that cannot be understood or whose template is refused
  HubPlan plan_;
};

}  // namespace

HubPlan plan_hub(const HubInput& input) { return Planner(input).plan(); }

api::HubStatus rejected_status(const api::ProcessHub& hub, const std::string& problem,
                               WallTime now) {
  api::HubStatus status = hub.status;
  status.observed_generation = hub.meta.generation;
  Condition ready = condition(kReady, false, "InvalidSpec", problem);
  ready.observed_generation = hub.meta.generation;
  api::set_condition(status.conditions, std::move(ready), now);
  return status;
}

}  // namespace processhub::plan
