// Deletes what belongs to owners that are no more, and works off the finalizers `orphan` and
// `foregroundDeletion`: at most one write a step.
//
//   admin.remove(kube::kProcessHubs, "shop", "h", {{"propagationPolicy", "Background"}});
//   while (collector.step()) {}   // its children, then their pods, begin to go
//
// It sees everything at once; between steps the test may put anything.
#pragma once

#include "fake/admin.h"

namespace processhub::testing {

class GarbageCollector {
 public:
  explicit GarbageCollector(ApiServer& server) : server_(server), admin_(server) {}

  // False: there was nothing to do.
  bool step();

 private:
  bool collect(const Kind& kind, const nlohmann::json& object);
  bool work_off(const Kind& kind, const nlohmann::json& owner);
  [[nodiscard]] bool exists(const nlohmann::json& dependent, const nlohmann::json& owner) const;
  bool remove(const Kind& kind, const nlohmann::json& object, const char* policy);
  bool drop_finalizer(const Kind& kind, const nlohmann::json& object, const std::string& name);

  ApiServer& server_;
  Admin admin_;
};

}  // namespace processhub::testing
