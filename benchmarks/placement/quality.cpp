#include "quality.h"

#include <algorithm>
#include <span>

#include "workload.h"

namespace processhub::benchmarks {
namespace {

using Nodes = std::span<const uint16_t>;

Nodes nodes_of(const Placements& placements, size_t key) {
  const auto replicas = static_cast<size_t>(placements.replicas);
  return Nodes(placements.nodes).subspan(key * replicas, replicas);
}

bool contains(Nodes nodes, uint16_t node) {
  return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
}

// Calls `each` with every node of the key once.
template <typename Each>
void for_distinct(Nodes nodes, Each each) {
  for (size_t i = 0; i < nodes.size(); ++i) {
    if (nodes[i] != 0 && !contains(nodes.first(i), nodes[i])) each(nodes[i]);
  }
}

size_t made(Nodes before, Nodes after) {
  size_t count = 0;
  for_distinct(after, [&](uint16_t node) { count += contains(before, node) ? 0 : 1; });
  return count;
}

std::optional<double> ratio(size_t count, size_t of) {
  if (of == 0) return std::nullopt;
  return static_cast<double>(count) / static_cast<double>(of);
}

}  // namespace

Quality assess(int nodes, const Placements& built, const Placements& joined,
               const Placements& left) {
  Quality quality;
  quality.keys = std::min({built.keys(), joined.keys(), left.keys()});
  const auto wanted = static_cast<size_t>(std::min(built.replicas, nodes));
  std::vector<size_t> loads(static_cast<size_t>(newcomer(nodes)) + 1);
  size_t total = 0;
  size_t made_on_join = 0;
  size_t on_newcomer = 0;
  size_t made_on_leave = 0;
  size_t on_leaver = 0;
  for (size_t key = 0; key < quality.keys; ++key) {
    const Nodes first = nodes_of(built, key);
    const Nodes second = nodes_of(joined, key);
    const Nodes third = nodes_of(left, key);
    size_t distinct = 0;
    for_distinct(first, [&](uint16_t node) {
      ++loads[node];
      ++distinct;
    });
    total += distinct;
    if (distinct < wanted) ++quality.short_keys;
    made_on_join += made(first, second);
    made_on_leave += made(second, third);
    if (contains(second, static_cast<uint16_t>(newcomer(nodes)))) ++on_newcomer;
    if (contains(second, static_cast<uint16_t>(leaver(nodes)))) ++on_leaver;
  }
  if (total > 0) {
    quality.max_load = static_cast<double>(*std::max_element(loads.begin(), loads.end())) * nodes /
                       static_cast<double>(total);
  }
  quality.moved_on_join = ratio(made_on_join, on_newcomer);
  quality.moved_on_leave = ratio(made_on_leave, on_leaver);
  return quality;
}

}  // namespace processhub::benchmarks
