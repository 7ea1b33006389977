// What a replica is told to be.
#pragma once

#include <string>
#include <string_view>

#include "base/names.h"

namespace processhub::redundancy {

enum class Role { kActive, kPassive, kPeer };

[[nodiscard]] std::string_view to_string(Role role);  // as in the label processhub.io/role

struct PodRef {
  std::string name;
  Uid uid;
  bool operator==(const PodRef&) const = default;
};

// A replica of a child as the strategies see it.
struct Replica {
  NodeName node;
  PodRef pod;
  bool ready = false;
};

// Tell `to` that its role is now `role`.
struct RoleSignal {
  PodRef to;
  Role role;
  bool operator==(const RoleSignal&) const = default;
};

}  // namespace processhub::redundancy
