#include "redundancy/redundancy_strategy.h"

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

std::unique_ptr<RedundancyStrategy> make_strategy(const api::RedundancySpec& spec) {
  if (spec.strategy == api::RedundancyStrategyKind::kReplication) {
    return std::make_unique<Replication>(spec.replication);
  }
  return std::make_unique<Singularity>();
}

}  // namespace processhub::redundancy
