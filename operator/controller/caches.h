// What the operator knows of the cluster: the stores that its reflectors fill, and
// the indexes by which its controllers look things up. Core thread.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "api/types.h"
#include "cache/store.h"
#include "kube/objects.h"
#include "plan/labels.h"
#include "plan/slots.h"

namespace processhub::controller {

struct Caches {
  using HubOnNode = std::pair<HubKey, NodeName>;

  cache::Store<kube::Node> nodes;
  cache::Store<kube::NodeLease> node_leases;        // empty until they are needed
  cache::Store<kube::Pod> pods;                     // those with the label processhub.io/hub
  cache::Store<kube::PodLoad> pod_loads;            // all there are; empty until they are needed
  cache::Store<kube::Service> services;             // those with the label processhub.io/hub
  cache::Store<kube::PodDisruptionBudget> budgets;  // of all owners
  cache::Store<api::ProcessHub> hubs;
  cache::Store<api::ProcessHubChild> children;

  cache::Index<kube::Pod, ChildKey> pods_by_child{
      pods, [](const kube::Pod& pod) { return std::vector{child_of(pod)}; }};
  cache::Index<kube::Pod, HubOnNode> pods_by_hub_and_node{
      pods, [](const kube::Pod& pod) {
        return std::vector<HubOnNode>{
            {{pod.meta.ns, label(pod, plan::kHubLabel)}, plan::node_of(pod)}};
      }};
  cache::Index<kube::Service, ChildKey> services_by_child{
      services, [](const kube::Service& service) {
        return std::vector<ChildKey>{
            {service.meta.ns, kube::value_of(service.meta.labels, plan::kChildLabel)}};
      }};
  cache::Index<kube::PodDisruptionBudget, std::string> budgets_by_namespace{
      budgets, [](const kube::PodDisruptionBudget& budget) { return std::vector{budget.meta.ns}; }};
  cache::Index<api::ProcessHubChild, HubKey> children_by_hub{
      children, [](const api::ProcessHubChild& child) { return std::vector{child.hub_key()}; }};

  [[nodiscard]] bool synced() const {
    return nodes.synced() && pods.synced() && services.synced() && budgets.synced() &&
           hubs.synced() && children.synced();
  }

  // Of any owner; by name. Until the store changes.
  [[nodiscard]] std::vector<const kube::Pod*> pods_of(const ChildKey& child) const {
    std::vector<const kube::Pod*> found;
    for (const auto& pod : pods_by_child.find(child)) found.push_back(pod.get());
    return found;
  }

  [[nodiscard]] static ChildKey child_of(const kube::Pod& pod) {
    return {pod.meta.ns, label(pod, plan::kChildLabel)};
  }
  [[nodiscard]] static std::string label(const kube::Pod& pod, const char* key) {
    return kube::value_of(pod.meta.labels, key);
  }
};

}  // namespace processhub::controller
