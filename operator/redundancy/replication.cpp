#include "redundancy/replication.h"

#include <algorithm>

namespace processhub::redundancy {

namespace {

bool leads(const Replica& replica) { return replica.active && replica.ready; }

std::vector<NodeName> nodes_of(std::span<const Replica> replicas, bool ready_alone) {
  std::vector<NodeName> nodes;
  for (const Replica& replica : replicas) {
    if (replica.ready || !ready_alone) nodes.push_back(replica.node);
  }
  return nodes;
}

}  // namespace

void Replication::init(const HubKey& /*hub*/, std::span<const NodeName> members) {
  members_ = static_cast<int>(members.size());
}

int Replication::replication_factor() const {
  return spec_.factor ? *spec_.factor : std::max(1, members_);
}

// With the original's choice (a sum of characters modulo the count) 5 to 7 % of all children
// would change their master at each node loss.
NodeName Replication::master_node(const HubKey& /*hub*/, const ChildId& /*child*/,
                                  std::span<const NodeName> child_nodes) const {
  return child_nodes.front();
}

std::vector<RoleSignal> Replication::handle_post_start(const HubKey& /*hub*/,
                                                       const ChildId& /*child*/,
                                                       const PodRef& started,
                                                       std::span<const Replica> replicas) const {
  if (spec_.model == api::ReplicationModel::kActiveActive) return {{started, Role::kPeer}};
  const auto self = std::find_if(replicas.begin(), replicas.end(),
                                 [&](const Replica& one) { return one.pod == started; });
  if (self == replicas.end()) return {{started, Role::kPassive}};
  const bool led =
      std::any_of(replicas.begin(), replicas.end(), [](const Replica& one) { return one.active; });
  const bool shall_lead = led ? self->active : self->ready;
  return {{started, shall_lead ? Role::kActive : Role::kPassive}};
}

std::vector<RoleSignal> Replication::handle_post_update(const HubKey& hub, const ChildId& child,
                                                        std::span<const NodeName> /*hub_nodes*/,
                                                        const NodeEvent& /*event*/,
                                                        std::span<const Replica> replicas) const {
  if (spec_.model == api::ReplicationModel::kActiveActive) return tell_peers(hub, child, replicas);
  if (std::any_of(replicas.begin(), replicas.end(), leads)) return {};
  const std::vector<NodeName> able = nodes_of(replicas, true);
  if (able.empty()) return {};
  const NodeName next = master_node(hub, child, able);
  std::vector<RoleSignal> signals;
  bool chosen = false;
  for (const Replica& replica : replicas) {
    const bool leads_now = !chosen && replica.ready && replica.node == next;
    signals.push_back({replica.pod, leads_now ? Role::kActive : Role::kPassive});
    chosen = chosen || leads_now;
  }
  return signals;
}

// Peers keep their role; `signal` says which of them want to hear that something has changed.
std::vector<RoleSignal> Replication::tell_peers(const HubKey& hub, const ChildId& child,
                                                std::span<const Replica> replicas) const {
  std::vector<RoleSignal> signals;
  if (spec_.signal == api::SignalTo::kNone || replicas.empty()) return signals;
  const NodeName master = master_node(hub, child, nodes_of(replicas, false));
  for (const Replica& replica : replicas) {
    const auto kind = replica.node == master ? api::SignalTo::kActive : api::SignalTo::kPassive;
    if (replica.ready && (spec_.signal == api::SignalTo::kAll || spec_.signal == kind)) {
      signals.push_back({replica.pod, Role::kPeer});
    }
  }
  return signals;
}

}  // namespace processhub::redundancy
