#include "plan/service.h"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "base/hash.h"
#include "plan/labels.h"
#include "plan/owner.h"

namespace processhub::plan {
namespace {

using kube::ConditionStatus;
using nlohmann::json;

constexpr int kHashLength = 10;

kube::StringMap selector_of(const ChildInput& in) {
  kube::StringMap selector{{kHubLabel, in.frame.key.name}, {kChildLabel, in.child.meta.name}};
  const auto born =
      redundancy::role_at_birth(*in.frame.redundancy, in.frame.key, in.child.meta.name);
  if (born != redundancy::Role::kPeer) {
    selector[kRoleLabel] = redundancy::to_string(redundancy::Role::kActive);
  }
  return selector;
}

// As the API server fills them in.
std::vector<kube::ServicePort> ports_of(const ChildInput& in) {
  std::vector<kube::ServicePort> ports = in.frame.hub->spec.service.ports;
  for (kube::ServicePort& port : ports) {
    if (port.target_port.empty()) port.target_port = std::to_string(port.port);
  }
  return ports;
}

json port_json(const kube::ServicePort& port) {
  json out = {{"port", port.port}, {"protocol", port.protocol}};
  if (!port.name.empty()) out["name"] = port.name;
  if (!port.app_protocol.empty()) out["appProtocol"] = port.app_protocol;
  const bool number = std::all_of(port.target_port.begin(), port.target_port.end(),
                                  [](unsigned char c) { return std::isdigit(c) != 0; });
  if (number) {
    out["targetPort"] = std::stoi(port.target_port);
  } else {
    out["targetPort"] = port.target_port;
  }
  return out;
}

json spec_of(const ChildInput& in) {
  json spec = {{"selector", selector_of(in)}, {"ports", json::array()}};
  for (const kube::ServicePort& port : ports_of(in)) spec["ports"].push_back(port_json(port));
  return spec;
}

// A merge patch keeps what it does not name: a key that shall go is null.
json change_of(const ChildInput& in, const kube::Service& found) {
  json spec = spec_of(in);
  for (const auto& [key, value] : found.selector) {
    if (!spec["selector"].contains(key)) spec["selector"][key] = nullptr;
  }
  return spec;
}

json body_of(const ChildInput& in, const std::string& name) {
  const api::ProcessHubChild& child = in.child;
  return {{"apiVersion", "v1"},
          {"kind", "Service"},
          {"metadata",
           {{"name", name},
            {"namespace", child.meta.ns},
            {"labels", {{kHubLabel, in.frame.key.name}, {kChildLabel, child.meta.name}}},
            {"ownerReferences",
             json::array({owner_reference(kube::kProcessHubChildren, child.meta)})}}},
          {"spec", spec_of(in)}};
}

}  // namespace

std::string service_name(const std::string& child) {
  const bool begins_well = child.front() >= 'a' && child.front() <= 'z';
  return begins_well ? child : "c-" + base32(hash64(child), kHashLength);
}

ServicePlan plan_service(const ChildInput& in) {
  ServicePlan plan;
  const api::ServiceSpec& wanted = in.frame.hub->spec.service;
  const std::string name = service_name(in.child.meta.name);
  const bool paused = in.frame.hub->spec.paused;
  const kube::Service* found = nullptr;
  for (const kube::Service* service : in.services) {
    if (service->meta.owner_uid != in.child.meta.uid || service->meta.deleted) continue;
    if (wanted.enabled && service->meta.name == name) {
      found = service;
    } else if (!paused) {
      plan.actions.emplace_back(DeleteService{
          .child = in.child.key(), .name = service->meta.name, .uid = service->meta.uid});
    }
  }
  if (!wanted.enabled) return plan;
  if (found == nullptr) {
    const bool refused = !in.service_problem.empty();
    if (!refused && !paused) {
      plan.actions.emplace_back(
          CreateService{.child = in.child.key(),
                        .name = name,
                        .body = std::make_shared<const json>(body_of(in, name))});
    }
    plan.condition = {.type = kServiceReady,
                      .status = ConditionStatus::kFalse,
                      .reason = refused ? in.service_problem_reason : "NotMadeYet",
                      .message = in.service_problem};
    return plan;
  }
  plan.name = name;
  if (!paused && (found->selector != selector_of(in) || found->ports != ports_of(in))) {
    plan.actions.emplace_back(
        UpdateService{.child = in.child.key(),
                      .name = name,
                      .uid = found->meta.uid,
                      .version = found->meta.version,
                      .spec = std::make_shared<const json>(change_of(in, *found))});
  }
  plan.condition = {.type = kServiceReady,
                    .status = ConditionStatus::kTrue,
                    .reason = "ServiceMade",
                    .message = ""};
  return plan;
}

}  // namespace processhub::plan
