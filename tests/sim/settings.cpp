#include "sim/settings.h"

namespace processhub::sim {

using nlohmann::json;

json draw_redundancy(Dice& dice, const Settings& settings) {
  const bool told = settings.told;
  if (dice.below(4) == 0) {
    json spec = {{"strategy", "Singularity"}};
    if (told) spec["replication"]["http"]["port"] = 8080;
    return spec;
  }
  const bool peers = dice.below(4) == 0 && !settings.gives_state;
  json replication = {{"model", peers ? "ActiveActive" : "ActivePassive"}};
  const int factor = dice.between(0, 3);
  replication["factor"] = factor == 0 ? json("ClusterSize") : json(factor);
  if (told) {
    replication["http"] = {{"port", 8080}, {"timeoutSeconds", 1}, {"retries", dice.below(2)}};
    replication["signal"] = dice.pick<std::string>({"None", "All", "Active", "Passive"});
  }
  return {{"strategy", "Replication"}, {"replication", replication}};
}

json draw_failover(Dice& dice) {
  json failover = {{"restartAfterSeconds", dice.pick<int>({0, 1, 10, 30})},
                   {"replaceAfterSeconds", dice.pick<int>({0, 1, 10, 60, 120})},
                   {"activeNotReadySeconds", dice.pick<int>({0, 1, 5})},
                   {"detection", "NodeReady"},
                   {"nodeLease", {{"leaseTimeoutSeconds", 20}}},
                   {"nodeProbe", {{"periodSeconds", 5}, {"failureThreshold", 3}}}};
  if (const int detection = dice.below(4); detection < 2) {
    failover["detection"] = detection == 0 ? "NodeLease" : "NodeProbe";
  }
  return failover;
}

json draw_partition_tolerance(Dice& dice) {
  switch (dice.below(8)) {
    case 0:
      return {{"strategy", "StaticQuorum"}, {"staticQuorum", {{"size", 2}}}};
    case 1:
      return {{"strategy", "DynamicQuorum"},
              {"dynamicQuorum", {{"percent", 50}, {"thresholdSeconds", 30}}}};
    case 2:
      return {{"strategy", "MajorityQuorum"}};
    default:
      return {{"strategy", "Divergence"}};
  }
}

Settings draw_settings(Dice& dice) {
  Settings all;
  all.nodes = dice.between(2, 5);
  all.children = dice.between(1, 4);
  all.operators = dice.between(1, 2);
  all.elected = all.operators == 1 ? dice.below(2) == 0 : dice.below(3) != 0;
  all.fenced = dice.below(3) == 0;
  all.told = dice.below(3) == 0;
  all.faults = dice.between(3, 30);
  all.max_concurrent = dice.between(1, 2);
  // A few kinds in most of the seeds, now and then nearly all.
  const int share = dice.pick<int>({150, 250, 400, 700});
  for (int kind = 0; kind < kFaults; ++kind) {
    if (dice.permille(share)) all.kinds.insert(static_cast<Fault>(kind));
  }
  if (all.kinds.contains(Fault::kFenceChange)) all.fenced = false;
  all.hot = !all.fenced && !all.has(Fault::kFenceChange) && dice.below(2) == 0;
  all.calm = all.hot && dice.below(2) == 0;
  all.gives_state = all.hot && dice.below(3) != 0;
  if (all.calm) {
    // What makes no pod less Ready, and no operator see less.
    all.kinds = {Fault::kCordon, Fault::kNodeLabels, Fault::kSpec};
    for (const Fault kind :
         {Fault::kSlowKubelet, Fault::kPause, Fault::kCrashOperator, Fault::kSwitchTo,
          Fault::kDeleteLease, Fault::kPodAnswers, Fault::kDrain}) {
      if (dice.below(3) == 0) all.kinds.insert(kind);
    }
    all.elected = true;
  }

  json& hub = all.hub;
  hub["redundancy"] = draw_redundancy(dice, all);
  hub["nodes"] = {{"joinAfterSeconds", dice.pick<int>({0, 1, 10})},
                  {"onCordon", dice.below(3) == 0 ? "Keep" : "Migrate"}};
  all.held = hub["nodes"]["onCordon"] == "Migrate";
  if (all.calm && !all.held) all.kinds.erase(Fault::kDrain);
  if (all.has(Fault::kDrain) && !all.calm && dice.below(4) == 0) {
    all.held = false;
    hub["disruption"]["hold"] = false;
  }
  if (all.has(Fault::kNodeLabels)) hub["nodes"]["selector"]["matchLabels"]["pool"] = "a";
  hub["failover"] = draw_failover(dice);
  hub["failover"]["fence"] = all.fenced ? "NodeConfirmed" : "None";
  hub["distribution"]["consistentHashing"]["virtualNodes"] = 16;
  if (dice.below(5) == 0) {
    all.bound = true;
    hub["distribution"]["consistentHashing"]["bound"] = dice.below(2) == 0 ? "Strict" : "Relaxed";
  }
  hub["migration"]["maxConcurrent"] = all.max_concurrent;
  if (all.hot) {
    hub["migration"]["strategy"] = "HotSwap";
    hub["migration"]["hotSwap"]["retentionSeconds"] = dice.pick<int>({0, 1, 5});
    if (all.gives_state) {
      hub["migration"]["hotSwap"]["handover"] = {{"enabled", true},
                                                 {"port", 8080},
                                                 {"path", kHandoverPath},
                                                 {"dataWaitSeconds", dice.pick<int>({1, 3})},
                                                 {"confirm", dice.below(2) == 0}};
    }
  }
  // A node that was left out stays so, and the end would differ from that without faults.
  hub["migration"]["childTimeoutSeconds"] = 86400;
  all.max_unavailable = dice.between(1, 2);
  hub["update"]["maxUnavailable"] = all.max_unavailable;
  // So does one whose kubelet would not have a pod, as a pod that failed says there.
  if (!all.has(Fault::kFailPod)) {
    const bool fenced = all.fenced || all.has(Fault::kFenceChange);
    const int how = dice.below(4);
    if (how == 0) hub["pinning"] = "Bind";
    if (how == 1 && !fenced) hub["pinning"] = "NodeName";
  }
  hub["partitionTolerance"] = draw_partition_tolerance(dice);
  if (dice.below(3) == 0) {
    hub["service"] = {{"enabled", true}, {"ports", {{{"name", "http"}, {"port", 80}}}}};
  }
  // With fewer than three left, pods stay where they happen to be.
  if (!all.calm && all.nodes >= 4 && dice.below(3) == 0) {
    all.lost_for_good = dice.pick<Loss>({Loss::kDeleted, Loss::kOutOfService, Loss::kUnknown});
    const bool never_confirmed = all.fenced || all.has(Fault::kFenceChange);
    if (never_confirmed && all.lost_for_good == Loss::kUnknown) all.lost_for_good = Loss::kDeleted;
  }
  return all;
}

std::string Settings::str() const {
  return std::to_string(nodes) + " nodes, " + std::to_string(children) + " children, " +
         std::to_string(operators) + (elected ? " elected" : " unguarded") + " operators, " +
         std::to_string(faults) + " faults, " + hub.dump();
}

}  // namespace processhub::sim
