// How often a pod may be made again: one that is gone as soon as it is there (somebody deletes
// it, or the garbage collector, which knows that its child is another one by now) is not made
// in a hot loop.
//
// In memory alone: a restart begins anew. Core thread.
#pragma once

#include <map>
#include <string>

#include "base/clock.h"
#include "base/names.h"

namespace processhub::controller {

class CreatePace {
 public:
  // The instant from which on the pod may be made; in the past where it may be now.
  [[nodiscard]] SteadyTime not_before(const ChildKey& child, const std::string& pod) const;
  void made(const ChildKey& child, const std::string& pod, SteadyTime now);
  // The child runs, or is gone: what was is forgotten.
  void forget(const ChildKey& child) { made_.erase(child); }

 private:
  struct Made {
    int times = 0;
    SteadyTime last = {};
  };
  std::map<ChildKey, std::map<std::string, Made>> made_;  // by the pod's name
};

}  // namespace processhub::controller
