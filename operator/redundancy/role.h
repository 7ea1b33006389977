// What a replica is told to be.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/names.h"

namespace processhub::redundancy {

enum class Role { kActive, kPassive, kPeer };

[[nodiscard]] std::string_view to_string(Role role);  // as in the label processhub.io/role

// A role and the epoch of the decision, as the annotation processhub.io/role and the role file
// have them: "active 7". A pod obeys the highest epoch that it has seen.
struct RoleAt {
  Role role = Role::kPassive;
  int64_t epoch = 0;
  bool operator==(const RoleAt&) const = default;
};

[[nodiscard]] std::string to_text(const RoleAt& role);
// nullopt where `text` is anything else.
[[nodiscard]] std::optional<RoleAt> parse_role(std::string_view text);

struct PodRef {
  std::string name = {};
  Uid uid = {};
  bool operator==(const PodRef&) const = default;
};

// A replica of a child as the strategies see it.
struct Replica {
  NodeName node;
  PodRef pod;
  bool ready = false;   // it could lead: Ready, on a node that is well
  bool active = false;  // it leads
};

// Tell `to` that its role is now `role`.
struct RoleSignal {
  PodRef to;
  Role role;
  bool operator==(const RoleSignal&) const = default;
};

}  // namespace processhub::redundancy
