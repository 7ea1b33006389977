#include "api/enums.h"

namespace processhub::api {
namespace {

template <typename E, size_t N>
std::string_view name_of(const NameTable<E, N>& table, E value) {
  for (const auto& [name, known] : table) {
    if (known == value) return name;
  }
  return "";
}

}  // namespace

std::string_view to_string(OnCordon value) { return name_of(kOnCordonNames, value); }
std::string_view to_string(DistributionStrategyKind value) {
  return name_of(kDistributionNames, value);
}
std::string_view to_string(Bound value) { return name_of(kBoundNames, value); }
std::string_view to_string(RedundancyStrategyKind value) {
  return name_of(kRedundancyNames, value);
}
std::string_view to_string(ReplicationModel value) { return name_of(kModelNames, value); }
std::string_view to_string(SignalTo value) { return name_of(kSignalNames, value); }
std::string_view to_string(MigrationStrategyKind value) { return name_of(kMigrationNames, value); }
std::string_view to_string(PartitionToleranceKind value) {
  return name_of(kPartitionToleranceNames, value);
}
std::string_view to_string(Detection value) { return name_of(kDetectionNames, value); }
std::string_view to_string(Fence value) { return name_of(kFenceNames, value); }
std::string_view to_string(Pinning value) { return name_of(kPinningNames, value); }
std::string_view to_string(Phase value) { return name_of(kPhaseNames, value); }
std::string_view to_string(kube::ConditionStatus value) {
  return name_of(kConditionStatusNames, value);
}
std::string_view to_string(LabelRequirement::Op value) { return name_of(kSelectorOpNames, value); }

}  // namespace processhub::api
