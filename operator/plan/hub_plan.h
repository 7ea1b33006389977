// What has to change so that a hub's inline children and its status match its spec.
//
// Pure, like child_plan.h.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "plan/frame.h"

namespace processhub::plan {

// Server-side apply of the ProcessHubChild that an entry of `spec.children` stands for.
struct ApplyChild {
  ChildKey child;
  bool known = false;  // it is there, and ours: `body` names its uid
  api::JsonPtr body;   // apiVersion, kind, metadata, spec
  bool operator==(const ApplyChild&) const = default;
};

// An inline child that is no longer in the list. Precondition: it still has `uid`.
struct DeleteChild {
  ChildKey child;
  Uid uid;
  bool operator==(const DeleteChild&) const = default;
};

struct HubInput {
  const HubFrame& frame;
  // All that name this hub, and whatever has the name of one of its inline children.
  std::span<const api::ProcessHubChild* const> children;
  const PodTemplate& pod_template;  // the hub's own
  // The inline children that the API server refused, and its words.
  std::map<std::string, std::string> refused = {};
  WallTime now;
};

struct HubPlan {
  std::vector<ApplyChild> apply = {};
  std::vector<DeleteChild> remove = {};
  api::HubStatus status = {};
};

[[nodiscard]] HubPlan plan_hub(const HubInput& input);

// Of a hub whose spec cannot be used: `problem` names the field.
[[nodiscard]] api::HubStatus rejected_status(const api::ProcessHub& hub, const std::string& problem,
                                             WallTime now);

}  // namespace processhub::plan
