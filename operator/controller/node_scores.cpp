#include "controller/node_scores.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/log.h"
#include "kube/decode.h"
#include "kube/quantity.h"

namespace processhub::controller {
namespace {

// What a pod that asks for nothing counts as, like in the scheduler's own scores.
constexpr int64_t kLeastCpu = 100;                            // thousandths of a core
constexpr int64_t kLeastMemory = int64_t{200} * 1024 * 1024;  // bytes

kube::Resources at_least_something(kube::Resources resources) {
  if (resources.cpu_milli == 0) resources.cpu_milli = kLeastCpu;
  if (resources.memory == 0) resources.memory = kLeastMemory;
  return resources;
}

kube::Resources allocatable_of(const kube::Node& node) {
  const auto amount = [&](const char* name) -> int64_t {
    const auto found = node.allocatable.find(name);
    if (found == node.allocatable.end()) return 0;
    return kube::parse_milli(found->second).value_or(0);
  };
  return {.cpu_milli = amount("cpu"), .memory = amount("memory") / 1000};
}

// The greater of the two parts; a node that offers nothing of one is full.
double part_of(const kube::Resources& some, const kube::Resources& all) {
  const auto part = [](int64_t a, int64_t b) {
    return b <= 0 ? 1.0 : static_cast<double>(a) / static_cast<double>(b);
  };
  return std::max(part(some.cpu_milli, all.cpu_milli), part(some.memory, all.memory));
}

}  // namespace

NodeScores::NodeScores(kube::Client& client, Executor& executor, Caches& caches,
                       std::function<void()> watch_pods, std::function<void(const HubKey&)> changed)
    : client_(client),
      executor_(executor),
      caches_(caches),
      watch_pods_(std::move(watch_pods)),
      changed_(std::move(changed)) {
  caches_.pod_loads.on_passed([this](uint64_t) { start_waiting(); });
}

std::optional<plan::NodeScores> NodeScores::of(const api::ProcessHub& hub) {
  if (watch_pods_) std::exchange(watch_pods_, nullptr)();
  std::shared_ptr<Hub>& entry = hubs_[hub.key()];
  const bool is_new = entry == nullptr;
  if (is_new) entry = std::make_shared<Hub>();
  entry->spec = hub.spec.distribution.centralized_load_balancer;
  const auto& pod_template = hub.spec.pod_template;
  entry->ask = at_least_something(pod_template != nullptr && pod_template->contains("spec")
                                      ? kube::requests_of((*pod_template)["spec"])
                                      : kube::Resources{});
  if (is_new && caches_.pod_loads.synced()) measure(hub.key(), *entry);
  return entry->scores;
}

// Hubs that came before there was a list of pods.
void NodeScores::start_waiting() {
  if (!caches_.pod_loads.synced()) return;
  for (const auto& [key, hub] : hubs_) {
    if (!hub->scores && !hub->measuring) measure(key, *hub);
  }
}

void NodeScores::measure(const HubKey& key, Hub& hub) {
  // What is requested is known at once; what is used comes when metrics.k8s.io has answered.
  if (!hub.scores) {
    hub.scores = scores_of(key, hub, {});
    changed_(key);
  }
  hub.measuring = true;
  const auto uses = std::make_shared<Uses>();
  client_.list(
      kube::kNodeMetrics, {}, kube::node_use_mask(),
      [uses](nlohmann::json&& item) {
        if (const auto use = kube::decode_node_use(item)) (*uses)[use->node] = use->use;
      },
      [this, key, uses, weak = std::weak_ptr(hubs_.at(key))](const Result<kube::ListMeta>& list) {
        if (weak.expired()) return;  // the hub is gone, or another has its name
        on_use(key, uses, list ? Result<void>{} : tl::unexpected(list.error()));
      });
}

void NodeScores::on_use(const HubKey& key, const std::shared_ptr<Uses>& uses,
                        const Result<void>& result) {
  Hub& hub = *hubs_.at(key);
  hub.measuring = false;
  const std::string problem = result ? "" : result.error().message;
  if (!result) uses->clear();
  if (std::exchange(last_problem_, problem) != problem && !problem.empty()) {
    log::info("metrics.k8s.io gives no use of nodes: they are scored by what pods request alone",
              {{"problem", problem}});
  }
  plan::NodeScores scores = scores_of(key, hub, *uses);
  hub.timer = executor_.post_after(hub.spec.push_interval, [this, key] {
    if (const auto found = hubs_.find(key); found != hubs_.end()) measure(key, *found->second);
  });
  if (hub.scores == scores) return;
  hub.scores = std::move(scores);
  changed_(key);
}

plan::NodeScores NodeScores::scores_of(const HubKey& key, Hub& hub, const Uses& uses) const {
  plan::NodeScores scores;
  auto asked = requested();
  auto bound = bound_replicas(key);
  std::erase_if(hub.history,
                [&](const auto& one) { return caches_.nodes.find(one.first) == nullptr; });
  for (const auto& [name, node] : caches_.nodes.all()) {
    const kube::Resources allocatable = allocatable_of(*node);
    placement::NodeScore score{.score = part_of(asked[name], allocatable),
                               .replicas = bound[name],
                               .ask = part_of(hub.ask, allocatable)};
    if (const auto use = uses.find(name); use != uses.end()) {
      placement::UseHistory& history = hub.history[name];
      history.add(part_of(use->second, allocatable),
                  static_cast<size_t>(hub.spec.max_history_size));
      score.score = (score.score + *history.mean(hub.spec.weight_decay_factor)) / 2;
    }
    scores.emplace(name, score);
  }
  return scores;
}

std::unordered_map<NodeName, kube::Resources> NodeScores::requested() const {
  std::unordered_map<NodeName, kube::Resources> sums;
  for (const auto& [key, pod] : caches_.pod_loads.all()) {
    if (pod->node.empty() || pod->ended) continue;
    const kube::Resources asked = at_least_something(pod->requests);
    kube::Resources& sum = sums[pod->node];
    sum.cpu_milli += asked.cpu_milli;
    sum.memory += asked.memory;
  }
  return sums;
}

std::unordered_map<NodeName, uint32_t> NodeScores::bound_replicas(const HubKey& hub) const {
  std::unordered_map<NodeName, uint32_t> counts;
  for (const auto& [name, node] : caches_.nodes.all()) {
    for (const auto& pod : caches_.pods_by_hub_and_node.find({hub, name})) {
      if (!pod->node.empty()) ++counts[name];
    }
  }
  return counts;
}

}  // namespace processhub::controller
