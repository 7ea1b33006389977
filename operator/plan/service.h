// The Service of a child: to its active pod, or with ActiveActive to all. Pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "plan/child_plan.h"

namespace processhub::plan {

inline constexpr const char* kServiceReady = "ServiceReady";

// The child's name where that can be a Service's (a DNS-1035 label), else `c-` and a hash of it.
[[nodiscard]] std::string service_name(const std::string& child);

struct ServicePlan {
  std::vector<Action> actions = {};
  std::string name = {};                         // of the Service that is there; else empty
  std::optional<api::Condition> condition = {};  // none: the hub wants no Services
};

// Where the input names a `service_problem`, none is made until that is over.
[[nodiscard]] ServicePlan plan_service(const ChildInput& input);

}  // namespace processhub::plan
