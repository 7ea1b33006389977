// Names of labels and annotations on the pods and children that the operator makes.
#pragma once

namespace processhub::plan {

inline constexpr const char* kHubLabel = "processhub.io/hub";
inline constexpr const char* kChildLabel = "processhub.io/child";
inline constexpr const char* kRoleLabel = "processhub.io/role";
inline constexpr const char* kRevisionLabel = "processhub.io/revision";

inline constexpr const char* kSlotAnnotation = "processhub.io/slot";
inline constexpr const char* kIncarnationAnnotation = "processhub.io/incarnation";
// The uid of the Node that the pod was made for: a Node of the same name and
// another uid is another node.
inline constexpr const char* kNodeUidAnnotation = "processhub.io/node-uid";
// The node that was full when the pod was made, so that it is on its own instead: known from
// the pod until the child's status says it.
inline constexpr const char* kHomeAnnotation = "processhub.io/home";

// On a child made from spec.children: the keys of the labels that its entry has, with
// commas between, so that one which leaves the list is taken off the child.
inline constexpr const char* kInlineLabelsAnnotation = "processhub.io/inline-labels";

}  // namespace processhub::plan
