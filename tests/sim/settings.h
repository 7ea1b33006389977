// What one seed is about: its nodes, its hub, its children, and which kinds of faults there
// will be. Few kinds at a time go deeper than all of them.
#pragma once

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "sim/dice.h"

namespace processhub::sim {

inline constexpr const char* kNamespace = "shop";
inline constexpr const char* kHub = "hub";
inline constexpr const char* kHandoverPath = "/processhub/handover";

enum class Fault {
  kCrashNode,
  kDeleteNode,    // of a machine that is off; it may come back as another
  kOutOfService,  // the taint, on a machine that is off
  kPartition,     // a machine that runs on and is not heard of
  kSlowKubelet,   // pods start, see their role or end late
  kDeletePod,
  kFailPod,
  kUnreadyPod,
  kWatches,        // held, cut, expired
  kRequests,       // lost, refused, late answers
  kLateWrites,     // that land long after their client has given up
  kCrashOperator,  // also just before and just after a write
  kStallOperator,  // it stands still, and goes on as if nothing had been
  kSpec,           // factor, model, template
  kPause,
  kRemakeChild,  // deleted, and at once or later made again under its name
  kFenceChange,
  kCordon,
  kNodeLabels,
  kSwitchTo,
  kTamperStatus,
  kTamperPods,
  kDeleteLease,
  kPodAnswers,  // to the role signal: errors, silence
  kSuspend,     // a child is to have no pods, or to run again
  kDrain,       // as by kubectl
};
inline constexpr int kFaults = static_cast<int>(Fault::kDrain) + 1;

// What becomes of one of the machines in the end, where it does not come back.
enum class Loss {
  kNone,  // it does
  kDeleted,
  kOutOfService,
  kUnknown,  // nobody does anything about it
};

struct Settings {
  int nodes = 3;
  int children = 1;
  int operators = 1;
  bool elected = true;  // false: each of them believes that it leads, and may write
  bool fenced = false;  // NodeConfirmed, from beginning to end
  bool told = false;    // pods are told their roles by HTTP
  bool bound = false;
  bool hot = false;          // moves are by HotSwap
  bool held = true;          // no eviction of a Ready pod is granted
  bool calm = false;         // and nothing is lost: a child that ran always runs
  bool gives_state = false;  // and the pod that led hands over to the new one
  int max_concurrent = 1;
  int max_unavailable = 1;
  Loss lost_for_good = Loss::kNone;
  int faults = 10;  // how many are drawn
  std::set<Fault> kinds = {};
  nlohmann::json hub = {};  // its spec, beside the template

  [[nodiscard]] bool has(Fault kind) const { return kinds.contains(kind); }
  [[nodiscard]] std::string str() const;
};

[[nodiscard]] Settings draw_settings(Dice& dice);
// Replication or Singularity, as a part of the hub's spec.
[[nodiscard]] nlohmann::json draw_redundancy(Dice& dice, const Settings& settings);
// Its times and its detection, without the fence.
[[nodiscard]] nlohmann::json draw_failover(Dice& dice);
[[nodiscard]] nlohmann::json draw_partition_tolerance(Dice& dice);

}  // namespace processhub::sim
