// How many replicas a child has, which of them leads, and what each replica is
// told. One implementation per `spec.redundancy.strategy` of a ProcessHub.
//
// The five operations are those of ProcessHub's redundancy protocol
// (ProcessHub.Strategy.Redundancy.Base v0.2.0-alpha). There they run effects on
// the local node; here they are pure: they return what should happen and the
// planner puts it into the plan.
//
//   auto strategy = redundancy::make_strategy(hub.spec.redundancy);
//   strategy->init(hub.key(), members);
//   NodeName preferred = strategy->master_node(hub.key(), "tenant-1", nodes);
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "api/types.h"
#include "redundancy/role.h"

namespace processhub::redundancy {

using ChildId = std::string;  // the child's metadata.name

// A membership change as a child sees it.
struct NodeEvent {
  enum class Kind { kUp, kDown };
  Kind kind;
  NodeName node;
};

class RedundancyStrategy {
 public:
  virtual ~RedundancyStrategy() = default;

  // Called once per hub before any other operation, and again when the hub's
  // spec or member set changes. `members` is sorted and holds no duplicates.
  virtual void init(const HubKey& hub, std::span<const NodeName> members) = 0;

  // Replicas of each child, 1 or more. May exceed the member count: placement
  // then gives as many nodes as there are and the child is Degraded.
  [[nodiscard]] virtual int replication_factor() const = 0;

  // The node that should lead `child`, one of `child_nodes`.
  // Precondition: `child_nodes` is in walk order and not empty.
  [[nodiscard]] virtual NodeName master_node(const HubKey& hub, const ChildId& child,
                                             std::span<const NodeName> child_nodes) const = 0;

  // A replica of `child` has started, or has become Ready: the signals to send it. One that
  // is not Ready is told what it is to be born as.
  // Precondition: `replicas` is in walk order.
  [[nodiscard]] virtual std::vector<RoleSignal> handle_post_start(
      const HubKey& hub, const ChildId& child, const PodRef& started,
      std::span<const Replica> replicas) const = 0;

  // `event` concerns a node of `child`: the signals that follow for its replicas, among them
  // at most one to lead. Empty where no role changes. The acting master, the replica that is
  // `active`, stays while it is `ready`.
  // Precondition: `replicas` is in walk order.
  [[nodiscard]] virtual std::vector<RoleSignal> handle_post_update(
      const HubKey& hub, const ChildId& child, std::span<const NodeName> hub_nodes,
      const NodeEvent& event, std::span<const Replica> replicas) const = 0;
};

// What a pod of `child` is created as.
[[nodiscard]] Role role_at_birth(const RedundancyStrategy& strategy, const HubKey& hub,
                                 const ChildId& child);

[[nodiscard]] std::unique_ptr<RedundancyStrategy> make_strategy(const api::RedundancySpec& spec);

}  // namespace processhub::redundancy
