// While a hub is locked, or has a MassLoss, its members stay what they were.
#include <gmock/gmock.h>

#include "plan/membership.h"
#include "unit/plan/builders.h"

namespace processhub::plan {
namespace {

using testing::at;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::NodeBuilder;
using testing::seconds;

NodeBuilder a() { return NodeBuilder("a"); }
NodeBuilder b() { return NodeBuilder("b"); }
NodeBuilder c() { return NodeBuilder("c"); }

class LockTest : public ::testing::Test {
 protected:
  LockTest() {
    hub_->spec.partition_tolerance = {.strategy = api::PartitionToleranceKind::kStaticQuorum,
                                      .static_quorum = {.size = 3, .startup_confirm = true}};
  }

  std::vector<std::string> members(const std::vector<NodeBuilder>& nodes, WallTime now = at(0)) {
    std::vector<const kube::Node*> views;
    for (const NodeBuilder& builder : nodes) views.push_back(&builder.node);
    const Membership before = last_;
    last_ = next_membership({.hub = hub_->spec,
                             .nodes = views,
                             .previous = started_ ? nullptr : &before.members,
                             .holds_pods = [](const NodeName&) { return true; },
                             .now = now,
                             .frozen_before = before.frozen(),
                             .losses_count_from = before.losses_count_from,
                             .quorum = started_ ? nullptr : &before.quorum});
    started_ = false;
    std::vector<std::string> names;
    for (const placement::Member& member : last_.members) names.push_back(member.name.str());
    return names;
  }

  std::shared_ptr<api::ProcessHub> hub_ = testing::make_hub();
  bool started_ = true;
  Membership last_;
};

TEST_F(LockTest, NobodyLeavesBecauseItIsDown) {
  ASSERT_THAT(members({a(), b(), c()}), ElementsAre("a", "b", "c"));
  ASSERT_FALSE(last_.frozen());
  const std::vector<NodeBuilder> nodes{a().unknown(at(0)), b(), c()};
  EXPECT_THAT(members(nodes, at(100'000)), ElementsAre("a", "b", "c"));
  EXPECT_TRUE(last_.quorum.locked);
  EXPECT_FALSE(last_.mass_loss);
  EXPECT_TRUE(last_.frozen());
  EXPECT_EQ(last_.ready, 2);
  EXPECT_EQ(last_.present, 2);
  EXPECT_EQ(last_.look_again, std::nullopt);
}

TEST_F(LockTest, NobodyJoinsOrDrainsAndNoShareChanges) {
  hub_->spec.nodes.weight_label = "weight";
  ASSERT_THAT(members({a(), b(), c()}), ElementsAre("a", "b", "c"));
  const std::vector<NodeBuilder> nodes{
      a().unknown(at(0)), b().cordoned().label("weight", "300"),
      c().taint("gpu", "NoExecute").label("pool", "x").not_ready(at(0)), NodeBuilder("d")};
  const auto before = last_.members;
  EXPECT_THAT(members(nodes, at(1000)), ElementsAre("a", "b", "c"));
  EXPECT_EQ(last_.members, before);
  EXPECT_EQ(last_.draining, 1);
  EXPECT_EQ(last_.matching, 4);
}

TEST_F(LockTest, AMemberWhoseNodeIsDeletedStaysWhatItWas) {
  hub_->spec.nodes.weight_label = "weight";
  ASSERT_THAT(members({a().label("weight", "200"), b(), c()}), ElementsAre("a", "b", "c"));
  EXPECT_THAT(members({b(), c()}), ElementsAre("a", "b", "c"));
  EXPECT_EQ(last_.node(NodeName("a")), nullptr);
  ASSERT_NE(last_.member(NodeName("a")), nullptr);
  EXPECT_EQ(last_.member(NodeName("a"))->weight, 200);
  EXPECT_EQ(last_.ready, 2);
  // It is there again, the same or as another one.
  EXPECT_THAT(members({NodeBuilder("a", "second"), b()}), ElementsAre("b", "c"));
}

TEST_F(LockTest, AfterItWhatHappenedMeanwhileCounts) {
  ASSERT_EQ(members({a(), b(), c(), NodeBuilder("d")}).size(), 4U);
  ASSERT_EQ(members({b(), c().unknown(at(0))}, at(0)).size(), 4U);
  EXPECT_THAT(members({b(), c(), NodeBuilder("e"), NodeBuilder("f").cordoned()}, at(1000)),
              ElementsAre("b", "c", "e"));
  EXPECT_FALSE(last_.frozen());
}

TEST_F(LockTest, AfterItNodesThatAreStillDownHaveTheirWholeTime) {
  ASSERT_EQ(members({a(), b(), c(), NodeBuilder("d")}).size(), 4U);
  const auto two_down = [] {
    return std::vector<NodeBuilder>{a().unknown(at(0)), b().unknown(at(0)), c(), NodeBuilder("d")};
  };
  const auto one_down = [] {
    return std::vector<NodeBuilder>{a().unknown(at(0)), b(), c(), NodeBuilder("d")};
  };
  ASSERT_EQ(members(two_down(), at(1000)).size(), 4U);
  ASSERT_FALSE(last_.mass_loss);
  ASSERT_TRUE(last_.frozen());
  EXPECT_EQ(members(one_down(), at(1000)).size(), 4U);
  EXPECT_FALSE(last_.frozen());
  EXPECT_EQ(last_.node(NodeName("a"))->since, at(1000));
  EXPECT_EQ(last_.look_again, at(1120));
  EXPECT_EQ(members(one_down(), at(1120) - Duration(1)).size(), 4U);
  EXPECT_THAT(members(one_down(), at(1120)), ElementsAre("b", "c", "d"));
}

// From a lock into a MassLoss and back is one time of standing still.
TEST_F(LockTest, AMassLossWithinItIsNoEndOfIt) {
  ASSERT_EQ(members({a(), b(), c()}).size(), 3U);
  const WallTime before = last_.losses_count_from;
  ASSERT_EQ(members({a().unknown(at(0)), b(), c()}, at(10)).size(), 3U);
  ASSERT_EQ(members({a().unknown(at(0)), b().unknown(at(20)), c()}, at(30)).size(), 3U);
  EXPECT_TRUE(last_.mass_loss);
  ASSERT_EQ(members({a().unknown(at(0)), b(), c()}, at(40)).size(), 3U);
  EXPECT_TRUE(last_.frozen());
  EXPECT_EQ(last_.losses_count_from, before);
}

TEST_F(LockTest, AtTheStartMembersAreAsTheyWouldBe) {
  EXPECT_THAT(members({a(), b().unknown(at(-60)), NodeBuilder("d").cordoned()}),
              ElementsAre("a", "b"));
  EXPECT_TRUE(last_.frozen());
  started_ = true;
  last_ = {};
  EXPECT_THAT(members({}), IsEmpty());
  EXPECT_EQ(last_.quorum.reason, "NoNodes");
}

TEST_F(LockTest, WithDivergenceNothingOfThisHolds) {
  hub_->spec.partition_tolerance = {};
  ASSERT_THAT(members({a(), b(), c()}), ElementsAre("a", "b", "c"));
  EXPECT_THAT(members({b()}, at(1)), ElementsAre("b"));
  EXPECT_FALSE(last_.frozen());
}

TEST_F(LockTest, LooksAgainWhenTimeAloneEndsIt) {
  hub_->spec.partition_tolerance = {.strategy = api::PartitionToleranceKind::kDynamicQuorum,
                                    .dynamic_quorum = {.percent = 80, .threshold = seconds(30)}};
  ASSERT_EQ(members({a(), b(), c()}, at(0)).size(), 3U);
  const std::vector<NodeBuilder> nodes{a().unknown(at(10)), b(), c()};
  EXPECT_EQ(members(nodes, at(10)).size(), 3U);
  EXPECT_TRUE(last_.frozen());
  EXPECT_EQ(last_.look_again, at(40));
  EXPECT_EQ(members(nodes, at(40)).size(), 3U);
  EXPECT_FALSE(last_.frozen());
  EXPECT_EQ(last_.look_again, at(160));  // a leaves, 120 s after the lock
}

// Cordoned nodes are present, and so are those that are no members yet.
TEST_F(LockTest, CountsNodesNotMembers) {
  EXPECT_THAT(members({a(), b().cordoned(), c().taint("gpu", "NoExecute")}), ElementsAre("a"));
  EXPECT_EQ(last_.quorum.present, 3);
  EXPECT_FALSE(last_.frozen());
  hub_->spec.nodes.selector.match_labels = {{"pool", "x"}};
  members({a().label("pool", "x"), b(), c()});
  EXPECT_EQ(last_.quorum.known, 1);
  EXPECT_EQ(last_.quorum.reason, "SizeExceedsNodes");
}

}  // namespace
}  // namespace processhub::plan
