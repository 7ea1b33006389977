// How loaded the nodes are, for hubs with the strategy CentralizedLoadBalancer.
//
// A node's score is the greater part of its CPU or memory that is asked for by all pods bound
// to it; where metrics.k8s.io is served, the mean of that and of what is used lately
// (placement::UseHistory). It is measured anew for each hub every `pushIntervalSeconds`.
//
// Core thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>

#include "base/executor.h"
#include "controller/caches.h"
#include "kube/client.h"
#include "placement/use_history.h"
#include "plan/frame.h"

namespace processhub::controller {

class NodeScores {
 public:
  // All references outlive it. `watch_pods` makes caches.pod_loads be filled; it is called once,
  // when the first hub asks. `changed`: a hub's scores are there, or are others.
  NodeScores(kube::Client& client, Executor& executor, Caches& caches,
             std::function<void()> watch_pods, std::function<void(const HubKey&)> changed);

  // None while they are being measured for the first time.
  [[nodiscard]] std::optional<plan::NodeScores> of(const api::ProcessHub& hub);
  void forget(const HubKey& hub) { hubs_.erase(hub); }
  void forget_all() { hubs_.clear(); }

 private:
  using Uses = std::unordered_map<NodeName, kube::Resources>;
  struct Hub {
    api::CentralizedLoadBalancerSpec spec = {};
    kube::Resources ask = {};  // of one replica
    std::unordered_map<NodeName, placement::UseHistory> history = {};
    std::optional<plan::NodeScores> scores = {};
    bool measuring = false;
    Timer timer = {};
  };

  void start_waiting();
  void measure(const HubKey& key, Hub& hub);
  void on_use(const HubKey& key, const std::shared_ptr<Uses>& uses, const Result<void>& result);
  [[nodiscard]] plan::NodeScores scores_of(const HubKey& key, Hub& hub, const Uses& uses) const;
  [[nodiscard]] std::unordered_map<NodeName, kube::Resources> requested() const;
  [[nodiscard]] std::unordered_map<NodeName, uint32_t> bound_replicas(const HubKey& hub) const;

  kube::Client& client_;
  Executor& executor_;
  Caches& caches_;
  std::function<void()> watch_pods_;
  std::function<void(const HubKey&)> changed_;
  std::map<HubKey, std::shared_ptr<Hub>> hubs_;
  std::string last_problem_;  // of metrics.k8s.io, so that it is logged once
};

}  // namespace processhub::controller
