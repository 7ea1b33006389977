#include "unit/plan/world.h"

#include <algorithm>
#include <fmt/core.h>

#include "api/conditions.h"
#include "plan/child_status.h"
#include "plan/labels.h"
#include "plan/move_rules.h"
#include "plan/roles.h"
#include "plan/slots.h"

namespace processhub::plan::testing {
namespace {

constexpr auto kStart = seconds(3);     // from its creation until a pod is Ready
constexpr auto kEnd = seconds(5);       // from its deletion until a pod is gone
constexpr auto kCollect = seconds(60);  // the same where its Node is gone (PodGC)
constexpr int kTooManyRounds = 200;

std::string made_for(const kube::Pod& pod) {
  const auto found = pod.meta.annotations.find(kNodeUidAnnotation);
  return found == pod.meta.annotations.end() ? std::string() : found->second;
}

}  // namespace

World::World(int nodes, int children) {
  for (int i = 0; i < nodes; ++i) add_node("node-" + std::to_string(i));
  for (int i = 0; i < children; ++i) children_.push_back(make_child("child-" + std::to_string(i)));
}

void World::note(std::string line) {
  const auto second = std::chrono::duration_cast<seconds>(now_ - at(0)).count();
  history_.push_back(fmt::format("{:>5} s  {}", second, line));
}

std::string World::history() const {
  std::string text;
  for (const std::string& line : history_) text += line + "\n";
  return text;
}

void World::break_rule(const std::string& what) {
  note("BROKEN: " + what);
  if (broken_.empty()) broken_ = what;
}

void World::set_health(const std::string& node, kube::ConditionStatus ready) {
  nodes[node].ready = ready;
  nodes[node].ready_since = now_;
}

void World::add_node(const std::string& name) {
  nodes.insert_or_assign(
      name, NodeBuilder(name, fmt::format("uid-{}-{}", name, next_uid_++)).ready(now_).node);
}

void World::remove_node(const std::string& name) {
  nodes.erase(name);
  for (auto& [pod_name, state] : pods_) {  // PodGC ends what is bound there
    if (node_of(state.pod).str() == name) state.due = now_ + kCollect;
  }
}

void World::change_template() {
  template_ = make_template("rev" + std::to_string(next_revision_++));
}

void World::fill_node(const std::string& name) { full.insert(name); }

void World::empty_node(const std::string& name, bool seen) {
  full.erase(name);
  if (seen) ++nodes.at(name).fingerprint;
  for (auto& [pod_name, state] : pods_) {  // the scheduler tries again
    if (state.pod.pinned_node.str() != name || !state.pod.unschedulable_since) continue;
    state.pod.unschedulable_since.reset();
    state.due = now_ + kStart;
  }
}

void World::list_nodes(size_t child, std::vector<NodeName> list) {
  children_[child].spec.nodes = std::move(list);
  children_[child].meta.generation += 1;
}

void World::delete_pod(size_t which) {
  start_deletion(std::next(pods_.begin(), static_cast<long>(which))->second);
}

void World::fail_pod(size_t which) {
  PodState& state = std::next(pods_.begin(), static_cast<long>(which))->second;
  if (!ends_pods(state.pod)) return;
  state.pod.phase = "Failed";
  state.pod.ready = false;
}

void World::restart_after(int writes) {
  if (writes == 0) return restart();
  writes_left_ = writes;
}

void World::restart() {
  note("the operator starts again");
  writes_left_.reset();
  frame_.reset();
  ledger_ = {};
  budget_ = {};
  looked_at_ = false;
}

int World::limit() const {
  return std::max(1, hub->spec.migration.max_concurrent.of(static_cast<int>(children_.size())));
}

void World::update_frame() {
  std::vector<const kube::Node*> views;
  views.reserve(nodes.size());
  for (const auto& [name, node] : nodes) views.push_back(&node);
  Membership membership = next_membership(
      {.hub = hub->spec,
       .nodes = views,
       .previous = frame_ ? &frame_->membership.members : nullptr,
       .holds_pods =
           [&](const NodeName& name) {
             return std::any_of(pods_.begin(), pods_.end(), [&](const auto& entry) {
               return node_of(entry.second.pod) == name;
             });
           },
       .now = now_,
       .frozen_before = frame_ && frame_->membership.frozen(),
       .losses_count_from = frame_ ? frame_->membership.losses_count_from : WallTime()});
  if (membership.look_again) look_again_ = *membership.look_again;
  const auto before = frame_;
  frame_ = make_frame(hub, std::move(membership), before.get());
  update_ledger(before.get());
  budget_.set_limits(limit(), hub->spec.update.max_unavailable.value);
  if (looked_at_) return;
  looked_at_ = true;
  for (const api::ProcessHubChild& child : children_) {
    if (const auto kind = move_under_way(child.status)) budget_.took(child.key(), *kind);
    budget_.failed(child.key(), has_failed_update(child.status.excluded));
  }
}

// As HubController does.
void World::update_ledger(const HubFrame* before) {
  const int replicas = frame_->redundancy->replication_factor();
  if (before == nullptr || before->distribution != frame_->distribution ||
      before->redundancy->replication_factor() != replicas) {
    ledger_.use(frame_->distribution, replicas);
    for (const api::ProcessHubChild& child : children_) {
      ledger_.add(placement_key(frame_->key, child.meta.name), record_of(child, pods_of(child)));
    }
  }
  ledger_.settle();
}

std::vector<const kube::Pod*> World::pods_of(const api::ProcessHubChild& child) const {
  std::vector<const kube::Pod*> result;
  for (const auto& [name, state] : pods_) {
    if (state.pod.meta.owner_uid == child.meta.uid) result.push_back(&state.pod);
  }
  return result;
}

std::vector<NodeName> World::nodes_for(const api::ProcessHubChild& child) const {
  return placement::nodes_of(plan(child, false, false).seats);
}

ChildPlan World::plan(const api::ProcessHubChild& child, bool may_move, bool may_update) const {
  const auto pods = pods_of(child);
  placement::Ledger ledger = ledger_;
  const auto seats = ledger.take(placement_key(frame_->key, child.meta.name));
  return plan_child({.frame = *frame_,
                     .child = child,
                     .pods = pods,
                     .pod_template = template_,
                     .may_move = may_move,
                     .may_update = may_update,
                     .rollout_failed = budget_.has_failed(),
                     .now = now_,
                     .seats = seats,
                     .loads = &ledger.loads()});
}

bool World::settle() {
  for (int round = 0; round < kTooManyRounds; ++round) {
    look_again_.reset();
    update_frame();
    bool wrote = false;
    for (api::ProcessHubChild& child : children_) {
      if (frame_ == nullptr) update_frame();  // it has just started again
      wrote = work(child) || wrote;
    }
    if (!wrote) return true;
  }
  break_rule("the operator never comes to rest");
  return false;
}

// As ChildController does: account for the budget, then the actions, then the status.
bool World::work(api::ProcessHubChild& child) {
  const ChildPlan made = plan(child);
  ledger_.book(placement_key(frame_->key, child.meta.name),
               {.seats = made.seats, .excluded = names_of(made.status.excluded)});
  budget_.failed(child.key(), made.update_failed);
  if (made.moving) {
    budget_.took(child.key(), *made.moving);
  } else if (made.wants_move) {
    budget_.waits(child.key(), *made.wants_move);
  } else {
    budget_.left(child.key());
  }
  budget_.serves(child.key(), made.serves);
  static_cast<void>(budget_.take_next());  // every child is planned in every round anyway
  if (made.look_again && (!look_again_ || *made.look_again < *look_again_)) {
    look_again_ = made.look_again;
  }
  if (made.look_again && *made.look_again <= now_) break_rule("look_again is not in the future");

  const auto told_actions = told(made, child);
  for (size_t i = 0; i < made.actions.size(); ++i) {
    note(child.meta.name + ": " + told_actions[i]);
    if (!carry_out(child, made.actions[i])) {
      note("  refused");
      return true;
    }
    if (writes_left_ && --*writes_left_ == 0) {
      restart();
      return true;  // the rest of the plan is forgotten
    }
  }
  bool wrote = !made.actions.empty();
  if (made.status != child.status && made.actions.empty()) {
    child.status = made.status;
    wrote = true;
  }
  check(child);
  return wrote;
}

bool World::holds(const NodeIsDown& fact) const {
  const auto found = nodes.find(fact.node.str());
  if (found == nodes.end()) return true;
  if (fact.how == NodeIsDown::How::kLost)
    return found->second.ready == kube::ConditionStatus::kUnknown;
  return found->second.meta.uid != fact.uid || found->second.ready != kube::ConditionStatus::kTrue;
}

bool World::carry_out(api::ProcessHubChild& child, const Action& action) {
  if (const auto* put = std::get_if<PutStatus>(&action)) {
    if (!std::all_of(put->only_if.begin(), put->only_if.end(),
                     [&](const NodeIsDown& fact) { return holds(fact); })) {
      break_rule("a status rests on what is not so");
      return false;
    }
    for (const redundancy::PodRef& gone : put->gone) {
      const auto found = pods_.find(gone.name);
      if (found != pods_.end() && found->second.pod.meta.uid == gone.uid) {
        break_rule("a pod that is there leaves the status");
      }
    }
    if (put->status.epoch < child.status.epoch) break_rule("the epoch goes back");
    child.status = put->status;
  } else if (const auto* removal = std::get_if<DeletePod>(&action)) {
    if (removal->only_if && !holds(*removal->only_if)) {
      break_rule("a deletion rests on what is not so");
      return false;
    }
    const auto found = pods_.find(removal->pod.name);
    if (found == pods_.end() || found->second.pod.meta.uid != removal->uid) {
      break_rule("deletes a pod that is not there");
      return false;
    }
    check_move(child, *removal);
    start_deletion(found->second);
  } else if (const auto* set = std::get_if<SetRole>(&action)) {
    set_role(*set);
  } else {
    create(std::get<CreatePod>(action));
  }
  return true;
}

// At most one pod of a child is labelled active, and its epoch never goes back.
void World::set_role(const SetRole& action) {
  const auto found = pods_.find(action.pod.name);
  if (found == pods_.end() || found->second.pod.meta.uid != action.uid) return;
  kube::ObjectMeta& meta = found->second.pod.meta;
  if (role_of(found->second.pod).epoch > action.role.epoch) break_rule("an epoch goes back");
  meta.labels[kRoleLabel] = to_string(action.role.role);
  meta.annotations[kRoleAnnotation] = to_text(action.role);
  meta.annotations[kPeersAnnotation] = action.peers;
  const auto actives = std::count_if(pods_.begin(), pods_.end(), [&](const auto& entry) {
    const kube::ObjectMeta& other = entry.second.pod.meta;
    return other.owner_uid == meta.owner_uid &&
           kube::value_of(other.labels, kRoleLabel) == "active";
  });
  if (actives > 1) break_rule("two pods of a child are active");
}

void World::create(const CreatePod& action) {
  if (pods_.contains(action.pod.name)) return break_rule("creates a pod that exists");
  PodState state{.pod = pod_of(*action.body, "pod-" + std::to_string(next_uid_++)),
                 .due = now_ + kStart};
  for (const auto& [name, other] : pods_) {
    const auto ref = slot_of(other.pod);
    if (other.pod.meta.owner_uid != action.owner || ref->slot != action.slot) continue;
    if (!other.pod.meta.deleted || ends_pods(other.pod)) {
      break_rule("two pods of a slot: " + name + " still has that of " + action.pod.name);
    }
  }
  state.pod.phase = "Pending";
  state.pod.meta.created = now_;
  if (full.contains(action.node.str())) state.pod.unschedulable_since = now_;
  pods_[action.pod.name] = state;
}

// A voluntary move takes one replica that serves, and only while all others do.
void World::check_move(const api::ProcessHubChild& child, const DeletePod& removal) {
  const kube::Pod& moved = pods_.at(removal.pod.name).pod;
  if (!serves(moved, frame_->membership)) return;
  switch (removal.reason) {
    case Reason::kRingChanged:
    case Reason::kNodeDraining:
    case Reason::kNodeLeft:
    case Reason::kTemplateChanged:
      break;
    default:
      return;
  }
  if (frame_->membership.mass_loss) break_rule("moves in a mass loss");
  check_balancer(child, moved, removal.reason);
  const size_t wanted = nodes_for(child).size();
  size_t left = 0;
  for (const kube::Pod* pod : pods_of(child)) {
    if (pod != &moved && serves(*pod, frame_->membership)) ++left;
  }
  if (left + 1 < wanted) break_rule("two replicas of " + child.meta.name + " move at once");
}

// With CentralizedLoadBalancer nothing that serves on a member moves, unless that is left out.
void World::check_balancer(const api::ProcessHubChild& child, const kube::Pod& moved,
                           Reason reason) {
  const auto strategy = hub->spec.distribution.strategy;
  if (strategy != api::DistributionStrategyKind::kCentralizedLoadBalancer) return;
  if (reason != Reason::kRingChanged) return;
  const auto excluded = names_of(child.status.excluded);
  if (frame_->membership.member(node_of(moved)) != nullptr &&
      std::find(excluded.begin(), excluded.end(), node_of(moved)) == excluded.end()) {
    break_rule(moved.meta.name + " is moved though it has a node");
  }
}

void World::start_deletion(PodState& state) {
  if (state.pod.meta.deleted) return;
  state.pod.meta.deleted = now_;
  state.pod.ready = false;
  const bool node_is_there = nodes.contains(node_of(state.pod).str());
  state.due = now_ + (state.pod.node.empty() ? seconds(0) : node_is_there ? kEnd : kCollect);
}

// Whether a kubelet is there to start and end the pod.
bool World::ends_pods(const kube::Pod& pod) const {
  const auto node = nodes.find(node_of(pod).str());
  return node != nodes.end() && node->second.ready != kube::ConditionStatus::kUnknown;
}

std::optional<WallTime> World::next_instant() const {
  std::optional<WallTime> next = look_again_;
  const auto consider = [&](WallTime when) {
    if (!next || when < *next) next = when;
  };
  for (const auto& [name, state] : pods_) {
    const bool node_is_there = nodes.contains(node_of(state.pod).str());
    if (!node_is_there || (state.pod.meta.deleted && state.pod.node.empty())) {
      consider(std::max(state.due, now_));
    } else if (ends_pods(state.pod)) {
      const kube::Node& node = nodes.at(node_of(state.pod).str());
      const bool starts =
          !state.pod.ready && !state.pod.unschedulable_since && state.pod.phase != "Failed" &&
          node.ready == kube::ConditionStatus::kTrue && made_for(state.pod) == node.meta.uid.str();
      if (state.pod.meta.deleted || starts) consider(std::max(state.due, now_));
    }
  }
  return next;
}

void World::advance(WallTime to) {
  now_ = std::max(now_, to);
  std::erase_if(pods_, [&](const auto& entry) {
    const PodState& state = entry.second;
    if (state.due > now_) return false;
    const bool node_is_there = nodes.contains(node_of(state.pod).str());
    if (!node_is_there) return true;
    return state.pod.meta.deleted && (state.pod.node.empty() || ends_pods(state.pod));
  });
  for (auto& [name, state] : pods_) {
    if (state.pod.meta.deleted || state.pod.phase == "Failed") continue;
    const auto node = nodes.find(node_of(state.pod).str());
    if (node == nodes.end()) continue;
    if (node->second.ready != kube::ConditionStatus::kTrue) {
      state.pod.ready = false;  // as the node controller and the kubelet say
      state.due = std::max(state.due, now_ + kStart);
    } else if (state.due <= now_ && !state.pod.ready && !state.pod.unschedulable_since &&
               made_for(state.pod) == node->second.meta.uid.str()) {
      state.pod.node = NodeName(node->first);
      state.pod.phase = "Running";
      state.pod.ready = true;
    }
  }
}

// What has to be true after every step.
void World::check(const api::ProcessHubChild& child) {
  std::map<int, int> running;
  for (const kube::Pod* pod : pods_of(child)) {
    if (!pod->meta.deleted) ++running[slot_of(*pod)->slot];
  }
  for (const auto& [slot, count] : running) {
    if (count > 1)
      break_rule(fmt::format("{} pods of slot {} of {}", count, slot, child.meta.name));
  }
  const auto moving = std::count_if(children_.begin(), children_.end(), [](const auto& c) {
    return api::is_true(c.status.conditions, kMigrating);
  });
  if (moving > limit()) break_rule(fmt::format("{} children Migrating at once", moving));
}

}  // namespace processhub::plan::testing
