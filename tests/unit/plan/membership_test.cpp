// Who enters a hub's nodes, who stays, and when to look again.
#include "plan/membership.h"

#include <gmock/gmock.h>

#include "unit/plan/builders.h"

namespace processhub::plan {
namespace {

using testing::at;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::NodeBuilder;

class MembershipTest : public ::testing::Test {
 protected:
  // The members after `nodes`, by name; what was before is what the last call gave.
  std::vector<std::string> members(const std::vector<NodeBuilder>& nodes, WallTime now = at(0)) {
    std::vector<const kube::Node*> views;
    for (const NodeBuilder& builder : nodes) views.push_back(&builder.node);
    last_ = next_membership({.hub = hub_->spec,
                             .nodes = views,
                             .previous = started_ ? &previous_ : nullptr,
                             .holds_pods = [&](const NodeName&) { return holds_pods_; },
                             .now = now,
                             .frozen_before = last_.frozen(),
                             .losses_count_from = last_.losses_count_from});
    previous_ = last_.members;
    started_ = true;
    std::vector<std::string> names;
    for (const placement::Member& member : last_.members) names.push_back(member.name.str());
    return names;
  }

  std::shared_ptr<api::ProcessHub> hub_ = testing::make_hub();
  bool holds_pods_ = false;
  bool started_ = true;  // a start with no member: so every node has to enter
  std::vector<placement::Member> previous_;
  Membership last_;
};

NodeBuilder a() { return NodeBuilder("a"); }

TEST_F(MembershipTest, EveryNodeIsTheHubsWithoutASelector) {
  EXPECT_THAT(members({NodeBuilder("b"), NodeBuilder("a")}), ElementsAre("a", "b"));
  EXPECT_EQ(last_.matching, 2);
  EXPECT_EQ(last_.ready, 2);
}

TEST_F(MembershipTest, ANodeThatStopsMatchingLeavesAtOnce) {
  hub_->spec.nodes.selector.match_labels = {{"pool", "games"}};
  EXPECT_THAT(members({a().label("pool", "games"), NodeBuilder("b")}), ElementsAre("a"));
  EXPECT_EQ(last_.matching, 1);
  EXPECT_THAT(members({a().label("pool", "web")}), IsEmpty());
}

TEST_F(MembershipTest, ANodeJoinsOnceItHasBeenReadyForJoinAfter) {
  EXPECT_THAT(members({a().ready(at(0))}, at(0)), IsEmpty());
  EXPECT_EQ(last_.look_again, at(10));
  EXPECT_THAT(members({a().ready(at(0))}, at(10) - Duration(1)), IsEmpty());
  EXPECT_THAT(members({a().ready(at(0))}, at(10)), ElementsAre("a"));
  EXPECT_EQ(last_.look_again, std::nullopt);
}

TEST_F(MembershipTest, ANodeThatIsNotReadyDoesNotEnter) {
  EXPECT_THAT(members({a().not_ready(at(-60)), NodeBuilder("b").unknown(at(-60))}), IsEmpty());
  NodeBuilder silent("c");
  silent.node.ready_since.reset();
  EXPECT_THAT(members({silent}), IsEmpty());
}

TEST_F(MembershipTest, AtTheStartEveryReadyNodeIsInAtOnce) {
  started_ = false;
  EXPECT_THAT(members({a().ready(at(0)), NodeBuilder("b").unknown(at(-5))}), ElementsAre("a"));
}

TEST_F(MembershipTest, AtTheStartANodeThatIsDownButHoldsPodsIsStillAMember) {
  started_ = false;
  holds_pods_ = true;
  EXPECT_THAT(members({a().unknown(at(-119)), NodeBuilder("b").unknown(at(-120)), NodeBuilder("c"),
                       NodeBuilder("d"), NodeBuilder("e")}),
              ElementsAre("a", "c", "d", "e"));
  EXPECT_EQ(last_.look_again, at(1));
}

TEST_F(MembershipTest, AMemberThatIsLostStaysForReplaceAfter) {
  const std::vector<NodeBuilder> all{a(), NodeBuilder("b"), NodeBuilder("c")};
  ASSERT_THAT(members(all), ElementsAre("a", "b", "c"));
  for (const bool unknown : {true, false}) {
    NodeBuilder down("a");
    unknown ? down.unknown(at(5)) : down.not_ready(at(5));
    const std::vector<NodeBuilder> now{down, NodeBuilder("b"), NodeBuilder("c")};
    ASSERT_THAT(members(all), ElementsAre("a", "b", "c"));
    EXPECT_THAT(members(now, at(124)), ElementsAre("a", "b", "c"));
    EXPECT_EQ(last_.look_again, at(125));
    EXPECT_EQ(last_.ready, 2);
    EXPECT_THAT(members(now, at(125)), ElementsAre("b", "c"));
    EXPECT_EQ(last_.look_again, std::nullopt);
  }
}

TEST_F(MembershipTest, ANodeThatComesBackAfterThatJoinsLikeANewOne) {
  ASSERT_THAT(members({a(), NodeBuilder("b"), NodeBuilder("c")}), ElementsAre("a", "b", "c"));
  ASSERT_THAT(members({a().unknown(at(0)), NodeBuilder("b"), NodeBuilder("c")}, at(120)),
              ElementsAre("b", "c"));
  EXPECT_THAT(members({a().ready(at(200)), NodeBuilder("b"), NodeBuilder("c")}, at(205)),
              ElementsAre("b", "c"));
  EXPECT_EQ(last_.look_again, at(210));
}

TEST_F(MembershipTest, ANodeThatComesBackBeforeThatNeverLeft) {
  ASSERT_THAT(members({a(), NodeBuilder("b"), NodeBuilder("c")}), ElementsAre("a", "b", "c"));
  EXPECT_THAT(members({a().unknown(at(0)), NodeBuilder("b"), NodeBuilder("c")}, at(100)),
              ElementsAre("a", "b", "c"));
  EXPECT_THAT(members({a().ready(at(110)), NodeBuilder("b"), NodeBuilder("c")}, at(110)),
              ElementsAre("a", "b", "c"));
}

TEST_F(MembershipTest, ANodeThatIsDeletedLeavesAtOnce) {
  ASSERT_THAT(members({a(), NodeBuilder("b")}), ElementsAre("a", "b"));
  EXPECT_THAT(members({a()}), ElementsAre("a"));
  NodeBuilder going("a");
  going.node.meta.deleted = at(0);
  EXPECT_THAT(members({going}), IsEmpty());
}

TEST_F(MembershipTest, ANewNodeOfAnOldNameIsAnotherNode) {
  ASSERT_THAT(members({a()}), ElementsAre("a"));
  EXPECT_THAT(members({NodeBuilder("a", "second").ready(at(0))}, at(9)), IsEmpty());
  EXPECT_THAT(members({NodeBuilder("a", "second").ready(at(0))}, at(10)), ElementsAre("a"));
  EXPECT_EQ(last_.members[0].uid, Uid("second"));
}

TEST_F(MembershipTest, WhatDrainsLeavesAtOnceAndDoesNotEnter) {
  for (const NodeBuilder& draining :
       {a().cordoned(), a().taint("ToBeDeletedByClusterAutoscaler", "NoSchedule"),
        a().taint("karpenter.sh/disrupted", "NoSchedule")}) {
    ASSERT_THAT(members({a()}), ElementsAre("a"));
    EXPECT_THAT(members({draining}), IsEmpty());
    EXPECT_EQ(last_.draining, 1);
    EXPECT_EQ(last_.matching, 1);
    EXPECT_TRUE(last_.nodes.at(NodeName("a")).draining);
    EXPECT_THAT(members({draining}), IsEmpty());
  }
}

TEST_F(MembershipTest, WithOnCordonKeepACordonedNodeEntersAndStays) {
  hub_->spec.nodes.on_cordon = api::OnCordon::kKeep;
  EXPECT_THAT(members({a().cordoned()}), ElementsAre("a"));
  EXPECT_EQ(last_.draining, 0);
  EXPECT_THAT(members({a().cordoned()}), ElementsAre("a"));
  // About to be removed: it stays, but a new one that is going already does not enter.
  const auto doomed = [](const char* name) {
    return NodeBuilder(name).taint("karpenter.sh/disrupted", "NoSchedule");
  };
  EXPECT_THAT(members({doomed("a"), doomed("b")}), ElementsAre("a"));
}

TEST_F(MembershipTest, ANoScheduleTaintKeepsNodesOutButDrivesNobodyAway) {
  EXPECT_THAT(members({a().taint("gpu", "NoSchedule")}), IsEmpty());
  ASSERT_THAT(members({a()}), ElementsAre("a"));
  EXPECT_THAT(members({a().taint("gpu", "NoSchedule")}), ElementsAre("a"));
}

// Somebody still says that it is off.
TEST_F(MembershipTest, AReadyNodeThatIsOutOfServiceIsNoMember) {
  EXPECT_THAT(members({a()}), ElementsAre("a"));
  for (const char* effect : {"NoSchedule", "NoExecute"}) {
    EXPECT_THAT(members({a().taint("node.kubernetes.io/out-of-service", effect)}), IsEmpty());
  }
  EXPECT_THAT(members({a()}), ElementsAre("a"));
}

TEST_F(MembershipTest, ANoExecuteTaintDrivesNodesAway) {
  ASSERT_THAT(members({a()}), ElementsAre("a"));
  EXPECT_THAT(members({a().taint("gpu", "NoExecute")}), IsEmpty());
  EXPECT_THAT(members({a().taint("gpu", "NoExecute")}), IsEmpty());
}

TEST_F(MembershipTest, AToleratedTaintDoesNotMatter) {
  hub_->spec.nodes.tolerations = {{.key = "gpu", .value = "yes"}};
  EXPECT_THAT(members({a().taint("gpu", "NoExecute", "yes"),
                       NodeBuilder("b").taint("gpu", "NoSchedule", "no")}),
              ElementsAre("a"));
}

TEST_F(MembershipTest, APreferenceOfTheSchedulerDoesNotMatter) {
  EXPECT_THAT(members({a().taint("gpu", "PreferNoSchedule")}), ElementsAre("a"));
}

TEST_F(MembershipTest, KubernetesOwnTaintsComeAndGoWithoutMovingAnything) {
  NodeBuilder pressed("a");
  for (const char* key : {"memory-pressure", "disk-pressure", "not-ready", "unreachable"}) {
    pressed.taint(std::string("node.kubernetes.io/") + key, "NoSchedule");
    pressed.taint(std::string("node.kubernetes.io/") + key, "NoExecute");
  }
  EXPECT_THAT(members({pressed}), ElementsAre("a"));
  EXPECT_THAT(members({pressed}), ElementsAre("a"));
}

TEST_F(MembershipTest, LooksAgainAtTheEarliestOfAllInstants) {
  ASSERT_THAT(members({a(), NodeBuilder("b"), NodeBuilder("c"), NodeBuilder("d")}),
              ElementsAre("a", "b", "c", "d"));
  members({a().unknown(at(-50)), NodeBuilder("b").not_ready(at(-60)), NodeBuilder("c"),
           NodeBuilder("d"), NodeBuilder("e").ready(at(58))},
          at(0));
  EXPECT_EQ(last_.look_again, at(60));  // b leaves; e would join at 68, a leave at 70
}

// --- more nodes down than can be believed ---

class MassLoss : public MembershipTest, public ::testing::WithParamInterface<std::array<int, 2>> {
 protected:
  std::vector<NodeBuilder> nodes(int count, int down) {
    std::vector<NodeBuilder> result;
    for (int i = 0; i < count; ++i) {
      NodeBuilder node("node-" + std::to_string(i));
      if (i < down) i % 2 == 0 ? node.unknown(at(0)) : node.not_ready(at(0));
      result.push_back(node);
    }
    return result;
  }
};
// Of so many nodes, so many may be down before it is a mass loss: max(1, half).
INSTANTIATE_TEST_SUITE_P(Clusters, MassLoss,
                         ::testing::Values(std::array{1, 1}, std::array{2, 1}, std::array{3, 1},
                                           std::array{4, 2}, std::array{10, 5}));

TEST_P(MassLoss, BeginsWithMoreThanOneAndMoreThanHalf) {
  const auto [count, bearable] = GetParam();
  for (int down = 0; down <= count; ++down) {
    members(nodes(count, down));
    EXPECT_EQ(last_.mass_loss, down > bearable) << down << " of " << count;
  }
}

TEST_F(MassLoss, FreezesTheMembersUntilItIsOver) {
  ASSERT_EQ(members(nodes(4, 0)).size(), 4U);
  EXPECT_EQ(members(nodes(4, 3), at(1000)).size(), 4U);
  EXPECT_TRUE(last_.mass_loss);
  EXPECT_EQ(last_.look_again, std::nullopt);  // only a node that comes back changes anything
  EXPECT_EQ(last_.ready, 1);
}

// Nodes come back one by one: the first must not have the others given up at once.
TEST_F(MassLoss, GivesTheNodesThatAreStillDownTheirWholeTimeWhenItEnds) {
  ASSERT_EQ(members(nodes(4, 0)).size(), 4U);
  ASSERT_EQ(members(nodes(4, 3), at(1000)).size(), 4U);
  const Duration patience = hub_->spec.failover.replace_after;
  EXPECT_EQ(members(nodes(4, 2), at(1000)).size(), 4U);
  EXPECT_FALSE(last_.mass_loss);
  EXPECT_EQ(last_.look_again, at(1000) + patience);
  EXPECT_EQ(last_.node(NodeName("node-0"))->since, at(1000));
  EXPECT_EQ(members(nodes(4, 2), at(1000) + patience - Duration(1)).size(), 4U);
  EXPECT_EQ(members(nodes(4, 2), at(1000) + patience).size(), 2U);
}

// The operator was away while most nodes were: those that are Ready again tell of it.
TEST_F(MassLoss, IsKnownOfByAnOperatorThatStartsAfterIt) {
  holds_pods_ = true;
  started_ = false;
  std::vector<NodeBuilder> some = nodes(10, 4);  // down since 0
  for (int i = 4; i < 10; ++i) some[static_cast<size_t>(i)].ready(at(1000 + i));
  EXPECT_EQ(members(some, at(1010)).size(), 10U);
  EXPECT_FALSE(last_.mass_loss);
  // With node-9 and node-8 down as well there were six: it ended when node-8 came back.
  EXPECT_EQ(last_.node(NodeName("node-0"))->since, at(1008));
}

TEST_F(MassLoss, WasNoneWhereNodesCameBackBeforeTheOthersWentDown) {
  holds_pods_ = true;
  started_ = false;
  std::vector<NodeBuilder> some = nodes(10, 4);  // down since 0
  for (int i = 4; i < 10; ++i) some[static_cast<size_t>(i)].ready(at(-1000 + i));
  members(some, at(100));
  EXPECT_EQ(last_.node(NodeName("node-0"))->since, at(0));
}

TEST_F(MassLoss, CountsOnlyNodesThatMatch) {
  hub_->spec.nodes.selector.match_labels = {{"pool", "games"}};
  std::vector<NodeBuilder> all = nodes(6, 6);
  for (int i = 0; i < 3; ++i)
    all.push_back(NodeBuilder("g" + std::to_string(i)).label("pool", "games"));
  EXPECT_EQ(members(all).size(), 3U);
  EXPECT_FALSE(last_.mass_loss);
}

}  // namespace
}  // namespace processhub::plan
