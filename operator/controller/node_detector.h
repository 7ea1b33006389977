// What the detections of hubs see of nodes beyond the Ready condition (spec.failover.detection).
//
// NodeLease: a node whose Lease in kube-node-lease nobody renews is suspect (lease_ages.h). The
// Leases are watched once the first hub asks for it.
// NodeProbe: a node whose kubelet cannot be connected to is suspect (node_prober.h). One probe a
// node, however many hubs ask, as often as the most frequent of them wants; of nodes that such a
// hub's selector matches, while this operator leads.
//
//   detector.use(hub);
//   if (auto suspicion = detector.suspected(hub, node)) ...
//
// Core thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "controller/caches.h"
#include "controller/lease_ages.h"
#include "controller/node_prober.h"
#include "plan/membership.h"

namespace processhub::controller {

class NodeDetector {
 public:
  // All references outlive it. `watch_leases` makes a reflector fill lease_sink(); it is called
  // once, when the first hub asks. `changed`: what suspected() says of some node of the hub has
  // changed; the hub that is told to use() or forget() itself is not told.
  NodeDetector(kube::Transport& transport, Executor& executor, const Clock& clock, Random& random,
               Caches& caches, std::function<void()> watch_leases,
               std::function<void(const HubKey&)> changed);

  [[nodiscard]] watch::ReflectorSink lease_sink() { return leases_.sink(); }

  // What the hub's spec asks for from now on; nothing happens where that is known.
  void use(const api::ProcessHub& hub);
  void forget(const HubKey& hub);
  void forget_all();  // it does not lead any more

  // None: the hub's detection has nothing against the node. Always none with NodeReady, and
  // before use().
  [[nodiscard]] std::optional<plan::Suspicion> suspected(const api::ProcessHub& hub,
                                                         const NodeName& node) const;

 private:
  struct Use {
    api::Detection detection = api::Detection::kNodeReady;
    api::LabelSelector selector = {};
    api::NodeLeaseSpec lease = {};
    api::NodeProbeSpec probe = {};
    bool operator==(const Use&) const = default;
  };

  void set_limits();
  void probe_anew();  // soon, all nodes
  void probe_as_asked(const kube::Node& node);
  void probe(const kube::Node& node, Duration period);
  void on_lease(const NodeName& node, Duration limit);
  void on_probe(const NodeName& node, const FailedProbes& before, const FailedProbes& after);

  Executor& executor_;
  Caches& caches_;
  std::function<void()> watch_leases_;
  std::function<void(const HubKey&)> changed_;
  LeaseAges leases_;
  NodeProber prober_;
  std::map<HubKey, Use> uses_;                           // of hubs that ask for more than NodeReady
  bool anew_ = false;                                    // probe_anew() is under way
  std::shared_ptr<int> life_ = std::make_shared<int>();  // posted tasks watch it
};

}  // namespace processhub::controller
