#include "plan/binding.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "plan/fit.h"
#include "plan/labels.h"
#include "plan/pod.h"
#include "plan/slots.h"

namespace processhub::plan {

using kube::Pod;

bool waits_for_binding(const Pod& pod) {
  return pod.scheduler == kSchedulerName && pod.node.empty() && pod.gates.empty() &&
         !pod.meta.deleted && !ChildView::has_ended(pod);
}

std::optional<std::string> why_not_bound(const Pod& pod, const ChildInput& input) {
  const PodTemplate* const pod_template = input.pod_template.usable();
  if (pod_template == nullptr || !has_revision(pod, pod_template->revision)) {
    return "its template is not the present one";
  }
  const kube::Node* const node = input.find_node ? input.find_node(node_of(pod)) : nullptr;
  if (node == nullptr) return "there is no such Node";
  // With what the operator adds: the pin, and what every pod of the hub tolerates.
  const nlohmann::json body = build_pod(
      input.frame, *pod_template, {.child = input.child, .node = node_of(pod), .node_uid = {}});
  return why_unfit(body.at("spec"), *node);
}

std::vector<BindPod> plan_binding(const ChildInput& input, const ChildView& view,
                                  std::span<const DeletePod> removals) {
  std::vector<BindPod> bindings;
  for (const Pod* pod : view.own()) {
    if (!waits_for_binding(*pod) || view.host_of(*pod) != Host::kUp) continue;
    const bool goes = std::any_of(removals.begin(), removals.end(), [&](const DeletePod& removal) {
      return removal.uid == pod->meta.uid;
    });
    const bool begun = input.answers != nullptr && input.answers->bound.contains(pod->meta.uid);
    if (goes || begun || why_not_bound(*pod, input)) continue;
    bindings.push_back({.child = input.child.key(),
                        .pod = {pod->meta.ns, pod->meta.name},
                        .uid = pod->meta.uid,
                        .node = node_of(*pod)});
  }
  return bindings;
}

}  // namespace processhub::plan
