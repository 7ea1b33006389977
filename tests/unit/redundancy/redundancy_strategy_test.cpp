#include "redundancy/redundancy_strategy.h"

#include <gmock/gmock.h>

#include "redundancy/role.h"

namespace processhub::redundancy {
namespace {

using api::RedundancySpec;
using api::RedundancyStrategyKind;
using ::testing::IsEmpty;

const HubKey kHub{.ns = "default", .name = "hub"};
const std::vector<NodeName> kMembers{NodeName("a"), NodeName("b"), NodeName("c")};

RedundancySpec singularity() { return {.strategy = RedundancyStrategyKind::kSingularity}; }

RedundancySpec replication(std::optional<int> factor) {
  return {.strategy = RedundancyStrategyKind::kReplication, .replication = {.factor = factor}};
}

// What both strategies have in common while no replica has a role that could change.
class AnyStrategy : public ::testing::TestWithParam<RedundancySpec> {
 protected:
  AnyStrategy() { strategy_->init(kHub, kMembers); }
  std::unique_ptr<RedundancyStrategy> strategy_ = make_strategy(GetParam());
  const std::vector<Replica> replicas_{
      {.node = NodeName("a"), .pod = {.name = "x-0", .uid = Uid("1")}, .ready = true},
      {.node = NodeName("b"), .pod = {.name = "x-1", .uid = Uid("2")}, .ready = true}};
};
constexpr const char* kNames[] = {"Singularity", "Replication", "ClusterSize"};

INSTANTIATE_TEST_SUITE_P(Strategies, AnyStrategy,
                         ::testing::Values(singularity(), replication(2),
                                           replication(std::nullopt)),
                         [](const auto& info) { return kNames[info.index]; });

TEST_P(AnyStrategy, TheFirstNodeOfTheWalkIsTheMaster) {
  const std::vector<NodeName> nodes{NodeName("c"), NodeName("a")};
  EXPECT_EQ(strategy_->master_node(kHub, "orders", nodes), NodeName("c"));
}

TEST_P(AnyStrategy, ReplicasWithoutRolesAreToldNothing) {
  EXPECT_THAT(strategy_->handle_post_start(kHub, "orders", replicas_[0].pod, replicas_), IsEmpty());
  for (const auto kind : {NodeEvent::Kind::kUp, NodeEvent::Kind::kDown}) {
    EXPECT_THAT(strategy_->handle_post_update(kHub, "orders", kMembers,
                                              {.kind = kind, .node = NodeName("a")}, replicas_),
                IsEmpty());
  }
}

TEST(SingularityTest, AChildHasOneReplicaHoweverManyNodesThereAre) {
  const auto strategy = make_strategy(singularity());
  EXPECT_EQ(strategy->replication_factor(), 1);
  strategy->init(kHub, kMembers);
  EXPECT_EQ(strategy->replication_factor(), 1);
}

TEST(ReplicationTest, AChildHasAsManyReplicasAsItsFactorSaysAlsoWithFewerNodes) {
  const auto strategy = make_strategy(replication(5));
  EXPECT_EQ(strategy->replication_factor(), 5);
  strategy->init(kHub, kMembers);
  EXPECT_EQ(strategy->replication_factor(), 5);
}

TEST(ReplicationTest, ClusterSizeIsOneReplicaOnEveryMember) {
  const auto strategy = make_strategy(replication(std::nullopt));
  strategy->init(kHub, kMembers);
  EXPECT_EQ(strategy->replication_factor(), 3);
  strategy->init(kHub, std::vector{NodeName("a")});
  EXPECT_EQ(strategy->replication_factor(), 1);
}

TEST(ReplicationTest, ClusterSizeOfAHubWithoutMembersIsOne) {
  const auto strategy = make_strategy(replication(std::nullopt));
  EXPECT_EQ(strategy->replication_factor(), 1);
  strategy->init(kHub, {});
  EXPECT_EQ(strategy->replication_factor(), 1);
}

TEST(RoleTest, IsWrittenAsInTheLabel) {
  EXPECT_EQ(to_string(Role::kActive), "active");
  EXPECT_EQ(to_string(Role::kPassive), "passive");
  EXPECT_EQ(to_string(Role::kPeer), "peer");
}

}  // namespace
}  // namespace processhub::redundancy
