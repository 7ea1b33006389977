// Which nodes are a hub's: the members of its ring, and how each node fares.
//
// While too many nodes are down to be believed (MassLoss), or too few are present for the hub's
// partition tolerance (locked), the members stay what they were.
//
// Pure: time is an argument. The rules (who enters, who stays) are in
// docs/concepts.md, "Membership".
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "api/types.h"
#include "placement/ring.h"
#include "plan/quorum.h"

namespace processhub::plan {

enum class NodeHealth {
  kReady,
  kNotReady,  // Ready=False: its kubelet lives and ends pods by itself
  kUnknown,   // Ready=Unknown, or never reported: nothing is known of its pods
};

struct NodeState {
  Uid uid;
  NodeHealth health = NodeHealth::kUnknown;
  WallTime since = {};    // of `health`
  bool matches = false;   // the hub's selector
  bool draining = false;  // cordoned or about to be removed, and the hub migrates then
  // Not Ready, or not reached by the hub's detection: roles do not wait for it.
  bool suspect = false;
  // Of a suspect whose Lease is not renewed: the renewTime that has not changed.
  std::string stale_lease = {};
  // Its taint out-of-service or shutdown: somebody has made sure that it runs nothing.
  bool dead = false;
  uint64_t fingerprint = 0;  // kube::Node's
  bool operator==(const NodeState&) const = default;
};

struct Membership {
  // By name. A member whose Node was deleted while they were frozen has no entry in `nodes`.
  std::vector<placement::Member> members = {};
  std::map<NodeName, NodeState> nodes = {};  // every Node there is
  int matching = 0;
  int ready = 0;     // of the members
  int draining = 0;  // of the matching
  int present = 0;   // matching nodes that are Ready, cordoned ones included
  int suspect = 0;   // matching nodes that are not Ready or not reached
  // More of the matching nodes are down than can be believed: a fault of the
  // network or the control plane. No pod is deleted or replaced because of nodes.
  bool mass_loss = false;
  // What the hub's partition tolerance says; `quorum.locked`: no new decision because of nodes.
  Quorum quorum = {};
  // The end of the last MassLoss or lock: a node that is still down counts as down since then, else
  // the first nodes that come back would have the others given up at once.
  WallTime losses_count_from = {};
  std::vector<std::string> problems = {};   // weights that cannot be used, one sentence each
  std::optional<WallTime> look_again = {};  // when time alone changes the answer

  [[nodiscard]] const placement::Member* member(const NodeName& name) const;
  [[nodiscard]] const NodeState* node(const NodeName& name) const;
  // What nodes do changes no pod's place.
  [[nodiscard]] bool frozen() const { return mass_loss || quorum.locked; }
};

// That the hub's detection does not reach a node.
struct Suspicion {
  std::string stale_lease = {};  // with NodeLease: the renewTime that has not changed
};

struct MembershipInput {
  const api::ProcessHubSpec& hub;
  std::span<const kube::Node* const> nodes;
  // The members so far; null at the operator's start, when every Ready node is in
  // at once, and a node that is down only if it `holds_pods` of the hub.
  const std::vector<placement::Member>* previous = nullptr;
  std::function<bool(const NodeName&)> holds_pods = [](const NodeName&) { return false; };
  // By a detection beyond the Node's own condition; none: it is reached.
  std::function<std::optional<Suspicion>(const NodeName&)> suspected =
      [](const NodeName&) -> std::optional<Suspicion> { return std::nullopt; };
  WallTime now;
  bool frozen_before = false;            // the membership so far
  WallTime losses_count_from = {};       // likewise
  const Quorum* quorum = nullptr;        // likewise; null at the operator's start
  int max_seen = 0;                      // of the hub's status.quorum
  std::optional<int> cluster_size = {};  // instead of max_seen: it is reset
};

// Whoever sets its taint out-of-service or shutdown has made sure that it runs nothing.
[[nodiscard]] bool is_declared_dead(const kube::Node& node);

[[nodiscard]] Membership next_membership(const MembershipInput& input);

}  // namespace processhub::plan
