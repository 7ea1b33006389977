#include "unit/plan/builders.h"

#include <algorithm>
#include <stdexcept>

#include "api/conditions.h"
#include "kube/decode.h"
#include "plan/labels.h"
#include "plan/slots.h"

namespace processhub::plan::testing {

using kube::ConditionStatus;
using nlohmann::json;

WallTime at(int64_t second) {
  const WallTime noon = std::chrono::sys_days{std::chrono::year{2026} / 1 / 2} + seconds(43'200);
  return noon + seconds(second);
}

NodeBuilder::NodeBuilder(const std::string& name, const std::string& uid) {
  node.meta.name = name;
  node.meta.uid = Uid(uid.empty() ? "uid-" + name : uid);
  node.meta.created = at(-90'000);
  ready(at(-86'400));
}
NodeBuilder& NodeBuilder::ready(WallTime since) {
  node.ready = ConditionStatus::kTrue;
  node.ready_since = since;
  return *this;
}
NodeBuilder& NodeBuilder::not_ready(WallTime since) {
  node.ready = ConditionStatus::kFalse;
  node.ready_since = since;
  return *this;
}
NodeBuilder& NodeBuilder::unknown(WallTime since) {
  node.ready = ConditionStatus::kUnknown;
  node.ready_since = since;
  return *this;
}
NodeBuilder& NodeBuilder::cordoned() {
  node.unschedulable = true;
  return taint("node.kubernetes.io/unschedulable", "NoSchedule");
}
NodeBuilder& NodeBuilder::taint(const std::string& key, const std::string& effect,
                                const std::string& value) {
  node.taints.push_back({.key = key, .value = value, .effect = effect});
  return *this;
}
NodeBuilder& NodeBuilder::label(const std::string& key, const std::string& value) {
  node.meta.labels[key] = value;
  return *this;
}

std::shared_ptr<api::ProcessHub> make_hub(const std::string& name) {
  auto hub = std::make_shared<api::ProcessHub>();
  hub->meta.ns = "default";
  hub->meta.name = name;
  hub->meta.uid = Uid("uid-of-" + name);
  hub->meta.version = ResourceVersion("1");
  hub->meta.generation = 1;
  return hub;
}

api::ProcessHubChild make_child(const std::string& name) {
  api::ProcessHubChild child;
  child.meta.ns = "default";
  child.meta.name = name;
  child.meta.uid = Uid("uid-of-" + name);
  child.meta.version = ResourceVersion("1");
  child.meta.generation = 1;
  child.meta.created = at(-7200);
  child.spec.hub = "hub";
  return child;
}

PodTemplate make_template(const std::string& revision) {
  const json pod = {{"spec", {{"containers", {{{"name", "main"}, {"image", "app:1"}}}}}}};
  return {.json = std::make_shared<const json>(pod),
          .revision = revision,
          .state = PodTemplate::State::kValid};
}

kube::Pod pod_of(const json& body, const std::string& uid) {
  auto pod = kube::decode_pod(body);
  if (!pod) throw std::logic_error("the plan made no pod: " + pod.error().message);
  pod->meta.uid = Uid(uid);
  return *pod;
}

Situation::Situation(int node_count) {
  replicas(1);  // a peer: who leads is for the tests of roles
  for (int i = 0; i < node_count; ++i) {
    nodes.push_back(NodeBuilder(std::string("node-") + static_cast<char>('a' + i)).node);
  }
}

Situation& Situation::replicas(int factor) {
  hub->spec.redundancy = {.strategy = api::RedundancyStrategyKind::kReplication,
                          .replication = {.factor = factor}};
  return *this;
}

Situation& Situation::active_passive(int factor) {
  replicas(factor);
  hub->spec.redundancy.replication.model = api::ReplicationModel::kActivePassive;
  return *this;
}

kube::Node& Situation::node(const NodeName& name) {
  return *std::find_if(nodes.begin(), nodes.end(),
                       [&](const kube::Node& node) { return node.meta.name == name.str(); });
}

void Situation::lose(const NodeName& name, WallTime since) {
  node(name).ready = ConditionStatus::kUnknown;
  node(name).ready_since = since;
}

void Situation::remove_node(const NodeName& name) {
  std::erase_if(nodes, [&](const kube::Node& node) { return node.meta.name == name.str(); });
}

void Situation::update_frame() {
  std::vector<const kube::Node*> views;
  for (const kube::Node& node : nodes) views.push_back(&node);
  Membership membership =
      next_membership({.hub = hub->spec,
                       .nodes = views,
                       .previous = members.empty() ? nullptr : &members,
                       .holds_pods = [](const NodeName&) { return true; },
                       .suspected = [this](const NodeName& name) -> std::optional<Suspicion> {
                         if (name != not_reached) return std::nullopt;
                         return Suspicion{};
                       },
                       .now = now});
  members = membership.members;
  frame_ = make_frame(hub, std::move(membership), frame_.get());
  ledger.use(frame_->distribution, frame_->redundancy->replication_factor());
}

std::vector<NodeName> Situation::ring_nodes(const std::vector<NodeName>& excluded) {
  update_frame();
  const auto placed =
      frame_->distribution->belongs_to({.key = placement_key(frame_->key, child.meta.name),
                                        .replicas = frame_->redundancy->replication_factor(),
                                        .excluded = excluded},
                                       ledger.loads());
  return placement::nodes_of(placed.seats);
}

kube::Pod& Situation::run(int slot, const NodeName& node_name, int incarnation) {
  if (frame_ == nullptr) update_frame();
  const PodIdentity identity{
      .child = child,
      .slot = slot,
      .incarnation = incarnation,
      .node = node_name,
      .node_uid = node(node_name).meta.uid,
      .role = {.role = redundancy::role_at_birth(*frame_->redundancy, frame_->key, child.meta.name),
               .epoch = child.status.epoch}};
  kube::Pod pod = pod_of(build_pod(*frame_, pod_template, identity),
                         "uid-" + std::to_string(slot) + "." + std::to_string(incarnation));
  pod.node = node_name;
  pod.phase = "Running";
  pod.ready = true;
  pod.ready_since = at(-3600);
  // Peers without one are told nothing of each other, which is for the tests of roles.
  if (hub->spec.redundancy.replication.model == api::ReplicationModel::kActivePassive) {
    pod.ip = "10.0.0." + std::to_string(slot + 1);
  }
  pod.gates.clear();
  pod.meta.created = at(-3600);
  return pods.emplace_back(pod);
}

void Situation::settle() {
  int slot = 0;
  for (const NodeName& node : ring_nodes()) run(slot++, node);
  for (int i = 0; i < 4; ++i) carry_out(plan());
}

void Situation::carry_out(const ChildPlan& plan) {
  store(plan);
  for (const Action& action : plan.actions) {
    const auto by_uid = [&](const Uid& uid) {
      const auto found = std::find_if(pods.begin(), pods.end(),
                                      [&](const kube::Pod& p) { return p.meta.uid == uid; });
      return found == pods.end() ? nullptr : &*found;
    };
    if (const auto* set = std::get_if<SetRole>(&action)) {
      kube::Pod* const pod = by_uid(set->uid);
      if (pod == nullptr) continue;
      pod->meta.labels[kRoleLabel] = to_string(set->role.role);
      pod->meta.annotations[kRoleAnnotation] = to_text(set->role);
      pod->meta.annotations[kPeersAnnotation] = set->peers;
    } else if (const auto* lift = std::get_if<LiftGate>(&action)) {
      if (kube::Pod* const pod = by_uid(lift->uid)) pod->gates = lift->gates;
    }
  }
}

kube::Pod* Situation::pod(int slot, int incarnation) {
  const std::string name = pod_name(child, slot, incarnation);
  const auto found = std::find_if(pods.begin(), pods.end(),
                                  [&](const kube::Pod& p) { return p.meta.name == name; });
  return found == pods.end() ? nullptr : &*found;
}

ChildPlan Situation::plan() {
  update_frame();
  pod_template.pinning = hub->spec.pinning;
  std::vector<const kube::Pod*> views;
  for (const kube::Pod& pod : pods) views.push_back(&pod);
  const std::string key = placement_key(frame_->key, child.meta.name);
  ledger.erase(key);
  ledger.add(key, record_of(child, views));
  ledger.settle();
  const auto seats = ledger.take(key);
  std::vector<const kube::Service*> service_views;
  for (const kube::Service& service : services) service_views.push_back(&service);
  return plan_child({.frame = *frame_,
                     .child = child,
                     .pods = views,
                     .pod_template = pod_template,
                     .may_move = may_move,
                     .may_update = may_move && may_update,
                     .rollout_failed = rollout_failed,
                     .now = now,
                     .failures = failures,
                     .seats = seats,
                     .loads = &ledger.loads(),
                     .answers = &answers,
                     .services = service_views,
                     .service_problem = service_problem,
                     .service_problem_reason = "NameConflict",
                     .find_node = [this](const NodeName& name) {
                       const auto found = std::find_if(
                           nodes.begin(), nodes.end(),
                           [&](const kube::Node& node) { return node.meta.name == name.str(); });
                       return found == nodes.end() ? nullptr : &*found;
                     }});
}

namespace {

std::string short_name(const std::string& pod, const api::ProcessHubChild& child) {
  for (int slot = 0; slot < 10; ++slot) {
    for (int incarnation = 1; incarnation < 10; ++incarnation) {
      if (pod == pod_name(child, slot, incarnation)) {
        return std::to_string(slot) + "." + std::to_string(incarnation);
      }
    }
  }
  return pod;
}

}  // namespace

std::vector<std::string> told(const ChildPlan& plan, const api::ProcessHubChild& child) {
  static constexpr const char* kHow[] = {"down", "lost", "dead", "stale"};
  std::vector<std::string> lines;
  const auto facts = [](const auto& down) {
    std::string text;
    for (const NodeIsDown& fact : down) {
      text += std::string(text.empty() ? " if " : " and ") + fact.node.str() + " is " +
              kHow[static_cast<int>(fact.how)];
    }
    return text;
  };
  for (const Action& action : plan.actions) {
    if (const auto* create = std::get_if<CreatePod>(&action)) {
      lines.push_back("create " + short_name(create->pod.name, child) + " on " +
                      create->node.str());
    } else if (const auto* remove = std::get_if<DeletePod>(&action)) {
      std::vector<NodeIsDown> down;
      if (remove->only_if) down.push_back(*remove->only_if);
      lines.push_back("delete " + short_name(remove->pod.name, child) + " " +
                      std::string(to_string(remove->reason)) + facts(down));
    } else if (const auto* put = std::get_if<PutStatus>(&action)) {
      std::string gone;
      for (const auto& pod : put->gone) gone += " without " + short_name(pod.name, child);
      lines.push_back("status" + gone + facts(put->only_if));
    } else if (const auto* set = std::get_if<SetRole>(&action)) {
      lines.push_back(std::string(to_string(set->role.role)) + " " +
                      short_name(set->pod.name, child));
    } else if (const auto* tell = std::get_if<TellRole>(&action)) {
      lines.push_back("tell " + short_name(tell->pod.name, child) + " " +
                      std::string(to_string(tell->role.role)));
    } else if (const auto* give = std::get_if<GiveState>(&action)) {
      lines.push_back("give " + short_name(give->from.name, child) + " to " +
                      short_name(give->to.name, child));
    } else if (const auto* service = std::get_if<CreateService>(&action)) {
      lines.push_back("create Service " + service->name);
    } else if (const auto* service = std::get_if<UpdateService>(&action)) {
      lines.push_back("update Service " + service->name);
    } else if (const auto* service = std::get_if<DeleteService>(&action)) {
      lines.push_back("delete Service " + service->name);
    } else if (const auto* lift = std::get_if<LiftGate>(&action)) {
      lines.push_back("lift " + short_name(lift->pod.name, child));
    } else if (const auto* bind = std::get_if<BindPod>(&action)) {
      lines.push_back("bind " + short_name(bind->pod.name, child) + " to " + bind->node.str());
    } else if (const auto* command = std::get_if<TakeOffCommand>(&action)) {
      lines.push_back("remove " + command->annotation + " " + command->outcome);
    }
  }
  return lines;
}

const api::Condition& condition_of(const std::vector<api::Condition>& conditions,
                                   const std::string& type) {
  const api::Condition* found = api::find_condition(conditions, type);
  if (found == nullptr) throw std::logic_error("no condition " + type);
  return *found;
}

}  // namespace processhub::plan::testing
