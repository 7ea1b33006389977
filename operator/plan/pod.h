// The pod of one slot of a child: its name and its whole manifest.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "plan/frame.h"

namespace processhub::plan {

struct PodIdentity {
  const api::ProcessHubChild& child;
  int slot = 0;
  int incarnation = 1;
  NodeName node;
  Uid node_uid;
  NodeName home = {};  // where it would be, had that not been full
  Uid beside = {};     // by HotSwap: the pod that it is to replace
  redundancy::RoleAt role = {};
};

// `<child>-<slot>-<5 of base32(hash(child uid, slot, incarnation))>`: within one
// incarnation the API server's uniqueness of names allows one pod a slot.
[[nodiscard]] std::string pod_name(const api::ProcessHubChild& child, int slot, int incarnation);

// The Pod made from `pod_template`: named, labelled, annotated and owned by the
// child, pinned to the node by required nodeAffinity, tolerating what the hub's nodes
// may carry. What the template says itself is kept where it does not contradict.
[[nodiscard]] nlohmann::json build_pod(const HubFrame& frame, const PodTemplate& pod_template,
                                       const PodIdentity& identity);

// Slot and incarnation of a pod that build_pod made; nullopt for any other.
struct SlotRef {
  int slot = 0;
  int incarnation = 1;
};
[[nodiscard]] std::optional<SlotRef> slot_of(const kube::Pod& pod);

// Whether it was made of this revision of its template.
[[nodiscard]] bool has_revision(const kube::Pod& pod, const std::string& revision);

}  // namespace processhub::plan
