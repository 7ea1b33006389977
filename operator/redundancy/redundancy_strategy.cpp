#include "redundancy/redundancy_strategy.h"

#include <charconv>

#include "api/limits.h"
#include "redundancy/replication.h"
#include "redundancy/singularity.h"

namespace processhub::redundancy {

std::string_view to_string(Role role) {
  switch (role) {
    case Role::kActive:
      return "active";
    case Role::kPassive:
      return "passive";
    case Role::kPeer:
      return "peer";
  }
  return "";
}

std::string to_text(const RoleAt& role) {
  return std::string(to_string(role.role)) + " " + std::to_string(role.epoch);
}

std::optional<RoleAt> parse_role(std::string_view text) {
  const size_t space = text.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  RoleAt read;
  const std::string_view name = text.substr(0, space);
  for (const Role role : {Role::kActive, Role::kPassive, Role::kPeer}) {
    if (to_string(role) == name) read.role = role;
  }
  if (to_string(read.role) != name) return std::nullopt;
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data() + space + 1, end, read.epoch);
  if (error != std::errc() || at != end || read.epoch < 0 || read.epoch > api::kMaxEpoch) {
    return std::nullopt;
  }
  return read;
}

Role role_at_birth(const RedundancyStrategy& strategy, const HubKey& hub, const ChildId& child) {
  const auto signals = strategy.handle_post_start(hub, child, {}, {});
  return signals.empty() ? Role::kPassive : signals.front().role;
}

std::unique_ptr<RedundancyStrategy> make_strategy(const api::RedundancySpec& spec) {
  if (spec.strategy == api::RedundancyStrategyKind::kReplication) {
    return std::make_unique<Replication>(spec.replication);
  }
  return std::make_unique<Singularity>(spec.replication);
}

}  // namespace processhub::redundancy
