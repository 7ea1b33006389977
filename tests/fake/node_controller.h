// What the controller manager does about nodes, at most one write a step: a Node whose Lease
// stands still becomes Unknown, its pods not Ready, it is tainted, and pods that do not
// tolerate that are deleted; pods whose Node is no more are removed.
//
//   NodeController controller(server, clock);
//   clock passes 41 s without a.step() ...
//   while (controller.step()) {}     // Ready=Unknown, taints, pods' Ready=False
//
// It has no timers: times are compared as it steps.
#pragma once

#include <map>
#include <string>

#include "base/clock.h"
#include "fake/admin.h"

namespace processhub::testing {

struct NodeControllerOptions {
  Duration grace = std::chrono::seconds(40);       // of a Lease that stands still
  Duration quarantine = std::chrono::seconds(40);  // before pods of a deleted Node are removed
};

class NodeController {
 public:
  NodeController(ApiServer& server, const Clock& clock, NodeControllerOptions options = {});

  // False: there was nothing to do.
  bool step();

 private:
  struct Heartbeat {
    std::string renewed;
    SteadyTime seen{};
  };

  void listen();
  bool check(const nlohmann::json& node);
  bool taint(const nlohmann::json& node, const std::string& ready);
  bool unready_pods(const std::string& node);
  bool evict(const nlohmann::json& node);
  bool collect_orphans();
  bool collect_out_of_service();
  // Failed, then gone, as by the pod garbage collector.
  bool drop(const nlohmann::json& pod);

  ApiServer& server_;
  Admin admin_;
  const Clock& clock_;
  NodeControllerOptions options_;
  std::map<std::string, Heartbeat> heartbeats_;  // by the Node's uid
  std::map<std::string, SteadyTime> missing_;    // names of Nodes that pods are bound to
};

}  // namespace processhub::testing
