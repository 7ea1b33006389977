#include "plan/cluster_size.h"

#include <charconv>
#include <fmt/core.h>

#include "api/enums.h"
#include "api/limits.h"
#include "base/text.h"
#include "plan/labels.h"

namespace processhub::plan {
namespace {

constexpr size_t kShown = 40;  // of what somebody wrote

bool counts_a_greatest_size(const api::PartitionToleranceSpec& spec) {
  switch (spec.strategy) {
    case api::PartitionToleranceKind::kDivergence:
    case api::PartitionToleranceKind::kDynamicQuorum:
      return false;
    case api::PartitionToleranceKind::kStaticQuorum:
      return true;
    case api::PartitionToleranceKind::kMajorityQuorum:
      return spec.majority_quorum.track_max_size;
  }
  return false;
}

std::optional<int> size_of(const std::string& text) {
  int size = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, size);
  const bool whole = error == std::errc() && stop == end;
  if (!whole || size < api::kClusterSize.least || size > api::kClusterSize.most) {
    return std::nullopt;
  }
  return size;
}

}  // namespace

std::optional<ClusterSizeReset> cluster_size_reset(const api::ProcessHub& hub) {
  const auto found = hub.meta.annotations.find(kResetClusterSizeAnnotation);
  if (found == hub.meta.annotations.end()) return std::nullopt;
  ClusterSizeReset reset{.asked = clean_text(found->second, kShown)};
  const std::optional<int> size = size_of(found->second);
  const api::PartitionToleranceSpec& spec = hub.spec.partition_tolerance;
  if (!size) {
    reset.reason = "InvalidClusterSize";
    reset.why_not = fmt::format("annotation {} is \"{}\": it must be an integer from {} to {}",
                                kResetClusterSizeAnnotation, reset.asked, api::kClusterSize.least,
                                api::kClusterSize.most);
  } else if (!counts_a_greatest_size(spec)) {
    reset.reason = "NothingToReset";
    reset.why_not = fmt::format(
        "annotation {}: with partitionTolerance.strategy {}{} the most nodes that there ever were "
        "do not count, so that there is nothing to reset",
        kResetClusterSizeAnnotation, api::to_string(spec.strategy),
        spec.strategy == api::PartitionToleranceKind::kMajorityQuorum ? " without trackMaxSize"
                                                                      : "");
  } else {
    reset.reason = "ClusterSizeReset";
    reset.size = size;
  }
  return reset;
}

std::string note_of(const ClusterSizeReset& reset, int counted) {
  if (!reset.size) return reset.why_not;
  const std::string note = fmt::format("{} nodes count as the most that there ever were", counted);
  if (counted == *reset.size) return note;
  return note + fmt::format(", not {}: so many are there now", *reset.size);
}

}  // namespace processhub::plan
