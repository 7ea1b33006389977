#include "apply/child_labels.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "plan/labels.h"

namespace processhub::apply {

bool has_labels(const kube::Pod& pod, const ChildLabels& labels) {
  return kube::value_of(pod.meta.labels, plan::kHubLabel) == labels.hub &&
         kube::value_of(pod.meta.labels, plan::kChildLabel) == labels.child;
}

void give_labels_back(kube::Client& client, const kube::Pod& pod, const ChildLabels& labels,
                      kube::Client::WriteDone done) {
  client.merge_patch(
      {.resource = kube::kPods, .ns = pod.meta.ns, .name = pod.meta.name},
      {.uid = pod.meta.uid, .version = pod.meta.version},
      {{"metadata",
        {{"labels", {{plan::kHubLabel, labels.hub}, {plan::kChildLabel, labels.child}}}}}},
      std::move(done));
}

}  // namespace processhub::apply
