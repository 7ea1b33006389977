// Names of labels and annotations on the pods and children that the operator makes.
#pragma once

namespace processhub::plan {

inline constexpr const char* kHubLabel = "processhub.io/hub";
inline constexpr const char* kChildLabel = "processhub.io/child";
inline constexpr const char* kRoleLabel = "processhub.io/role";
inline constexpr const char* kRevisionLabel = "processhub.io/revision";

// "true": no eviction of the pod is granted while its hub holds evictions. It is the user's after
// the pod's birth.
inline constexpr const char* kHoldLabel = "processhub.io/hold";

// What the pod is to be, with the epoch of that decision in one value, so that nobody reads
// them apart: "active 7". Its role file has the same.
inline constexpr const char* kRoleAnnotation = "processhub.io/role";
// The child's other pods, as JSON: [{"pod","node","ip"}].
inline constexpr const char* kPeersAnnotation = "processhub.io/peers";

// A command on a child: the node whose replica shall lead.
inline constexpr const char* kSwitchToAnnotation = "processhub.io/switch-to";

// With fence NodeConfirmed pods wait behind it until their child's status names them.
inline constexpr const char* kFenceGate = "processhub.io/fence";

inline constexpr const char* kSlotAnnotation = "processhub.io/slot";
inline constexpr const char* kIncarnationAnnotation = "processhub.io/incarnation";
// spec.schedulerName of the pods that the operator binds itself.
inline constexpr const char* kSchedulerName = "processhub.io";

// The uid of the Node that the pod was made for: a Node of the same name and
// another uid is another node.
inline constexpr const char* kNodeUidAnnotation = "processhub.io/node-uid";
// The node that was full when the pod was made, so that it is on its own instead: known from
// the pod until the child's status says it.
inline constexpr const char* kHomeAnnotation = "processhub.io/home";

// On a hub, a command: so many nodes count as the most that there ever were.
inline constexpr const char* kResetClusterSizeAnnotation = "processhub.io/reset-cluster-size";

// On a child made from spec.children: the keys of the labels that its entry has, with
// commas between, so that one which leaves the list is taken off the child.
inline constexpr const char* kInlineLabelsAnnotation = "processhub.io/inline-labels";

}  // namespace processhub::plan
