// Weights and zones of the members, as the nodes' labels say.
#include <gmock/gmock.h>

#include "plan/frame.h"
#include "unit/plan/builders.h"

namespace processhub::plan {
namespace {

using ::testing::AllOf;
using testing::at;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::NodeBuilder;

class MembershipWeightsTest : public ::testing::Test {
 protected:
  Membership membership(const std::vector<NodeBuilder>& nodes) {
    std::vector<const kube::Node*> views;
    for (const NodeBuilder& builder : nodes) views.push_back(&builder.node);
    return next_membership({.hub = hub_->spec, .nodes = views, .now = at(0)});
  }
  int weight(const std::string& label) {
    hub_->spec.nodes.weight_label = "weight";
    return membership({NodeBuilder("a").label("weight", label)}).members[0].weight;
  }
  std::shared_ptr<api::ProcessHub> hub_ = testing::make_hub();
};

TEST_F(MembershipWeightsTest, WithoutAWeightLabelEveryNodeWeighs100) {
  EXPECT_EQ(membership({NodeBuilder("a").label("weight", "7")}).members[0].weight, 100);
  hub_->spec.nodes.weight_label = "weight";
  EXPECT_EQ(membership({NodeBuilder("a")}).members[0].weight, 100);
}

TEST_F(MembershipWeightsTest, TheLabelsIntegerIsTheWeight) {
  EXPECT_EQ(weight("1"), 1);
  EXPECT_EQ(weight("250"), 250);
  EXPECT_EQ(weight("10000"), 10'000);
}

TEST_F(MembershipWeightsTest, AWeightThatCannotBeUsedCountsAs100AndIsReported) {
  for (const char* text : {"", "0", "-5", "10001", "1.5", "12x", " 12", "99999999999999999999"}) {
    EXPECT_EQ(weight(text), 100) << text;
    const auto problems = membership({NodeBuilder("a").label("weight", text)}).problems;
    EXPECT_THAT(problems, ElementsAre(AllOf(HasSubstr("node a"), HasSubstr("label weight"),
                                            HasSubstr(std::string("\"") + text + "\""))));
  }
}

TEST_F(MembershipWeightsTest, ANodeOfAnotherHubsIsNotReported) {
  hub_->spec.nodes.weight_label = "weight";
  hub_->spec.nodes.selector.match_labels = {{"pool", "x"}};
  EXPECT_THAT(membership({NodeBuilder("a").label("weight", "bad")}).problems, IsEmpty());
}

TEST_F(MembershipWeightsTest, TheZoneIsTheLabelOfTheTopologyKey) {
  const auto zoned = NodeBuilder("a").label("topology.kubernetes.io/zone", "eu-1a");
  EXPECT_EQ(membership({zoned}).members[0].zone, "eu-1a");
  EXPECT_EQ(membership({NodeBuilder("a")}).members[0].zone, "");
  hub_->spec.distribution.consistent_hashing.topology_key = "rack";
  EXPECT_EQ(membership({zoned}).members[0].zone, "");
}

TEST(FrameTest, TheRingIsKeptWhileMembersAndSettingsAreTheSame) {
  const auto hub = testing::make_hub();
  const kube::Node node = NodeBuilder("a").node;
  const std::vector<const kube::Node*> nodes{&node};
  const auto members = [&] {
    return next_membership({.hub = hub->spec, .nodes = nodes, .now = at(0)});
  };
  const auto first = make_frame(hub, members(), nullptr);
  EXPECT_EQ(make_frame(hub, members(), first.get())->distribution, first->distribution);
  const auto other = testing::make_hub();
  other->spec.distribution.consistent_hashing.virtual_nodes = 64;
  EXPECT_NE(make_frame(other, members(), first.get())->distribution, first->distribution);
  EXPECT_NE(make_frame(hub, Membership{}, first.get())->distribution, first->distribution);
}

TEST(FrameTest, ClusterSizeFollowsTheMembers) {
  auto hub = testing::make_hub();
  hub->spec.redundancy = {.strategy = api::RedundancyStrategyKind::kReplication,
                          .replication = {.factor = std::nullopt}};
  Membership membership;
  for (const char* name : {"a", "b", "c"}) membership.members.push_back({.name = NodeName(name)});
  EXPECT_EQ(make_frame(hub, membership, nullptr)->redundancy->replication_factor(), 3);
}

}  // namespace
}  // namespace processhub::plan
