// Our ring: lookups, build, additions, and how good its answers are.
//
//   ring_bench [--benchmark_filter='lookup/nodes:1000/'] ...
//
// Of Google Benchmark. benchmarks/placement/run reads what it prints as JSON.
#include <algorithm>
#include <array>
#include <benchmark/benchmark.h>
#include <chrono>
#include <cmath>
#include <malloc.h>
#include <map>

#include "quality.h"
#include "workload.h"

#include "placement/bound.h"
#include "placement/bounded_ring.h"
#include "placement/ledger.h"
#include "placement/ring.h"

namespace processhub::benchmarks {
namespace {

using placement::BoundedRing;
using placement::Loads;
using placement::Member;
using placement::Ring;

constexpr size_t kMostReplicas = 3;

const Keys& keys() {
  static const Keys keys(kKeys);
  return keys;
}

std::vector<Member> members(int nodes) {
  std::vector<Member> members;
  for (int number = 1; number <= nodes; ++number) {
    members.push_back({.name = NodeName(node_name(number))});
  }
  return members;
}

// The rings of the lookups, each built once.
const Ring& ring_of(int nodes) {
  static std::map<int, Ring> rings;
  auto found = rings.find(nodes);
  if (found == rings.end()) found = rings.try_emplace(nodes, members(nodes), kPoints).first;
  return found->second;
}

// Each iteration: all keys once.
void lookup(benchmark::State& state) {
  const Ring& ring = ring_of(static_cast<int>(state.range(0)));
  const auto replicas = static_cast<size_t>(state.range(1));
  std::array<Ring::Index, kMostReplicas> out{};
  while (state.KeepRunning()) {
    for (const std::string_view key : keys().all()) {
      ring.walk(Ring::position_of(key), {}, std::span(out).first(replicas));
      benchmark::DoNotOptimize(out);
    }
  }
  state.SetItemsProcessed(state.iterations() * kKeys);
}

// The same, with the names of the nodes.
void place(benchmark::State& state) {
  const Ring& ring = ring_of(static_cast<int>(state.range(0)));
  const auto replicas = static_cast<int>(state.range(1));
  while (state.KeepRunning()) {
    for (const std::string_view key : keys().all()) {
      benchmark::DoNotOptimize(ring.place(key, replicas, {}));
    }
  }
  state.SetItemsProcessed(state.iterations() * kKeys);
}

// The part of a lookup that is its hash.
void hash(benchmark::State& state) {
  while (state.KeepRunning()) {
    for (const std::string_view key : keys().all()) {
      benchmark::DoNotOptimize(Ring::position_of(key));
    }
  }
  state.SetItemsProcessed(state.iterations() * kKeys);
}

size_t heap() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

void build(benchmark::State& state) {
  const std::vector<Member> nodes = members(static_cast<int>(state.range(0)));
  const size_t before = heap();
  const Ring first(nodes, kPoints);
  state.counters["memory"] = static_cast<double>(heap() - before);
  while (state.KeepRunning()) {
    const Ring ring(nodes, kPoints);
    benchmark::DoNotOptimize(ring.points());
  }
}

void add(benchmark::State& state) {
  using Clock = std::chrono::steady_clock;
  const auto nodes = static_cast<int>(state.range(0));
  Ring ring(members(nodes), kPoints);
  const Member joins{.name = NodeName(node_name(newcomer(nodes)))};
  while (state.KeepRunning()) {
    const auto began = Clock::now();
    ring.add(joins);
    state.SetIterationTime(std::chrono::duration<double>(Clock::now() - began).count());
    ring.remove(joins.name);
  }
}

Placements placements(const Ring& ring, int replicas) {
  Placements placements{.replicas = replicas};
  std::array<Ring::Index, kMostReplicas> out{};
  for (const std::string_view key : keys().all()) {
    const size_t found =
        ring.walk(Ring::position_of(key), {}, std::span(out).first(static_cast<size_t>(replicas)));
    for (size_t i = 0; i < static_cast<size_t>(replicas); ++i) {
      const int number = i < found ? std::stoi(ring.members()[out[i]].name.str().substr(5, 5)) : 0;
      placements.nodes.push_back(static_cast<uint16_t>(number));
    }
  }
  return placements;
}

// Not timed: the counters are the result.
void quality(benchmark::State& state) {
  const auto nodes = static_cast<int>(state.range(0));
  const auto replicas = static_cast<int>(state.range(1));
  while (state.KeepRunning()) {
    Ring ring(members(nodes), kPoints);
    const Placements built = placements(ring, replicas);
    ring.add({.name = NodeName(node_name(newcomer(nodes)))});
    const Placements joined = placements(ring, replicas);
    ring.remove(NodeName(node_name(leaver(nodes))));
    const Quality quality = assess(nodes, built, joined, placements(ring, replicas));
    state.counters["keys"] = static_cast<double>(quality.keys);
    state.counters["max_load"] = quality.max_load;
    state.counters["moved_on_join"] = quality.moved_on_join.value_or(NAN);
    state.counters["moved_on_leave"] = quality.moved_on_leave.value_or(NAN);
    state.counters["short_keys"] = static_cast<double>(quality.short_keys);
  }
}

// A child that is to be given seats.
struct Waiting {
  uint64_t priority;
  uint64_t position;
  uint32_t key;
};

// As the operator orders them: ascending by priority, equal ones by key.
std::vector<Waiting> in_order() {
  const std::vector<std::string_view>& all = keys().all();
  std::vector<Waiting> waiting;
  waiting.reserve(all.size());
  for (uint32_t i = 0; i < all.size(); ++i) {
    waiting.push_back({placement::priority_of(all[i]), Ring::position_of(all[i]), i});
  }
  std::sort(waiting.begin(), waiting.end(), [&](const Waiting& a, const Waiting& b) {
    return a.priority != b.priority ? a.priority < b.priority : all[a.key] < all[b.key];
  });
  return waiting;
}

// Each iteration: all keys are put in order and given seats on an empty ring, none of whose
// nodes may hold more than a percentage of the mean.
void bounded(benchmark::State& state) {
  const Ring& ring = ring_of(static_cast<int>(state.range(0)));
  const auto replicas = static_cast<size_t>(state.range(1));
  const std::vector<uint32_t> caps = placement::caps(
      ring.members(), kKeys * replicas, {.load_factor_percent = static_cast<int>(state.range(2))});
  std::array<BoundedRing::Seat, kMostReplicas> out{};
  std::vector<Ring::Index> given(kKeys * replicas);
  uint32_t most = 0;
  size_t missing = 0;
  while (state.KeepRunning()) {
    Loads loads(ring.members().size());
    loads.set_caps(caps);
    const BoundedRing bounded(ring, loads);
    missing = 0;
    for (const Waiting& child : in_order()) {
      const size_t found = bounded.seat(child.position, {}, {}, std::span(out).first(replicas));
      for (size_t i = 0; i < found; ++i) {
        loads.add(out[i].node);
        given[child.key * replicas + i] = out[i].node;
      }
      missing += replicas - found;
    }
    benchmark::DoNotOptimize(given.data());
    for (Ring::Index node = 0; node < loads.members(); ++node) {
      most = std::max(most, loads.at(node));
    }
  }
  const double mean = static_cast<double>(kKeys * replicas) / static_cast<double>(state.range(0));
  state.counters["max_load"] = most / mean;
  state.counters["missing"] = static_cast<double>(missing);
  state.SetItemsProcessed(state.iterations() * kKeys);
}

const std::vector<int64_t> kNodes = {10, 100, 1000, 5000};

void with_replicas(benchmark::internal::Benchmark* it) {
  it->ArgNames({"nodes", "replicas"})
      ->ArgsProduct({kNodes, {1, 3}})
      ->UseRealTime()
      ->Unit(benchmark::kMillisecond);
}

void with_bounds(benchmark::internal::Benchmark* it) {
  it->ArgNames({"nodes", "replicas", "percent"})
      ->ArgsProduct({{1000}, {3}, {125, 105}})
      ->UseRealTime()
      ->Unit(benchmark::kMillisecond);
}

void with_nodes(benchmark::internal::Benchmark* it) {
  it->ArgNames({"nodes"})->ArgsProduct({kNodes})->UseRealTime()->Unit(benchmark::kMillisecond);
}

BENCHMARK(lookup)->Apply(with_replicas);
BENCHMARK(place)->Apply(with_replicas);
BENCHMARK(hash)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(build)->Apply(with_nodes);
BENCHMARK(add)->ArgName("nodes")->ArgsProduct({kNodes})->UseManualTime()->Unit(
    benchmark::kMillisecond);
BENCHMARK(bounded)->Apply(with_bounds);
BENCHMARK(quality)->Apply(with_replicas)->Iterations(1)->Repetitions(1);

}  // namespace
}  // namespace processhub::benchmarks

BENCHMARK_MAIN();
