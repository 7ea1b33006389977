// Writes a hub's inline children as its plan says: makes them, brings them up to date,
// deletes them. A few at a time, so that the pods of the first are made meanwhile.
//
// Core thread. Nothing is retried here: the hub is planned again.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/result.h"
#include "kube/client.h"
#include "plan/hub_plan.h"

namespace processhub::controller {

class InlineChildren {
 public:
  // After each child: as it is now (an empty version: it was gone already), or why not.
  using Written = std::function<void(const ChildKey&, const Result<kube::ObjectMeta>&)>;
  using Done = std::function<void(const Result<void>&)>;

  explicit InlineChildren(kube::Client& client) : client_(client) {}

  // `done` runs once, after the last write or the first Error that is not one child's own
  // (a refusal, a conflict); of those the last is told at the end.
  void run(std::vector<plan::ApplyChild> apply, std::vector<plan::DeleteChild> remove,
           Written written, Done done);

  // No write of a run that is under way begins any more.
  void stop() { ++term_; }

 private:
  struct Run;

  void next(const std::shared_ptr<Run>& run);
  void ended(const std::shared_ptr<Run>& run, const ChildKey& child,
             const Result<kube::ObjectMeta>& result);
  void update(const plan::ApplyChild& apply, int term, kube::Client::WriteDone done);

  kube::Client& client_;
  int term_ = 0;
};

}  // namespace processhub::controller
