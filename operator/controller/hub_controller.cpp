#include "controller/hub_controller.h"

#include <algorithm>
#include <fmt/core.h>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "api/conditions.h"
#include "api/status_json.h"
#include "base/log.h"
#include "controller/member_events.h"
#include "plan/binding.h"
#include "plan/child_placement.h"
#include "plan/child_status.h"
#include "plan/cluster_size.h"
#include "plan/hub_events.h"
#include "plan/move_rules.h"

namespace processhub::controller {
namespace {

using plan::HubFrame;
using plan::Membership;
using plan::NodeHealth;

// A hub's status counts its children, so it changes with each of them: not written
// more often than this.
constexpr auto kStatusPeriod = std::chrono::seconds(1);
// Many children change together; the hub looks at them together.
constexpr auto kChildLag = std::chrono::milliseconds(200);
// Of one reconcile; then the hub is looked at again, which may be paused by now.
constexpr size_t kAppliesInARow = 100;
// 12 to 16 bytes each (Ring::memory()), so many 49 MB; twice that while the ring is built.
constexpr size_t kMostPoints = 4'000'000;

std::optional<std::string> problem_of_ring(const api::DistributionSpec& spec,
                                           const std::vector<placement::Member>& members) {
  if (spec.strategy != api::DistributionStrategyKind::kConsistentHashing) return std::nullopt;
  const size_t points = placement::points_of(members, spec.consistent_hashing.virtual_nodes);
  if (points <= kMostPoints) return std::nullopt;
  return fmt::format(
      "spec.distribution.consistentHashing.virtualNodes: with {} members and their weights the "
      "ring would have {} points, more than {}: use fewer virtual nodes or lower weights",
      members.size(), points, kMostPoints);
}

size_t suspects_of(const Membership& membership) {
  return static_cast<size_t>(
      std::count_if(membership.nodes.begin(), membership.nodes.end(),
                    [](const auto& node) { return node.second.matches && node.second.suspect; }));
}

}  // namespace

struct HubController::Writes {
  size_t open = 3;    // of the children, of the status, of the budget
  bool more = false;  // children are left for the next reconcile
  Result<void> result = {};
};

HubController::HubController(Context& context, ChildController& children,
                             queue::QueueOptions options)
    : context_(context),
      children_(children),
      worker_(context, std::move(options)),
      own_writes_(context.executor, [this](const HubKey& key) { worker_.add(key); }),
      inline_children_(context.client),
      budget_keeper_(context.client, context.clock) {
  own_writes_.follow("processhubs", context_.caches.hubs);
  own_writes_.follow("processhubchildren", context_.caches.children);
  own_writes_.follow("poddisruptionbudgets", context_.caches.budgets);
  context_.caches.hubs.subscribe([this](const auto& before, const auto& after) {
    worker_.add(before != nullptr ? before->key() : after->key());
  });
  context_.caches.nodes.subscribe([this](const auto&, const auto&) { add_all(); });
  context_.caches.children.subscribe([this](const auto& before, const auto& after) {
    // spec.hub cannot change, so either names the hub.
    worker_.add_after((before != nullptr ? before : after)->hub_key(), kChildLag);
    seat(before, after);
    if (after == nullptr) add_those_that_list(before->key());
  });
  context_.caches.budgets.subscribe([this](const auto& before, const auto& after) {
    const std::string& ns = (before != nullptr ? before : after)->meta.ns;
    for (const auto& [key, hub] : context_.caches.hubs.all()) {
      if (key.ns != ns) continue;
      // The name is free now.
      if (after == nullptr && before->meta.name == plan::budget_name(key.name)) {
        budget_keeper_.forget(key);
      }
      worker_.add(key);
    }
  });
  worker_.start([this](const HubKey& key) { reconcile(key); });
}

// Children have seats in their hub's ledger from the moment they are seen.
void HubController::seat(const Child& before, const Child& after) {
  const Child& child = after != nullptr ? after : before;
  HubEntry* const entry = context_.hubs.find(child->hub_key());
  if (entry == nullptr || entry->frame == nullptr) return;
  if (!entry->frame->distribution->remembers()) return;
  const std::string key = plan::placement_key(child->hub_key(), child->meta.name);
  if (after == nullptr || after->meta.deleted) {
    entry->ledger.erase(key);
  } else if (!entry->ledger.contains(key)) {
    entry->ledger.add(key, plan::record_of(*after, context_.caches.pods_of(after->key())));
  }
}

// Hubs that want a child of this name: it is free now.
void HubController::add_those_that_list(const ChildKey& child) {
  for (const auto& [key, hub] : context_.caches.hubs.all()) {
    const auto& wanted = hub->spec.children;
    if (key.ns != child.ns) continue;
    if (std::any_of(wanted.begin(), wanted.end(),
                    [&](const api::InlineChild& one) { return one.name == child.name; })) {
      worker_.add(key);
    }
  }
}

void HubController::add_all() {
  for (const auto& [key, hub] : context_.caches.hubs.all()) worker_.add(key);
}

void HubController::lead(bool leads) {
  leads_ = leads;
  // A new leader begins like a new operator: from what the cluster says.
  if (context_.observer.hub_gone) {
    for (const auto& [key, entry] : context_.hubs.all()) context_.observer.hub_gone(key);
  }
  context_.hubs.clear();
  context_.scores.forget_all();
  context_.detector.forget_all();
  inline_children_.stop();
  if (leads) add_all();
}

void HubController::reconcile(const HubKey& key) {
  const Hub hub = context_.caches.hubs.find(key);
  if (hub == nullptr || hub->meta.deleted) {
    forget(key);
    return worker_.finish(key, {});
  }
  if (!leads_) return worker_.rest(key);
  HubEntry& entry = context_.hubs.at(key);
  if (entry.frame != nullptr && entry.frame->uid != hub->meta.uid) entry = {};  // another hub
  std::optional<std::string> problem = hub->problem;
  if (problem) {
    context_.detector.forget(key);
  } else {
    std::optional<plan::NodeScores> scores = scores_of(*hub);
    if (!scores && entry.frame == nullptr) return worker_.rest(key);  // until they are measured
    // The children plan with it, also while our own writes are on their way to the caches.
    problem = update_frame(hub, entry, scores ? *std::move(scores) : entry.frame->scores);
  }
  if (problem && (entry.frame != nullptr || entry.problem != *problem)) {
    entry.frame = nullptr;
    entry.ledger = {};
    entry.problem = *problem;
    children_.add_all_of(key);
  }
  if (!own_writes_.passed(key)) return worker_.rest(key);
  work(hub, entry);
}

void HubController::work(const Hub& hub, HubEntry& entry) {
  if (entry.frame == nullptr) {
    return carry_out(
        hub, {.status = plan::rejected_status(*hub, entry.problem, context_.clock.wall_now())});
  }
  std::erase_if(entry.refused, [&](const auto& refused) {
    return std::none_of(hub->spec.children.begin(), hub->spec.children.end(),
                        [&](const auto& one) { return one.name == refused.first; });
  });

  auto children = context_.caches.children_by_hub.find(hub->key());
  for (const api::InlineChild& wanted : hub->spec.children) {
    const auto taken = context_.caches.children.find({hub->meta.ns, wanted.name});
    if (taken != nullptr && taken->spec.hub != hub->meta.name) children.push_back(taken);
  }
  std::vector<const api::ProcessHubChild*> views;
  views.reserve(children.size());
  for (const auto& child : children) views.push_back(child.get());
  const plan::PodTemplate pod_template = context_.templates.of(*entry.frame, nullptr);
  const auto budgets = context_.caches.budgets_by_namespace.find(hub->meta.ns);
  std::vector<const kube::PodDisruptionBudget*> budget_views;
  for (const auto& budget : budgets) budget_views.push_back(budget.get());
  const bool others = std::any_of(budgets.begin(), budgets.end(),
                                  [](const auto& budget) { return !plan::is_of_a_hub(*budget); });
  const std::vector<const kube::Pod*> pods =
      others ? pods_of(hub->key()) : std::vector<const kube::Pod*>();
  const ServerProblem problem = budget_keeper_.problem_of(hub->key());
  if (!problem.message.empty()) {
    worker_.add_after(hub->key(), problem.until - context_.clock.steady_now());
  }
  carry_out(hub, plan::plan_hub({.frame = *entry.frame,
                                 .children = views,
                                 .pod_template = pod_template,
                                 .refused = entry.refused,
                                 .now = context_.clock.wall_now(),
                                 .budgets = budget_views,
                                 .pods = pods,
                                 .budget_problem = problem.message,
                                 .budget_problem_reason = problem.reason,
                                 .revision_of = [&](const api::ProcessHubChild& child) {
                                   return context_.templates.revision_of(*entry.frame, child);
                                 }}));
}

std::vector<const kube::Pod*> HubController::pods_of(const HubKey& hub) const {
  std::vector<const kube::Pod*> pods;
  for (const auto& child : context_.caches.children_by_hub.find(hub)) {
    const auto found = context_.caches.pods_of(child->key());
    pods.insert(pods.end(), found.begin(), found.end());
  }
  return pods;
}

std::optional<plan::NodeScores> HubController::scores_of(const api::ProcessHub& hub) {
  if (hub.spec.distribution.strategy != api::DistributionStrategyKind::kCentralizedLoadBalancer) {
    context_.scores.forget(hub.key());
    return plan::NodeScores{};
  }
  return context_.scores.of(hub);
}

std::optional<std::string> HubController::update_frame(const Hub& hub, HubEntry& entry,
                                                       plan::NodeScores scores) {
  std::vector<const kube::Node*> nodes;
  nodes.reserve(context_.caches.nodes.size());
  for (const auto& [name, node] : context_.caches.nodes.all()) nodes.push_back(node.get());
  const WallTime now = context_.clock.wall_now();
  const auto reset = plan::cluster_size_reset(*hub);
  const auto& pods = context_.caches.pods_by_hub_and_node.entries();
  context_.detector.use(*hub);
  Membership membership = plan::next_membership(
      {.hub = hub->spec,
       .nodes = nodes,
       .previous = entry.frame ? &entry.frame->membership.members : nullptr,
       .holds_pods = [&](const NodeName& node) { return pods.contains({hub->key(), node}); },
       .suspected = [&](const NodeName& node) { return context_.detector.suspected(*hub, node); },
       .now = now,
       .frozen_before = entry.frame && entry.frame->membership.frozen(),
       .losses_count_from = entry.frame ? entry.frame->membership.losses_count_from : WallTime(),
       .quorum = entry.frame ? &entry.frame->membership.quorum : nullptr,
       .max_seen = hub->status.quorum.max_seen,
       .cluster_size = reset ? reset->size : std::nullopt});
  if (membership.look_again) worker_.add_after(hub->key(), *membership.look_again - now);

  if (auto problem = problem_of_ring(hub->spec.distribution, membership.members)) return problem;
  const auto before = entry.frame;
  entry.frame = plan::make_frame(hub, std::move(membership), before.get(), std::move(scores));
  entry.problem.clear();
  if (context_.observer.nodes_suspect) {
    context_.observer.nodes_suspect(hub->key(), suspects_of(entry.frame->membership));
  }
  if (before == nullptr) count_moves(hub->key(), entry);
  update_ledger(before.get(), entry);
  const auto children = context_.caches.children_by_hub.entries().find(hub->key());
  const bool none = children == context_.caches.children_by_hub.entries().end();
  const int count = none ? 0 : static_cast<int>(children->second.size());
  entry.budget.set_limits(std::max(1, hub->spec.migration.max_concurrent.of(count)),
                          std::max(1, hub->spec.update.max_unavailable.of(count)));
  if (before != nullptr && plan::same_for_children(*before, *entry.frame)) {
    add_those_that_lack_room(
        hub->key(), plan::with_other_fingerprints(before->membership, entry.frame->membership));
    return std::nullopt;
  }
  if (before != nullptr) add_those_on(hub->key(), *before, *entry.frame);
  children_.add_all_of(hub->key());
  if (before != nullptr) tell_of_members(context_, *hub, *before, *entry.frame);
  return std::nullopt;
}

// Before all others: their roles do not wait.
void HubController::add_those_on(const HubKey& hub, const HubFrame& before, const HubFrame& after) {
  for (const NodeName& node : plan::with_other_health(before.membership, after.membership)) {
    for (const auto& pod : context_.caches.pods_by_hub_and_node.find({hub, node})) {
      children_.add(Caches::child_of(*pod));
    }
  }
}

void HubController::add_those_that_lack_room(const HubKey& hub, const std::set<NodeName>& nodes) {
  if (nodes.empty()) return;
  for (const NodeName& node : nodes) {
    for (const auto& pod : context_.caches.pods_by_hub_and_node.find({hub, node})) {
      if (plan::waits_for_binding(*pod)) children_.add(Caches::child_of(*pod));
    }
  }
  for (const auto& child : context_.caches.children_by_hub.find(hub)) {
    const auto& excluded = child->status.excluded;
    if (std::any_of(excluded.begin(), excluded.end(), [&](const api::Exclusion& one) {
          return one.reason != plan::kNodeLost && nodes.contains(one.node);
        })) {
      children_.add(child->key());
    }
  }
}

void HubController::update_ledger(const HubFrame* before, HubEntry& entry) {
  const HubFrame& frame = *entry.frame;
  const int replicas = frame.redundancy->replication_factor();
  if (before != nullptr && before->redundancy->replication_factor() == replicas) {
    if (before->distribution == frame.distribution) return;
    if (before->membership.members == frame.membership.members &&
        before->hub->spec.distribution == frame.hub->spec.distribution) {
      return entry.ledger.renew(frame.distribution);  // only the scores are others
    }
  }
  entry.ledger.use(frame.distribution, replicas);
  if (!frame.distribution->remembers()) return;
  for (const auto& child : context_.caches.children_by_hub.find(frame.key)) seat(nullptr, child);
}

void HubController::count_moves(const HubKey& key, HubEntry& entry) {
  for (const auto& child : context_.caches.children_by_hub.find(key)) {
    if (child->meta.deleted) continue;
    if (const auto kind = plan::move_under_way(child->status)) {
      entry.budget.took(child->key(), *kind);
    }
    entry.budget.failed(child->key(),
                        !child->spec.suspended && plan::has_failed_update(child->status.excluded));
  }
}

void HubController::carry_out(const Hub& hub, plan::HubPlan plan) {
  const HubKey key = hub->key();
  HubEntry& entry = context_.hubs.at(key);
  const auto writes = std::make_shared<Writes>();
  const auto ended = [this, key, writes](const Result<void>& result) {
    end_write(key, writes, result);
  };
  // Those that were refused are tried again after the others, so that they keep none waiting.
  std::stable_partition(plan.apply.begin(), plan.apply.end(), [&](const plan::ApplyChild& apply) {
    return !entry.refused.contains(apply.child.name);
  });
  if (plan.apply.size() > kAppliesInARow) {
    plan.apply.resize(kAppliesInARow);
    writes->more = true;
  }
  if (context_.observer.hub_status) context_.observer.hub_status(key, plan.status);
  // What a command has brought about is in the status before the command goes.
  const bool due =
      plan.command ? plan.status != hub->status : status_is_due(hub, entry, plan.status);
  if (due) entry.status_written = context_.clock.steady_now();
  inline_children_.run(
      std::move(plan.apply), std::move(plan.remove),
      [this, key](const ChildKey& child, const Result<kube::ObjectMeta>& result) {
        on_child_written(key, child, result);
      },
      ended);
  budget_keeper_.run(
      key, std::move(plan.budget),
      [this, key](const Result<kube::ObjectMeta>& written) {
        if (!written->version.empty()) {
          own_writes_.wrote(key, "poddisruptionbudgets", written->version);
        }
      },
      ended);
  if (due) {
    put_status(hub, plan.status, plan.command, ended);
  } else if (plan.command) {
    remove_command(hub, *plan.command, hub->meta.version, ended);
  } else {
    ended({});
  }
}

void HubController::on_child_written(const HubKey& key, const ChildKey& child,
                                     const Result<kube::ObjectMeta>& result) {
  if (result && !result->version.empty())
    own_writes_.wrote(key, "processhubchildren", result->version);
  HubEntry* entry = context_.hubs.find(key);
  if (entry == nullptr) return;
  if (result) {
    entry->refused.erase(child.name);
  } else if (is_refusal(result.error())) {
    entry->refused[child.name] = result.error().message;
  }
}

void HubController::end_write(const HubKey& key, const std::shared_ptr<Writes>& writes,
                              const Result<void>& result) {
  if (!result) writes->result = result;
  if (--writes->open > 0) return;
  if (writes->more && writes->result) worker_.add(key);
  worker_.finish(key, writes->result);
}

bool HubController::status_is_due(const Hub& hub, HubEntry& entry, const api::HubStatus& status) {
  if (status == hub->status) return false;
  const SteadyTime now = context_.clock.steady_now();
  if (!entry.status_written || now >= *entry.status_written + kStatusPeriod) return true;
  worker_.add_after(hub->key(), *entry.status_written + kStatusPeriod - now);
  return false;
}

void HubController::put_status(const Hub& hub, const api::HubStatus& status,
                               const std::optional<plan::RemoveCommand>& command, Ended ended) {
  context_.client.update_status(
      kube::kProcessHubs, api::status_update(kube::kProcessHubs, hub->meta, api::to_json(status)),
      [this, hub, status, command, ended = std::move(ended)](auto written) {
        if (!written) return ended(tl::unexpected(written.error()));
        own_writes_.wrote(hub->key(), "processhubs", written->version);
        for (plan::HubEvent& event : plan::events_of(hub->status, status)) {
          tell(*hub, event.warning ? status::EventType::kWarning : status::EventType::kNormal,
               event.reason, std::move(event.note));
        }
        if (command) return remove_command(hub, *command, written->version, ended);
        ended({});
      });
}

// From the hub as it is in `version`: a command that was given since then stays.
void HubController::remove_command(const Hub& hub, const plan::RemoveCommand& command,
                                   const ResourceVersion& version, Ended ended) {
  context_.client.merge_patch(
      {.resource = kube::kProcessHubs, .ns = hub->meta.ns, .name = hub->meta.name},
      {.uid = hub->meta.uid, .version = version},
      {{"metadata", {{"annotations", {{command.annotation, nullptr}}}}}},
      [this, hub, command, ended = std::move(ended)](auto written) {
        if (!written) return ended(tl::unexpected(written.error()));
        own_writes_.wrote(hub->key(), "processhubs", written->version);
        tell(*hub, command.refused ? status::EventType::kWarning : status::EventType::kNormal,
             command.reason, command.note);
        ended({});
      });
}

void HubController::forget(const HubKey& key) {
  own_writes_.forget(key);
  context_.templates.forget(key);
  context_.scores.forget(key);
  context_.detector.forget(key);
  budget_keeper_.forget(key);
  if (context_.hubs.find(key) == nullptr) return;
  context_.hubs.erase(key);
  if (context_.observer.hub_gone) context_.observer.hub_gone(key);
  children_.add_all_of(key);
}

void HubController::tell(const api::ProcessHub& hub, status::EventType type,
                         std::string_view reason, std::string note) {
  context_.tell(kube::kProcessHubs, hub.meta, hub.meta.name, type, reason, std::move(note));
}

}  // namespace processhub::controller
