// Which nodes a child belongs to. One implementation per
// `spec.distribution.strategy` of a ProcessHub; `belongs_to` is that of
// ProcessHub's distribution protocol (ProcessHub.Strategy.Distribution.Base).
//
//   const ConsistentHashing strategy(members, {.virtual_nodes = 512});
//   strategy.belongs_to({.key = "default/workers/tenant-1", .replicas = 2}, {}).seats;
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "placement/loads.h"
#include "placement/ring.h"

namespace processhub::placement {

// The node of one replica.
struct Seat {
  NodeName node;
  // Where the walk leads, if not here: that node was full when the replica was given one.
  NodeName home = {};
  bool over_bound = false;  // the node was full already: nothing else could be used
  bool operator==(const Seat&) const = default;
};

[[nodiscard]] std::vector<NodeName> nodes_of(std::span<const Seat> seats);
// The first of them on `node`; null where there is none.
[[nodiscard]] const Seat* seat_on(std::span<const Seat> seats, const NodeName& node);

// What a strategy is asked about one child.
struct Request {
  std::string_view key;                     // "namespace/hub/child"
  int replicas = 1;                         // that it shall have
  std::span<const NodeName> excluded = {};  // nodes that it may not use; in any order
  std::span<const NodeName> listed = {};    // its own list, preferred first (Guided)
  std::span<const Seat> seats = {};         // what it has; for strategies that remember
};

struct Placement {
  std::vector<Seat> seats = {};     // preferred first; fewer than asked for where there are no more
  bool zone_relaxed = false;        // the zones could not be as even as they should
  std::vector<NodeName> away = {};  // listed, but no members
  bool operator==(const Placement&) const = default;
};

// Immutable.
class DistributionStrategy {
 public:
  virtual ~DistributionStrategy() = default;

  // For the hub's status. Where two have the same name, and nothing is remembered, they give
  // the same answers.
  [[nodiscard]] virtual std::string_view algorithm() const = 0;

  // `loads`: of all other children of the hub; asked for by strategies that remember alone.
  // Asked again with the seats that it gave, and nothing else changed, it gives the same.
  [[nodiscard]] virtual Placement belongs_to(const Request& request, const Loads& loads) const = 0;

  // Whether the answer depends on what a child had before and on other children: then all are
  // asked for in a certain order, and the answers are kept (Ledger).
  [[nodiscard]] virtual bool remembers() const { return false; }

  // A member's index in Loads; none for others. Below `members()`.
  [[nodiscard]] virtual std::optional<uint32_t> index_of(const NodeName& name) const = 0;
  [[nodiscard]] virtual size_t members() const = 0;

  // How many replicas each member may hold of `replicas` in all; empty: as many as there are.
  [[nodiscard]] virtual std::vector<uint32_t> caps(uint64_t /*replicas*/) const { return {}; }
};

}  // namespace processhub::placement
