// What the operator knows of the cluster: the stores that its reflectors fill, and
// the indexes by which its controllers look things up. Core thread.
#pragma once

#include <string>
#include <utility>

#include "api/types.h"
#include "cache/store.h"
#include "kube/objects.h"
#include "plan/labels.h"
#include "plan/slots.h"

namespace processhub::controller {

struct Caches {
  using HubOnNode = std::pair<HubKey, NodeName>;

  cache::Store<kube::Node> nodes;
  cache::Store<kube::Pod> pods;           // those with the label processhub.io/hub
  cache::Store<kube::PodLoad> pod_loads;  // all there are; empty until they are needed
  cache::Store<api::ProcessHub> hubs;
  cache::Store<api::ProcessHubChild> children;

  cache::Index<kube::Pod, ChildKey> pods_by_child{
      pods, [](const kube::Pod& pod) { return std::vector{child_of(pod)}; }};
  cache::Index<kube::Pod, HubOnNode> pods_by_hub_and_node{
      pods, [](const kube::Pod& pod) {
        return std::vector<HubOnNode>{
            {{pod.meta.ns, label(pod, plan::kHubLabel)}, plan::node_of(pod)}};
      }};
  cache::Index<api::ProcessHubChild, HubKey> children_by_hub{
      children, [](const api::ProcessHubChild& child) { return std::vector{child.hub_key()}; }};

  [[nodiscard]] bool synced() const {
    return nodes.synced() && pods.synced() && hubs.synced() && children.synced();
  }

  [[nodiscard]] static ChildKey child_of(const kube::Pod& pod) {
    return {pod.meta.ns, label(pod, plan::kChildLabel)};
  }
  [[nodiscard]] static std::string label(const kube::Pod& pod, const char* key) {
    const auto found = pod.meta.labels.find(key);
    return found == pod.meta.labels.end() ? std::string() : found->second;
  }
};

}  // namespace processhub::controller
