// Which nodes are a hub's: the members of its ring, and how each node fares.
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

namespace processhub::plan {

enum class NodeHealth {
  kReady,
  kNotReady,  // Ready=False: its kubelet lives and ends pods by itself
  kUnknown,   // Ready=Unknown, or never reported: nothing is known of its pods
};

struct NodeState {
  Uid uid;
  NodeHealth health = NodeHealth::kUnknown;
  WallTime since = {};       // of `health`
  bool matches = false;      // the hub's selector
  bool draining = false;     // cordoned or about to be removed, and the hub migrates then
  uint64_t fingerprint = 0;  // kube::Node's
  bool operator==(const NodeState&) const = default;
};

struct Membership {
  std::vector<placement::Member> members = {};  // by name
  std::map<NodeName, NodeState> nodes = {};     // every Node there is
  int matching = 0;
  int ready = 0;     // of the members
  int draining = 0;  // of the matching
  // More of the matching nodes are down than can be believed: a fault of the
  // network or the control plane. No pod is deleted or replaced because of nodes.
  bool mass_loss = false;
  // The end of the last MassLoss: a node that is still down counts as down since then, else
  // the first nodes that come back would have the others given up at once.
  WallTime losses_count_from = {};
  std::vector<std::string> problems = {};   // weights that cannot be used, one sentence each
  std::optional<WallTime> look_again = {};  // when time alone changes the answer

  [[nodiscard]] const placement::Member* member(const NodeName& name) const;
  [[nodiscard]] const NodeState* node(const NodeName& name) const;
};

struct MembershipInput {
  const api::ProcessHubSpec& hub;
  std::span<const kube::Node* const> nodes;
  // The members so far; null at the operator's start, when every Ready node is in
  // at once, and a node that is down only if it `holds_pods` of the hub.
  const std::vector<placement::Member>* previous = nullptr;
  std::function<bool(const NodeName&)> holds_pods = [](const NodeName&) { return false; };
  WallTime now;
  bool mass_loss_before = false;    // of the membership so far
  WallTime losses_count_from = {};  // likewise
};

[[nodiscard]] Membership next_membership(const MembershipInput& input);

}  // namespace processhub::plan
