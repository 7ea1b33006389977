// Binds pods to nodes, one a step: by nodeSelector, required nodeAffinity, taints, cordons
// and the number of pods that a node takes. No scores: the first node by name.
//
//   Scheduler scheduler(server);
//   while (scheduler.step()) {}
//
// It sees everything at once, and it passes over pods with schedulingGates, those of other
// schedulers, and those on their way out. A pod that fits nowhere becomes
// PodScheduled=False, Unschedulable.
#pragma once

#include <string>

#include "fake/admin.h"

namespace processhub::testing {

class Scheduler {
 public:
  struct Options {
    bool by_count = true;  // no more pods than status.allocatable.pods, where a node says it
  };

  explicit Scheduler(ApiServer& server) : Scheduler(server, Options{}) {}
  Scheduler(ApiServer& server, Options options)
      : server_(server), admin_(server), options_(options) {}

  // At most one write. False: there was nothing to do.
  bool step();

 private:
  // Why not; empty where it fits.
  [[nodiscard]] std::string obstacle(const nlohmann::json& pod, const nlohmann::json& node) const;
  [[nodiscard]] bool is_full(const nlohmann::json& node) const;

  ApiServer& server_;
  Admin admin_;
  Options options_;
};

}  // namespace processhub::testing
