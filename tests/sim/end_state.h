// How a child stands: what is compared between a run with faults and one without, and what must
// hold of it at rest.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "sim/world.h"

namespace processhub::sim {

struct ChildState {
  std::set<std::string> nodes = {};  // of its pods
  std::set<std::string> revisions = {};
  int pods = 0;
  bool operator==(const ChildState&) const = default;
};

// Whether the hub's selector takes that node.
[[nodiscard]] bool is_for(const nlohmann::json& hub, const nlohmann::json& node);
// How many replicas a child of the hub has; none: one on each node.
[[nodiscard]] std::optional<size_t> replicas_of(const nlohmann::json& hub);

// By name.
[[nodiscard]] std::map<std::string, ChildState> children_of(World& world);

// What is wrong with a world at rest, where every node is well; empty: nothing.
[[nodiscard]] std::string wrong_at_rest(World& world);

// What the specs of `world` give on its nodes without any faults: a cluster of its own.
[[nodiscard]] std::map<std::string, ChildState> without_faults(World& world);

}  // namespace processhub::sim
