#include "kube/decode.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/hash.h"
#include "base/text.h"
#include "kube/object_reader.h"

namespace processhub::kube {
namespace {

using nlohmann::json;

constexpr std::string_view kOurAnnotations = "processhub.io/";
constexpr std::string_view kPinnedNode =
    "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution"
    ".nodeSelectorTerms.matchFields";
constexpr size_t kMessageLimit = 256;
constexpr int64_t kMaxPort = 65535;

ObjectMeta read_meta(const ObjectReader& fields, const std::string& subject,
                     std::optional<Error>& error) {
  const ObjectReader from = fields.object("metadata");
  ObjectMeta meta;
  meta.ns = from.text("namespace");
  meta.name = from.text("name");
  meta.uid = Uid(from.text("uid"));
  meta.version = ResourceVersion(from.text("resourceVersion"));
  meta.generation = from.integer("generation");
  meta.labels = from.map("labels");
  meta.annotations = from.map("annotations", kOurAnnotations);
  meta.created = from.time("creationTimestamp").value_or(WallTime{});
  meta.deleted = from.time("deletionTimestamp");
  from.each("ownerReferences", [&](const ObjectReader& owner) {
    if (owner.flag("controller")) meta.owner_uid = Uid(owner.text("uid"));
  });
  if (meta.name.empty() && !error) {
    error = Error{.kind = ErrorKind::kInvalid,
                  .message = "cannot read " + subject + "metadata.name is missing"};
  }
  return meta;
}

ConditionStatus condition_status(const std::string& text) {
  return text == "True"    ? ConditionStatus::kTrue
         : text == "False" ? ConditionStatus::kFalse
                           : ConditionStatus::kUnknown;
}

// "Reason: words", or whichever of both there is.
std::string reason_and_message(const ObjectReader& state) {
  const std::string reason = state.text("reason");
  const std::string message = state.text("message");
  if (reason.empty() || message.empty()) return reason + message;
  return reason + ": " + message;
}

// Why a container does not run; empty where it does. An init container that has ended
// well has done what it is for.
std::string container_problem(const ObjectReader& container, bool init) {
  const ObjectReader state = container.object("state");
  if (state.has("waiting")) return reason_and_message(state.object("waiting"));
  if (!state.has("terminated")) return {};
  const ObjectReader ended = state.object("terminated");
  const int64_t code = ended.integer("exitCode");
  if (init && code == 0) return {};
  return reason_and_message(ended) + " (exit code " + std::to_string(code) + ")";
}

// The node that the pod must be on by its affinity; empty where it names none.
NodeName pinned_node(const ObjectReader& spec) {
  NodeName pinned;
  spec.object("affinity")
      .object("nodeAffinity")
      .object("requiredDuringSchedulingIgnoredDuringExecution")
      .each("nodeSelectorTerms", [&](const ObjectReader& term) {
        term.each("matchFields", [&](const ObjectReader& match) {
          const auto values = match.texts("values");
          if (match.text("key") == "metadata.name" && match.text("operator") == "In" &&
              values.size() == 1 && pinned.empty()) {
            pinned = NodeName(values.front());
          }
        });
      });
  return pinned;
}

// The operator's pods tolerate these: whatever they say of a node, it does not keep such a pod
// away. They come and go with the node's health and its load.
bool is_always_tolerated(const Taint& taint) {
  static constexpr std::array<std::string_view, 5> kKeys = {
      "node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable",
      "node.kubernetes.io/memory-pressure", "node.kubernetes.io/disk-pressure",
      "node.kubernetes.io/pid-pressure"};
  return std::find(kKeys.begin(), kKeys.end(), taint.key) != kKeys.end();
}

uint64_t fingerprint_of(const Node& node) {
  std::vector<std::string> taints;
  for (const Taint& taint : node.taints) {
    if (!is_always_tolerated(taint)) {
      taints.push_back(taint.key + "=" + taint.value + ":" + taint.effect);
    }
  }
  std::sort(taints.begin(), taints.end());
  const json all = json::array({node.meta.uid.str(), node.meta.labels, node.allocatable, taints});
  return hash64(all.dump(-1, ' ', false, json::error_handler_t::replace));
}

}  // namespace

const Projection& meta_mask() {
  static const Projection mask{"metadata.namespace",
                               "metadata.name",
                               "metadata.uid",
                               "metadata.resourceVersion",
                               "metadata.generation",
                               "metadata.labels",
                               "metadata.annotations[processhub.io/*]",
                               "metadata.creationTimestamp",
                               "metadata.deletionTimestamp",
                               "metadata.ownerReferences.controller",
                               "metadata.ownerReferences.uid"};
  return mask;
}

const Projection& node_mask() {
  static const Projection mask = meta_mask().with(
      {"spec.unschedulable", "spec.taints", "status.conditions.type", "status.conditions.status",
       "status.conditions.lastTransitionTime", "status.allocatable", "status.addresses.type",
       "status.addresses.address", "status.daemonEndpoints.kubeletEndpoint.Port"});
  return mask;
}

const Projection& node_lease_mask() {
  static const Projection mask{"metadata.namespace", "metadata.name", "metadata.uid",
                               "metadata.resourceVersion", "spec.renewTime"};
  return mask;
}

const Projection& pod_mask() {
  static const Projection mask = meta_mask().with(
      {"spec.nodeName", "spec.schedulingGates.name", "spec.schedulerName", kPinnedNode,
       "status.podIP", "status.phase", "status.reason", "status.message", "status.conditions.type",
       "status.conditions.status", "status.conditions.reason", "status.conditions.message",
       "status.conditions.lastTransitionTime", "status.initContainerStatuses.state",
       "status.containerStatuses.state"});
  return mask;
}

const Projection& service_mask() {
  static const Projection mask = meta_mask().with({"spec.selector", "spec.ports"});
  return mask;
}

const Projection& budget_mask() {
  static const Projection mask = meta_mask().with({"spec"});
  return mask;
}

Result<ObjectMeta> decode_meta(const json& object) {
  std::optional<Error> error;
  const std::string subject = subject_of("object", object);
  ObjectMeta meta = read_meta(ObjectReader(object, subject, error), subject, error);
  if (error) return tl::unexpected(*std::move(error));
  return meta;
}

Result<Node> decode_node(const json& object) {
  std::optional<Error> error;
  const std::string subject = subject_of("node", object);
  const ObjectReader fields(object, subject, error);
  Node node;
  node.meta = read_meta(fields, subject, error);
  const ObjectReader spec = fields.object("spec");
  node.unschedulable = spec.flag("unschedulable");
  spec.each("taints", [&](const ObjectReader& taint) {
    node.taints.push_back(
        {.key = taint.text("key"), .value = taint.text("value"), .effect = taint.text("effect")});
  });
  const ObjectReader status = fields.object("status");
  status.each("conditions", [&](const ObjectReader& condition) {
    if (condition.text("type") != "Ready") return;
    node.ready = condition_status(condition.text("status"));
    node.ready_since = condition.time("lastTransitionTime");
  });
  node.allocatable = status.map("allocatable");
  status.each("addresses", [&](const ObjectReader& address) {
    if (node.internal_ip.empty() && address.text("type") == "InternalIP") {
      node.internal_ip = address.text("address");
    }
  });
  const int64_t port = status.object("daemonEndpoints").object("kubeletEndpoint").integer("Port");
  if (port > 0 && port <= kMaxPort) node.kubelet_port = static_cast<int>(port);
  node.fingerprint = fingerprint_of(node);
  if (error) return tl::unexpected(*std::move(error));
  return node;
}

Result<NodeLease> decode_node_lease(const json& object) {
  std::optional<Error> error;
  const std::string subject = subject_of("lease", object);
  const ObjectReader fields(object, subject, error);
  NodeLease lease;
  lease.meta = read_meta(fields, subject, error);
  lease.renew_time = fields.object("spec").text("renewTime");
  if (error) return tl::unexpected(*std::move(error));
  return lease;
}

Result<Pod> decode_pod(const json& object) {
  std::optional<Error> error;
  const std::string subject = subject_of("pod", object);
  const ObjectReader fields(object, subject, error);
  Pod pod;
  pod.meta = read_meta(fields, subject, error);
  const ObjectReader spec = fields.object("spec");
  pod.node = NodeName(spec.text("nodeName"));
  pod.scheduler = spec.text("schedulerName");
  pod.pinned_node = pinned_node(spec);
  spec.each("schedulingGates",
            [&](const ObjectReader& gate) { pod.gates.push_back(gate.text("name")); });

  const ObjectReader status = fields.object("status");
  pod.phase = status.text("phase");
  pod.ip = status.text("podIP");
  std::string message;
  status.each("conditions", [&](const ObjectReader& condition) {
    const std::string type = condition.text("type");
    const ConditionStatus is = condition_status(condition.text("status"));
    if (type == "Ready") {
      pod.ready = is == ConditionStatus::kTrue;
      pod.ready_since = condition.time("lastTransitionTime");
    } else if (type == "PodScheduled" && is == ConditionStatus::kFalse) {
      message = condition.text("message");
      if (condition.text("reason") == "Unschedulable") {
        pod.unschedulable_since = condition.time("lastTransitionTime");
      }
    }
  });
  // In the order in which a pod comes to life: scheduler, kubelet, init containers, containers.
  if (message.empty()) message = reason_and_message(status);
  for (const auto& [list, init] :
       {std::pair{"initContainerStatuses", true}, std::pair{"containerStatuses", false}}) {
    status.each(list, [&, init = init](const ObjectReader& container) {
      if (message.empty()) message = container_problem(container, init);
    });
  }
  pod.message = clean_text(message, kMessageLimit);
  if (error) return tl::unexpected(*std::move(error));
  return pod;
}

Result<Service> decode_service(const json& object) {
  std::optional<Error> error;
  const std::string subject = subject_of("service", object);
  const ObjectReader fields(object, subject, error);
  Service service;
  service.meta = read_meta(fields, subject, error);
  const ObjectReader spec = fields.object("spec");
  service.selector = spec.map("selector");
  spec.each("ports", [&](const ObjectReader& port) {
    service.ports.push_back({.name = port.text("name"),
                             .protocol = port.text("protocol"),
                             .port = static_cast<int>(port.integer("port")),
                             .target_port = port.int_or_text("targetPort"),
                             .app_protocol = port.text("appProtocol")});
  });
  if (error) return tl::unexpected(*std::move(error));
  return service;
}

bool PodDisruptionBudget::operator==(const PodDisruptionBudget& other) const {
  return meta == other.meta && *spec == *other.spec;
}

Result<PodDisruptionBudget> decode_budget(const json& object) {
  std::optional<Error> error;
  const std::string subject = subject_of("PodDisruptionBudget", object);
  PodDisruptionBudget budget;
  budget.meta = read_meta(ObjectReader(object, subject, error), subject, error);
  if (error) return tl::unexpected(*std::move(error));
  budget.spec = std::make_shared<const json>(object.value("spec", json::object()));
  return budget;
}

}  // namespace processhub::kube
