#include "fake/kind.h"

#include <algorithm>
#include <stdexcept>

namespace processhub::testing {

std::string Kind::plural() const {
  return std::string(resource.plural) +
         (resource.group.empty() ? "" : "." + std::string(resource.group));
}

std::string Kind::qualified_kind() const {
  return std::string(resource.kind) +
         (resource.group.empty() ? "" : "." + std::string(resource.group));
}

const std::vector<Kind>& all_kinds() {
  static const std::vector<Kind> kinds = {
      {.resource = kube::kPods,
       .has_status = true,
       .has_generation = true,
       .unconditional_update = true,
       .graceful = true,
       .returns_deleted = true,
       .selectable = {"spec.nodeName", "status.phase"}},
      {.resource = kube::kNodes,
       .has_status = true,
       .keeps_status = true,
       .unconditional_update = true},
      {.resource = kServices,
       .has_status = true,
       .unconditional_update = true,
       .returns_deleted = true},
      {.resource = kube::kPodDisruptionBudgets, .has_status = true, .has_generation = true},
      {.resource = kube::kEvents, .create_on_update = true, .unconditional_update = true},
      {.resource = kube::kLeases, .create_on_update = true},
      {.resource = kube::kProcessHubs, .custom = true, .has_status = true, .has_generation = true},
      {.resource = kube::kProcessHubChildren,
       .custom = true,
       .has_status = true,
       .has_generation = true,
       .selectable = {"spec.hub"}},
  };
  return kinds;
}

const Kind* find_kind(std::string_view group, std::string_view version, std::string_view plural) {
  const auto& kinds = all_kinds();
  const auto found = std::find_if(kinds.begin(), kinds.end(), [&](const Kind& kind) {
    return kind.resource.group == group && kind.resource.version == version &&
           kind.resource.plural == plural;
  });
  return found == kinds.end() ? nullptr : &*found;
}

const Kind& kind_of(const kube::Resource& resource) {
  const Kind* kind = find_kind(resource.group, resource.version, resource.plural);
  if (kind == nullptr) {
    throw std::logic_error("the fake API server has no " + std::string(resource.plural));
  }
  return *kind;
}

}  // namespace processhub::testing
