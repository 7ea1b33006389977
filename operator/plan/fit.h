// Whether a node takes a pod that the operator binds itself (`pinning: Bind`): the checks of the
// scheduler that can be made with the pod and its Node alone. How much of the node other pods use
// is not asked: the kubelet does, and refuses what it has no room for.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "kube/objects.h"

namespace processhub::plan {

// Why `node` does not take a pod of this PodSpec, in words for people; none: it does. Asked are,
// in this order: taints with NoSchedule or NoExecute (not those of a node that is not Ready),
// nodeSelector, required node affinity, and that no resource is requested beyond the node's
// allocatable. Pure.
[[nodiscard]] std::optional<std::string> why_unfit(const nlohmann::json& pod_spec,
                                                   const kube::Node& node);

}  // namespace processhub::plan
