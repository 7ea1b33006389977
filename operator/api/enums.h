// The names of the enumerations as users write and read them in the objects.
#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "api/types.h"

namespace processhub::api {

template <typename E, size_t N>
using NameTable = std::array<std::pair<std::string_view, E>, N>;

inline constexpr NameTable<OnCordon, 2> kOnCordonNames{
    {{"Migrate", OnCordon::kMigrate}, {"Keep", OnCordon::kKeep}}};
inline constexpr NameTable<DistributionStrategyKind, 3> kDistributionNames{
    {{"ConsistentHashing", DistributionStrategyKind::kConsistentHashing},
     {"Guided", DistributionStrategyKind::kGuided},
     {"CentralizedLoadBalancer", DistributionStrategyKind::kCentralizedLoadBalancer}}};
inline constexpr NameTable<Bound, 3> kBoundNames{
    {{"None", Bound::kNone}, {"Relaxed", Bound::kRelaxed}, {"Strict", Bound::kStrict}}};
inline constexpr NameTable<RedundancyStrategyKind, 2> kRedundancyNames{
    {{"Singularity", RedundancyStrategyKind::kSingularity},
     {"Replication", RedundancyStrategyKind::kReplication}}};
inline constexpr NameTable<ReplicationModel, 2> kModelNames{
    {{"ActiveActive", ReplicationModel::kActiveActive},
     {"ActivePassive", ReplicationModel::kActivePassive}}};
inline constexpr NameTable<SignalTo, 4> kSignalNames{{{"None", SignalTo::kNone},
                                                      {"Active", SignalTo::kActive},
                                                      {"Passive", SignalTo::kPassive},
                                                      {"All", SignalTo::kAll}}};
inline constexpr NameTable<MigrationStrategyKind, 2> kMigrationNames{
    {{"ColdSwap", MigrationStrategyKind::kColdSwap}, {"HotSwap", MigrationStrategyKind::kHotSwap}}};
inline constexpr NameTable<PartitionToleranceKind, 4> kPartitionToleranceNames{
    {{"Divergence", PartitionToleranceKind::kDivergence},
     {"StaticQuorum", PartitionToleranceKind::kStaticQuorum},
     {"DynamicQuorum", PartitionToleranceKind::kDynamicQuorum},
     {"MajorityQuorum", PartitionToleranceKind::kMajorityQuorum}}};
inline constexpr NameTable<Detection, 3> kDetectionNames{{{"NodeReady", Detection::kNodeReady},
                                                          {"NodeLease", Detection::kNodeLease},
                                                          {"NodeProbe", Detection::kNodeProbe}}};
inline constexpr NameTable<Fence, 2> kFenceNames{
    {{"None", Fence::kNone}, {"NodeConfirmed", Fence::kNodeConfirmed}}};
inline constexpr NameTable<Pinning, 3> kPinningNames{
    {{"Affinity", Pinning::kAffinity}, {"Bind", Pinning::kBind}, {"NodeName", Pinning::kNodeName}}};
inline constexpr NameTable<Phase, 9> kPhaseNames{{{"Pending", Phase::kPending},
                                                  {"Running", Phase::kRunning},
                                                  {"Degraded", Phase::kDegraded},
                                                  {"Suspect", Phase::kSuspect},
                                                  {"Promoting", Phase::kPromoting},
                                                  {"Migrating", Phase::kMigrating},
                                                  {"Lost", Phase::kLost},
                                                  {"Rejected", Phase::kRejected},
                                                  {"Suspended", Phase::kSuspended}}};
inline constexpr NameTable<kube::ConditionStatus, 3> kConditionStatusNames{
    {{"True", kube::ConditionStatus::kTrue},
     {"False", kube::ConditionStatus::kFalse},
     {"Unknown", kube::ConditionStatus::kUnknown}}};
inline constexpr NameTable<LabelRequirement::Op, 4> kSelectorOpNames{
    {{"In", LabelRequirement::Op::kIn},
     {"NotIn", LabelRequirement::Op::kNotIn},
     {"Exists", LabelRequirement::Op::kExists},
     {"DoesNotExist", LabelRequirement::Op::kDoesNotExist}}};

[[nodiscard]] std::string_view to_string(OnCordon value);
[[nodiscard]] std::string_view to_string(DistributionStrategyKind value);
[[nodiscard]] std::string_view to_string(Bound value);
[[nodiscard]] std::string_view to_string(RedundancyStrategyKind value);
[[nodiscard]] std::string_view to_string(ReplicationModel value);
[[nodiscard]] std::string_view to_string(SignalTo value);
[[nodiscard]] std::string_view to_string(MigrationStrategyKind value);
[[nodiscard]] std::string_view to_string(PartitionToleranceKind value);
[[nodiscard]] std::string_view to_string(Detection value);
[[nodiscard]] std::string_view to_string(Fence value);
[[nodiscard]] std::string_view to_string(Pinning value);
[[nodiscard]] std::string_view to_string(Phase value);
[[nodiscard]] std::string_view to_string(kube::ConditionStatus value);
[[nodiscard]] std::string_view to_string(LabelRequirement::Op value);

// nullopt where `table` has no such name; names are compared exactly, as the API server does.
template <typename E, size_t N>
[[nodiscard]] constexpr std::optional<E> from_name(const NameTable<E, N>& table,
                                                   std::string_view name) {
  for (const auto& [known, value] : table) {
    if (known == name) return value;
  }
  return std::nullopt;
}

}  // namespace processhub::api
