// How good the answers of a library are, whichever it is: how even, how stable, how complete.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace processhub::benchmarks {

// The nodes of each key, by number (from 1), `replicas` numbers a key; 0 for one that the
// library did not give.
struct Placements {
  int replicas = 1;
  std::vector<uint16_t> nodes = {};
  [[nodiscard]] size_t keys() const { return nodes.size() / static_cast<size_t>(replicas); }
};

struct Quality {
  size_t keys = 0;      // that were compared: of all states as many as the shortest has
  double max_load = 0;  // of the fullest node, 1 for the mean of all
  // New replicas on any node, for each that had to be made: on a join those that are on the
  // newcomer; on a leave those that were on the leaver. Nothing if there are none of those.
  std::optional<double> moved_on_join;
  std::optional<double> moved_on_leave;
  size_t short_keys = 0;  // with fewer distinct nodes than min(replicas, nodes), at first
};

// `built` on the nodes 1 to `nodes`; `joined` after newcomer(nodes) came; then `left` after
// leaver(nodes) went. All of them with the same replicas and the keys in the same order.
[[nodiscard]] Quality assess(int nodes, const Placements& built, const Placements& joined,
                             const Placements& left);

}  // namespace processhub::benchmarks
