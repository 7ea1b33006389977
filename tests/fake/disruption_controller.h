// What the controller manager does about PodDisruptionBudgets: it counts the pods that each of
// them selects and says in its status how many of them may go. At most one write a step.
//
//   DisruptionController controller(server, clock);
//   while (controller.step()) {}   // every budget's status is that of its present spec and pods
//
// As the real one it counts again when a budget or a pod that it selects changes: that a pod has
// left the selection is counted with the next such change. No owner that this server knows has a
// scale: a budget by maxUnavailable or by a percentage fails over its pods, as over those of any
// such owner. It outlives the server's last write.
#pragma once

#include <map>
#include <set>
#include <string>

#include "base/clock.h"
#include "fake/admin.h"

namespace processhub::testing {

class DisruptionController {
 public:
  DisruptionController(ApiServer& server, const Clock& clock);
  DisruptionController(const DisruptionController&) = delete;
  DisruptionController& operator=(const DisruptionController&) = delete;

  // False: there was nothing to do.
  bool step();

 private:
  void on_change(const Change& change);
  bool sync(const std::string& key, const nlohmann::json& budget);

  Admin admin_;
  const Clock& clock_;
  std::set<std::string> to_count_;           // keys of budgets
  std::map<std::string, WallTime> recount_;  // by then a pod should have been deleted
};

}  // namespace processhub::testing
