#include "controller/node_detector.h"

#include <algorithm>
#include <utility>

namespace processhub::controller {
namespace {

bool is_suspect(const FailedProbes& failed, const api::NodeProbeSpec& spec) {
  // The node may be probed more often than this hub asks for.
  return failed.count >= spec.failure_threshold &&
         failed.last - failed.first >= (spec.failure_threshold - 1) * spec.period;
}

bool is_to_be_probed(const kube::Node& node) {
  return !node.meta.deleted && !node.internal_ip.empty();
}

}  // namespace

NodeDetector::NodeDetector(kube::Transport& transport, Executor& executor, const Clock& clock,
                           Random& random, Caches& caches, std::function<void()> watch_leases,
                           std::function<void(const HubKey&)> changed)
    : executor_(executor),
      caches_(caches),
      watch_leases_(std::move(watch_leases)),
      changed_(std::move(changed)),
      leases_(executor, clock, caches.node_leases,
              [this](const NodeName& node, Duration limit) { on_lease(node, limit); }),
      prober_(transport, executor, clock, random,
              [this](const NodeName& node, const FailedProbes& before, const FailedProbes& after) {
                on_probe(node, before, after);
              }) {
  caches_.nodes.subscribe([this](const auto& before, const auto& after) {
    // Another node of that name is told as a removal first.
    if (after == nullptr) return prober_.leave(NodeName(before->meta.name));
    if (before != nullptr && before->meta.labels == after->meta.labels &&
        before->meta.deleted == after->meta.deleted && before->internal_ip == after->internal_ip &&
        before->kubelet_port == after->kubelet_port) {
      return;
    }
    probe_as_asked(*after);
  });
}

void NodeDetector::use(const api::ProcessHub& hub) {
  const api::FailoverSpec& failover = hub.spec.failover;
  if (failover.detection == api::Detection::kNodeReady) return forget(hub.key());
  const Use wanted{.detection = failover.detection,
                   .selector = hub.spec.nodes.selector,
                   .lease = failover.node_lease,
                   .probe = failover.node_probe};
  const auto found = uses_.find(hub.key());
  const std::optional<Use> before =
      found == uses_.end() ? std::nullopt : std::optional(found->second);
  if (before == wanted) return;
  uses_.insert_or_assign(hub.key(), wanted);
  if (wanted.detection == api::Detection::kNodeLease && watch_leases_) {
    std::exchange(watch_leases_, nullptr)();
  }
  set_limits();
  if (before && before->detection == api::Detection::kNodeProbe) return probe_anew();
  if (wanted.detection != api::Detection::kNodeProbe) return;
  // A hub that is new can only make probes more or more frequent.
  for (const auto& [name, node] : caches_.nodes.all()) {
    if (!wanted.selector.matches(node->meta.labels)) continue;
    const Duration period = wanted.probe.period;
    probe(*node, std::min(period, prober_.period_of(name).value_or(period)));
  }
}

void NodeDetector::forget(const HubKey& hub) {
  const auto found = uses_.extract(hub);
  if (!found) return;
  set_limits();
  if (found.mapped().detection == api::Detection::kNodeProbe) probe_anew();
}

void NodeDetector::forget_all() {
  uses_.clear();
  set_limits();
  prober_.leave_all();
}

std::optional<plan::Suspicion> NodeDetector::suspected(const api::ProcessHub& hub,
                                                       const NodeName& node) const {
  if (!uses_.contains(hub.key())) return std::nullopt;
  const api::FailoverSpec& failover = hub.spec.failover;
  switch (failover.detection) {
    case api::Detection::kNodeReady:
      break;
    case api::Detection::kNodeLease:
      if (auto renew_time = leases_.stale(node, failover.node_lease.timeout)) {
        return plan::Suspicion{.stale_lease = *std::move(renew_time)};
      }
      break;
    case api::Detection::kNodeProbe:
      if (is_suspect(prober_.failed(node), failover.node_probe)) return plan::Suspicion{};
      break;
  }
  return std::nullopt;
}

void NodeDetector::set_limits() {
  std::set<Duration> limits;
  for (const auto& [key, use] : uses_) {
    if (use.detection == api::Detection::kNodeLease) limits.insert(use.lease.timeout);
  }
  leases_.set_limits(std::move(limits));
}

// Many hubs may go at once: every node is looked at once for all of them.
void NodeDetector::probe_anew() {
  if (std::exchange(anew_, true)) return;
  executor_.post([this, life = std::weak_ptr(life_)] {
    if (life.expired()) return;
    anew_ = false;
    for (const auto& [name, node] : caches_.nodes.all()) probe_as_asked(*node);
  });
}

void NodeDetector::probe_as_asked(const kube::Node& node) {
  std::optional<Duration> period;
  for (const auto& [key, use] : uses_) {
    if (use.detection != api::Detection::kNodeProbe) continue;
    if (!use.selector.matches(node.meta.labels)) continue;
    period = std::min<Duration>(period.value_or(use.probe.period), use.probe.period);
  }
  if (period) return probe(node, *period);
  prober_.leave(NodeName(node.meta.name));
}

void NodeDetector::probe(const kube::Node& node, Duration period) {
  const NodeName name(node.meta.name);
  if (!is_to_be_probed(node)) return prober_.leave(name);
  prober_.probe(name, {.address = node.internal_ip, .port = node.kubelet_port, .period = period});
}

void NodeDetector::on_lease(const NodeName& name, Duration limit) {
  const auto node = caches_.nodes.find(name);
  if (node == nullptr) return;
  for (const auto& [key, use] : uses_) {
    if (use.detection == api::Detection::kNodeLease && use.lease.timeout == limit &&
        use.selector.matches(node->meta.labels)) {
      changed_(key);
    }
  }
}

void NodeDetector::on_probe(const NodeName& name, const FailedProbes& before,
                            const FailedProbes& after) {
  const auto node = caches_.nodes.find(name);
  if (node == nullptr) return;
  for (const auto& [key, use] : uses_) {
    if (use.detection == api::Detection::kNodeProbe &&
        is_suspect(before, use.probe) != is_suspect(after, use.probe) &&
        use.selector.matches(node->meta.labels)) {
      changed_(key);
    }
  }
}

}  // namespace processhub::controller
