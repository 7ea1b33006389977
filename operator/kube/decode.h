// Kubernetes' JSON to the typed objects of objects.h, and the masks that keep what is
// read here. Errors are kInvalid and name the object and the field; nothing throws.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "kube/objects.h"
#include "kube/projection.h"

namespace processhub::kube {

[[nodiscard]] const Projection& meta_mask();
[[nodiscard]] const Projection& node_mask();
[[nodiscard]] const Projection& node_lease_mask();
[[nodiscard]] const Projection& pod_mask();
[[nodiscard]] const Projection& service_mask();
[[nodiscard]] const Projection& budget_mask();
[[nodiscard]] const Projection& pod_load_mask();
[[nodiscard]] const Projection& node_use_mask();

// Of a whole object (`object.metadata`). metadata.name is required, the rest is not:
// an object that the server has not seen has no uid. Annotations outside of
// processhub.io/ are left out.
[[nodiscard]] Result<ObjectMeta> decode_meta(const nlohmann::json& object);
[[nodiscard]] Result<Node> decode_node(const nlohmann::json& object);
[[nodiscard]] Result<NodeLease> decode_node_lease(const nlohmann::json& object);
[[nodiscard]] Result<Pod> decode_pod(const nlohmann::json& object);
[[nodiscard]] Result<Service> decode_service(const nlohmann::json& object);
[[nodiscard]] Result<PodDisruptionBudget> decode_budget(const nlohmann::json& object);
[[nodiscard]] Result<PodLoad> decode_pod_load(const nlohmann::json& object);
[[nodiscard]] Result<NodeUse> decode_node_use(const nlohmann::json& object);

// What a PodSpec, of a pod or a template, asks of its node, as the scheduler counts it.
// What cannot be read counts nothing.
[[nodiscard]] Resources requests_of(const nlohmann::json& pod_spec);

}  // namespace processhub::kube
