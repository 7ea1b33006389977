// What a hub's status says of its quorum, and the command that resets its size.
#include <gmock/gmock.h>

#include "api/conditions.h"
#include "plan/cluster_size.h"
#include "plan/hub_plan.h"
#include "plan/labels.h"
#include "unit/plan/builders.h"

namespace processhub::plan {
namespace {

using kube::ConditionStatus;
using testing::at;
using testing::condition_of;
using ::testing::HasSubstr;
using testing::NodeBuilder;

class HubQuorumTest : public ::testing::Test {
 protected:
  HubQuorumTest() {
    hub_->spec.partition_tolerance = {.strategy = api::PartitionToleranceKind::kMajorityQuorum,
                                      .majority_quorum = {.track_max_size = true}};
  }

  // As HubController does; the status is written.
  const HubPlan& plan() {
    std::vector<const kube::Node*> nodes;
    for (const NodeBuilder& builder : nodes_) nodes.push_back(&builder.node);
    const auto reset = cluster_size_reset(*hub_);
    const auto frame =
        make_frame(hub_,
                   next_membership({.hub = hub_->spec,
                                    .nodes = nodes,
                                    .now = at(0),
                                    .max_seen = hub_->status.quorum.max_seen,
                                    .cluster_size = reset ? reset->size : std::nullopt}),
                   nullptr);
    std::vector<const api::ProcessHubChild*> views;
    for (const api::ProcessHubChild& child : children_) views.push_back(&child);
    plan_ = plan_hub({.frame = *frame, .children = views, .pod_template = template_, .now = at(0)});
    hub_->status = plan_.status;
    return plan_;
  }
  [[nodiscard]] const api::Condition& condition(const char* type) const {
    return condition_of(plan_.status.conditions, type);
  }
  void reset(const char* to) { hub_->meta.annotations = {{kResetClusterSizeAnnotation, to}}; }

  std::shared_ptr<api::ProcessHub> hub_ = testing::make_hub();
  std::vector<NodeBuilder> nodes_{NodeBuilder("a"), NodeBuilder("b"), NodeBuilder("c")};
  std::vector<api::ProcessHubChild> children_;
  PodTemplate template_ = testing::make_template();
  HubPlan plan_;
};

TEST_F(HubQuorumTest, TheStatusTellsOfIt) {
  plan();
  EXPECT_EQ(plan_.status.quorum,
            (api::HubStatus::Quorum{.required = 2, .present = 3, .max_seen = 3}));
  EXPECT_EQ(condition("QuorumLost").status, ConditionStatus::kFalse);
  EXPECT_EQ(condition("QuorumLost").reason, "QuorumHeld");
  EXPECT_THAT(condition("QuorumLost").message, HasSubstr("3 of 3 nodes present, 2 required"));
  EXPECT_EQ(plan_.command, std::nullopt);
}

TEST_F(HubQuorumTest, ALockIsTold) {
  plan();
  nodes_ = {NodeBuilder("a")};
  children_.push_back(testing::make_child());
  plan();
  EXPECT_EQ(plan_.status.quorum,
            (api::HubStatus::Quorum{.required = 2, .present = 1, .max_seen = 3, .locked = true}));
  EXPECT_EQ(condition("QuorumLost").status, ConditionStatus::kTrue);
  EXPECT_EQ(condition("QuorumLost").reason, "TooFewNodes");
  EXPECT_THAT(condition("QuorumLost").message, HasSubstr("1 of 1 node present, 2 required"));
  EXPECT_THAT(condition("QuorumLost").message, HasSubstr("reset-cluster-size"));
  EXPECT_THAT(condition("QuorumLost").message,
              HasSubstr("Until then nothing new is decided because of nodes."));
  EXPECT_EQ(condition("Degraded").reason, "QuorumLost");
  EXPECT_THAT(condition("Degraded").message, HasSubstr("the hub is locked: 1 of 1"));
  EXPECT_THAT(condition("Ready").message, HasSubstr("0 of 1 children Ready; the hub is locked"));
}

TEST_F(HubQuorumTest, AHubWithoutPartitionToleranceSaysDivergence) {
  hub_->spec.partition_tolerance = {};
  nodes_ = {NodeBuilder("a").unknown(at(-500))};
  plan();
  EXPECT_EQ(plan_.status.quorum, (api::HubStatus::Quorum{}));
  EXPECT_EQ(condition("QuorumLost").status, ConditionStatus::kFalse);
  EXPECT_EQ(condition("QuorumLost").reason, "Divergence");
  EXPECT_EQ(condition("QuorumLost").message, "");
}

TEST_F(HubQuorumTest, AMassLossCountsThoseThatAreNotReachedToo) {
  nodes_ = {NodeBuilder("a").unknown(at(-5)), NodeBuilder("b").not_ready(at(-5)), NodeBuilder("c")};
  plan();
  EXPECT_EQ(condition("Degraded").reason, "MassLoss");
  EXPECT_THAT(condition("Degraded").message, HasSubstr("2 of 3"));
}

// --- reset-cluster-size ---

TEST_F(HubQuorumTest, ASizeIsResetAndTheCommandGoes) {
  plan();
  nodes_ = {NodeBuilder("a")};
  reset("1");
  plan();
  EXPECT_EQ(plan_.status.quorum,
            (api::HubStatus::Quorum{.required = 1, .present = 1, .max_seen = 1}));
  EXPECT_EQ(condition("ClusterSizeReset").status, ConditionStatus::kTrue);
  EXPECT_EQ(condition("ClusterSizeReset").reason, "ClusterSizeReset");
  EXPECT_EQ(plan_.command,
            (RemoveCommand{.annotation = "processhub.io/reset-cluster-size",
                           .refused = false,
                           .reason = "ClusterSizeReset",
                           .note = "1 nodes count as the most that there ever were"}));
  hub_->meta.annotations.clear();
  plan();
  EXPECT_EQ(plan_.command, std::nullopt);
  EXPECT_EQ(plan_.status.quorum.max_seen, 1);
  EXPECT_EQ(condition("ClusterSizeReset").status, ConditionStatus::kTrue);  // what was done last
}

TEST_F(HubQuorumTest, ASizeUnderWhatIsThereCountsAsThat) {
  reset("1");
  plan();
  EXPECT_EQ(plan_.status.quorum.max_seen, 3);
  EXPECT_EQ(condition("ClusterSizeReset").message,
            "3 nodes count as the most that there ever were, not 1: so many are there now");
}

TEST_F(HubQuorumTest, WhatIsNoSizeIsRefusedAndTheCommandGoesAllTheSame) {
  plan();
  nodes_ = {NodeBuilder("a")};
  for (const char* asked : {"", "0", "-1", "10001", "3 ", "three", "3.0", "99999999999999"}) {
    reset(asked);
    plan();
    EXPECT_EQ(plan_.status.quorum.max_seen, 3) << asked;
    EXPECT_EQ(condition("ClusterSizeReset").status, ConditionStatus::kFalse);
    EXPECT_EQ(condition("ClusterSizeReset").reason, "InvalidClusterSize");
    EXPECT_EQ(condition("ClusterSizeReset").message,
              "annotation processhub.io/reset-cluster-size is \"" + std::string(asked) +
                  "\": it must be an integer from 1 to 10000");
    ASSERT_TRUE(plan_.command);
    EXPECT_TRUE(plan_.command->refused);
    EXPECT_EQ(plan_.command->note, condition("ClusterSizeReset").message);
  }
}

TEST_F(HubQuorumTest, OfALongValueTheBeginningIsShown) {
  std::string asked = "x";
  for (int i = 0; i < 100; ++i) asked += "\u00e9";  // two bytes each
  reset(asked.c_str());
  EXPECT_LT(plan().command->note.size(), 150U);
  EXPECT_THAT(plan_.command->note, HasSubstr("\u00e9\": it must be"));  // no half of one
}

TEST_F(HubQuorumTest, WhereNoGreatestSizeCountsThereIsNothingToReset) {
  for (const auto kind :
       {api::PartitionToleranceKind::kDivergence, api::PartitionToleranceKind::kDynamicQuorum,
        api::PartitionToleranceKind::kMajorityQuorum}) {
    hub_->spec.partition_tolerance = {.strategy = kind};
    reset("3");
    plan();
    EXPECT_EQ(condition("ClusterSizeReset").status, ConditionStatus::kFalse);
    EXPECT_EQ(condition("ClusterSizeReset").reason, "NothingToReset");
    ASSERT_TRUE(plan_.command);
    EXPECT_TRUE(plan_.command->refused);
  }
  EXPECT_THAT(condition("ClusterSizeReset").message, HasSubstr("without trackMaxSize"));
  hub_->spec.partition_tolerance = {.strategy = api::PartitionToleranceKind::kStaticQuorum};
  plan();
  EXPECT_EQ(condition("ClusterSizeReset").status, ConditionStatus::kTrue);
}

TEST_F(HubQuorumTest, APausedHubObeysToo) {
  hub_->spec.paused = true;
  reset("5");
  plan();
  EXPECT_EQ(plan_.status.quorum.max_seen, 5);
  EXPECT_TRUE(plan_.command);
}

}  // namespace
}  // namespace processhub::plan
