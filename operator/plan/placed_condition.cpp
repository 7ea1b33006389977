#include "plan/placed_condition.h"

#include <algorithm>
#include <fmt/core.h>

#include "plan/child_status.h"

namespace processhub::plan {
namespace {

using api::Condition;
using kube::ConditionStatus;

// What stood in the way of one child; the first is what the condition's reason says.
struct Obstacle {
  const char* reason;
  std::string text;
};

std::string joined(const std::vector<std::string>& texts, const char* separator) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : separator) + text;
  return all;
}

void add_bounds(const placement::Placement& placed, std::vector<Obstacle>& found) {
  for (const placement::Seat& seat : placed.seats) {
    if (!seat.over_bound) continue;
    found.push_back(
        {"BoundRelaxed", fmt::format("{} holds more than its bound: every node that could be used "
                                     "was full",
                                     seat.node.str())});
  }
  if (placed.zone_relaxed) {
    found.push_back({"ZoneRelaxed",
                     "a zone has no node left for a replica that would be due there: the zones "
                     "are less even than they should be"});
  }
  for (const placement::Seat& seat : placed.seats) {
    if (seat.home.empty()) continue;
    found.push_back({"BoundReached",
                     fmt::format("{} was full, so it is on {}", seat.home.str(), seat.node.str())});
  }
}

std::string why_away(const Membership& membership, const NodeName& name) {
  const NodeState* node = membership.node(name);
  if (node == nullptr) return "there is no Node " + name.str();
  if (!node->matches) return name.str() + " does not match the hub's nodes.selector";
  if (node->draining) return name.str() + " is cordoned or about to be removed";
  return name.str() + " is not among the hub's nodes (not Ready long enough, or tainted)";
}

void add_away(const ChildInput& input, const ChildPlacement& placed, std::vector<Obstacle>& found) {
  for (const NodeName& node : placed.placement.away) {
    found.push_back({"ListedNodesAway", why_away(input.frame.membership, node)});
  }
}

const char* why_left_out(const std::string& reason) {
  if (reason == kSpill) {
    return " is left out: there was no room there for a pod of the child (Spill)";
  }
  if (reason == kMoveTimedOut) {
    return " is left out: a pod that was to move there was not Ready in time (MoveTimedOut)";
  }
  return " is left out: it is lost (NodeLost)";
}

void add_exclusions(const std::vector<api::Exclusion>& excluded, std::vector<Obstacle>& found) {
  for (const api::Exclusion& one : excluded) {
    if (one.reason == kUpdateTimedOut) {
      found.push_back(
          {kUpdateTimedOut,
           fmt::format("a pod of a new template was not Ready in time on {}: no further "
                       "one is made until the template changes",
                       one.node.str())});
    } else {
      found.push_back({"Excluded", one.node.str() + why_left_out(one.reason)});
    }
  }
}

}  // namespace

Condition placed_condition(const ChildInput& input, const ChildPlacement& placed) {
  if (!placed.unschedulable.empty()) {
    return {.type = kPlaced,
            .status = ConditionStatus::kFalse,
            .reason = "Unschedulable",
            .message = joined(placed.unschedulable, "; ") + "; no other node is tried"};
  }
  const auto nodes = static_cast<int>(placed.nodes.size());
  const int wanted = input.frame.redundancy->replication_factor();
  if (nodes < wanted) {
    if (auto problem = problem_of_list(input, placed)) {
      problem->type = kPlaced;
      problem->status = ConditionStatus::kFalse;
      return *std::move(problem);
    }
  }
  if (placed.nodes.empty()) {
    return {.type = kPlaced,
            .status = ConditionStatus::kFalse,
            .reason = "NoNodes",
            .message = "no node can be used: see the nodes of hub " + input.frame.key.name};
  }
  if (nodes < wanted) {
    return {.type = kPlaced,
            .status = ConditionStatus::kFalse,
            .reason = "NotEnoughNodes",
            .message = fmt::format("{} replicas wanted, {} nodes can be used", wanted, nodes)};
  }
  std::vector<Obstacle> found;
  add_away(input, placed, found);
  add_bounds(placed.placement, found);
  add_exclusions(placed.excluded, found);
  if (found.empty()) {
    return {.type = kPlaced, .status = ConditionStatus::kTrue, .reason = "Preferred"};
  }
  std::vector<std::string> texts;
  texts.reserve(found.size());
  for (Obstacle& obstacle : found) texts.push_back(std::move(obstacle.text));
  return {.type = kPlaced,
          .status = ConditionStatus::kTrue,
          .reason = found.front().reason,
          .message = joined(texts, "; ")};
}

std::optional<Condition> problem_of_list(const ChildInput& input, const ChildPlacement& placed) {
  const api::ProcessHubSpec& hub = input.frame.hub->spec;
  if (hub.distribution.strategy != api::DistributionStrategyKind::kGuided) return std::nullopt;
  const auto listed = static_cast<int>(input.child.spec.nodes.size());
  const int wanted = input.frame.redundancy->replication_factor();
  if (listed < wanted) {
    return Condition{.type = kDegraded,
                     .status = ConditionStatus::kTrue,
                     .reason = "ListTooShort",
                     .message = fmt::format("spec.nodes: names {} of at least {} nodes: the hub "
                                            "wants as many replicas of each child",
                                            listed, wanted)};
  }
  if (placed.placement.away.empty()) return std::nullopt;
  std::vector<std::string> texts;
  texts.reserve(placed.placement.away.size());
  for (const NodeName& node : placed.placement.away) {
    texts.push_back(why_away(input.frame.membership, node));
  }
  return Condition{.type = kDegraded,
                   .status = ConditionStatus::kTrue,
                   .reason = "ListedNodesAway",
                   .message = "spec.nodes: " + joined(texts, "; ")};
}

}  // namespace processhub::plan
