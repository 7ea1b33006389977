// A child with two replicas of which one leads, for the tests of roles and fences.
#pragma once

#include <gmock/gmock.h>
#include <string>
#include <vector>

#include "api/conditions.h"
#include "plan/child_status.h"
#include "plan/labels.h"
#include "plan/roles.h"
#include "unit/plan/builders.h"

namespace processhub::plan {

// A child with two replicas on two of three nodes; the one in slot 0 leads.
class RolesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    s_.active_passive(2).settle();
    lead_ = s_.pod(0);
    standby_ = s_.pod(1);
    ASSERT_EQ(s_.child.status.active->pod_uid, lead_->meta.uid);
    epoch_ = s_.child.status.epoch;
  }

  std::vector<std::string> plan_and_do() {
    const ChildPlan plan = s_.plan();
    s_.carry_out(plan);
    return testing::told(plan, s_.child);
  }
  const api::Condition& active() {
    return testing::condition_of(s_.child.status.conditions, kActive);
  }
  void remove(const kube::Pod* pod) {
    const Uid uid = pod->meta.uid;
    std::erase_if(s_.pods, [&](const kube::Pod& one) { return one.meta.uid == uid; });
    lead_ = s_.pod(0);
    standby_ = s_.pod(1);
  }
  void http() { s_.hub->spec.redundancy.replication.http = api::RoleHttpSpec{.port = 8080}; }
  void fence() { s_.hub->spec.failover.fence = api::Fence::kNodeConfirmed; }

  testing::Situation s_;
  kube::Pod* lead_ = nullptr;
  kube::Pod* standby_ = nullptr;
  int64_t epoch_ = 0;
};

}  // namespace processhub::plan
