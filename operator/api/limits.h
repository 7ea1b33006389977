// The bounds of the specs' fields. The schemas in crds/ say the same (a unit test
// compares them); they are checked here again since an older or newer schema may be
// installed in the cluster.
#pragma once

#include <cstddef>
#include <cstdint>

#include "api/fields.h"

namespace processhub::api {

inline constexpr Range kJoinAfterSeconds{0, 86400};
inline constexpr Range kRestartAfterSeconds{0, 86400};
inline constexpr Range kReplaceAfterSeconds{0, 604800};
inline constexpr Range kActiveNotReadySeconds{0, 86400};
inline constexpr Range kLeaseTimeoutSeconds{1, 86400};
inline constexpr Range kProbePeriodSeconds{1, 3600};
inline constexpr Range kProbeFailureThreshold{1, 100};
inline constexpr Range kSpillAfterSeconds{1, 86400};
inline constexpr Range kVirtualNodes{1, 4096};
inline constexpr Range kLoadFactorPercent{100, 10000};
inline constexpr Range kMaxHistorySize{1, 1000};
inline constexpr Range kPushIntervalSeconds{1, 3600};
inline constexpr Range kFactor{1, 10000};
inline constexpr Range kPort{1, 65535};
inline constexpr Range kHttpTimeoutSeconds{1, 60};
inline constexpr Range kHttpRetries{0, 10};
inline constexpr Range kClusterSize{1, 10000};  // nodes of a hub, as a quorum counts them
inline constexpr Range kQuorumPercent{1, 100};
inline constexpr Range kQuorumThresholdSeconds{1, 86400};
inline constexpr Range kRetentionSeconds{0, 3600};
inline constexpr Range kDataWaitSeconds{1, 3600};
inline constexpr Range kChildTimeoutSeconds{1, 86400};
// maxConcurrent, maxUnavailable: children at once.
inline constexpr Range kMaxConcurrent{1, 100000};
inline constexpr Range kMaxConcurrentPercent{1, 100};
inline constexpr size_t kMaxInlineChildren = 1000;
inline constexpr size_t kMaxContainers = 1000;
inline constexpr size_t kMaxInlineChildLabels = 32;
inline constexpr size_t kMaxChildNodes = 256;
inline constexpr size_t kMaxTolerations = 64;
inline constexpr size_t kMaxMatchExpressions = 64;
inline constexpr size_t kMaxSelectorValues = 256;
inline constexpr size_t kMaxServicePorts = 64;
inline constexpr size_t kMaxPortNameLength = 15;  // of a container's port
inline constexpr size_t kMaxHttpPathLength = 1024;
inline constexpr size_t kMaxNameLength = 63;  // names of hubs and children are label values
inline constexpr size_t kMaxNodeNameLength = 253;

// No epoch is ever as great by itself: it begins at the seconds since 1970. One beyond this was
// written by somebody else, and says nothing; there has to be a next one, too.
inline constexpr int64_t kMaxEpoch = int64_t{1} << 53;
// What is believed of a pod whose child has no such epoch: the epochs that follow have to be
// readable too.
inline constexpr int64_t kMaxEpochOfPods = kMaxEpoch / 2;

}  // namespace processhub::api
