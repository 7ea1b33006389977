// How the lists of a PodTemplateSpec are merged: the patchStrategy and patchMergeKey
// that Kubernetes' own types carry (k8s.io/api core/v1 types.go, v1.35). A list that is
// not named here is replaced as a whole; an object is merged field by field.
#pragma once

#include <span>
#include <string_view>

namespace processhub::api {

struct MergeField;

struct MergeShape {
  std::span<const MergeField> fields = {};
};

struct MergeField {
  std::string_view name;
  bool merges = false;                // a list that is merged, not replaced
  std::string_view key = {};          // of its elements; empty for a list of strings
  const MergeShape* shape = nullptr;  // of the object, or of the list's elements
};

// Of a PodTemplateSpec.
[[nodiscard]] const MergeShape& pod_template_shape();

// The field's rules; for one that has none of its own, "replaced, and nothing known below".
[[nodiscard]] MergeField merge_field(const MergeShape& shape, std::string_view name);

}  // namespace processhub::api
