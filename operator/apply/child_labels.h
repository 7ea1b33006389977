// The labels by which the caches see a pod as a child's: without them it is there and not known of.
// Core thread.
#pragma once

#include <string>

#include "kube/client.h"

namespace processhub::apply {

struct ChildLabels {
  std::string hub;
  std::string child;
};

[[nodiscard]] bool has_labels(const kube::Pod& pod, const ChildLabels& labels);

// In the version in which it was read.
void give_labels_back(kube::Client& client, const kube::Pod& pod, const ChildLabels& labels,
                      kube::Client::WriteDone done);

}  // namespace processhub::apply
