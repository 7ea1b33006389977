#include "redundancy/redundancy_strategy.h"

#include <gmock/gmock.h>

#include "redundancy/role.h"

namespace processhub::redundancy {
namespace {

using api::RedundancySpec;
using api::RedundancyStrategyKind;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const HubKey kHub{.ns = "default", .name = "hub"};
const std::vector<NodeName> kMembers{NodeName("a"), NodeName("b"), NodeName("c")};

RedundancySpec singularity() { return {.strategy = RedundancyStrategyKind::kSingularity}; }

RedundancySpec replication(std::optional<int> factor) {
  return {.strategy = RedundancyStrategyKind::kReplication, .replication = {.factor = factor}};
}

RedundancySpec active_passive(api::SignalTo signal = api::SignalTo::kNone) {
  return {.strategy = RedundancyStrategyKind::kReplication,
          .replication = {
              .factor = 2, .model = api::ReplicationModel::kActivePassive, .signal = signal}};
}

// What all strategies have in common.
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

TEST(RoleAtBirth, IsNeverActive) {
  EXPECT_EQ(role_at_birth(*make_strategy(singularity()), kHub, "orders"), Role::kPassive);
  EXPECT_EQ(role_at_birth(*make_strategy(active_passive()), kHub, "orders"), Role::kPassive);
  EXPECT_EQ(role_at_birth(*make_strategy(replication(2)), kHub, "orders"), Role::kPeer);
}

// Two replicas, in walk order.
class ActivePassiveTest : public ::testing::Test {
 protected:
  using Kind = NodeEvent::Kind;
  std::vector<RoleSignal> down(const NodeName& node) {
    return strategy_->handle_post_update(kHub, "orders", kMembers,
                                         {.kind = Kind::kDown, .node = node}, replicas_);
  }
  std::unique_ptr<RedundancyStrategy> strategy_ = make_strategy(active_passive());
  std::vector<Replica> replicas_{
      {.node = NodeName("a"), .pod = {.name = "x-0", .uid = Uid("1")}, .ready = true},
      {.node = NodeName("b"), .pod = {.name = "x-1", .uid = Uid("2")}, .ready = true}};
};

TEST_F(ActivePassiveTest, TheFirstThatIsReadyLeads) {
  replicas_[0].ready = false;
  EXPECT_THAT(strategy_->handle_post_start(kHub, "orders", replicas_[0].pod, replicas_),
              ElementsAre(RoleSignal{replicas_[0].pod, Role::kPassive}));
  EXPECT_THAT(strategy_->handle_post_start(kHub, "orders", replicas_[1].pod, replicas_),
              ElementsAre(RoleSignal{replicas_[1].pod, Role::kActive}));
}

TEST_F(ActivePassiveTest, WhileSomebodyLeadsWhoStartsIsPassive) {
  replicas_[1].active = true;
  EXPECT_THAT(strategy_->handle_post_start(kHub, "orders", replicas_[0].pod, replicas_),
              ElementsAre(RoleSignal{replicas_[0].pod, Role::kPassive}));
  EXPECT_THAT(strategy_->handle_post_start(kHub, "orders", replicas_[1].pod, replicas_),
              ElementsAre(RoleSignal{replicas_[1].pod, Role::kActive}));
}

TEST_F(ActivePassiveTest, TheActingMasterStaysAlsoWhereAnotherIsPreferred) {
  replicas_[1].active = true;
  EXPECT_THAT(down(NodeName("c")), IsEmpty());
}

TEST_F(ActivePassiveTest, WhenItCannotLeadThePreferredOfThoseThatCanDoes) {
  replicas_[0].active = true;
  replicas_[0].ready = false;
  replicas_.push_back(
      {.node = NodeName("c"), .pod = {.name = "x-2", .uid = Uid("3")}, .ready = true});
  EXPECT_THAT(down(NodeName("a")), ElementsAre(RoleSignal{replicas_[0].pod, Role::kPassive},
                                               RoleSignal{replicas_[1].pod, Role::kActive},
                                               RoleSignal{replicas_[2].pod, Role::kPassive}));
}

TEST_F(ActivePassiveTest, WhereNobodyCanLeadNobodyIsTold) {
  for (Replica& replica : replicas_) replica.ready = false;
  EXPECT_THAT(down(NodeName("a")), IsEmpty());
}

TEST(PeersTest, SignalSaysWhichOfThemAreTold) {
  const std::vector<Replica> replicas{
      {.node = NodeName("a"), .pod = {.name = "x-0", .uid = Uid("1")}, .ready = true},
      {.node = NodeName("b"), .pod = {.name = "x-1", .uid = Uid("2")}, .ready = true}};
  const auto told = [&](api::SignalTo signal) {
    RedundancySpec spec = replication(2);
    spec.replication.signal = signal;
    return make_strategy(spec)->handle_post_update(kHub, "orders", kMembers, {}, replicas);
  };
  const RoleSignal master{replicas[0].pod, Role::kPeer};
  const RoleSignal other{replicas[1].pod, Role::kPeer};
  EXPECT_THAT(told(api::SignalTo::kNone), IsEmpty());
  EXPECT_THAT(told(api::SignalTo::kActive), ElementsAre(master));
  EXPECT_THAT(told(api::SignalTo::kPassive), ElementsAre(other));
  EXPECT_THAT(told(api::SignalTo::kAll), ElementsAre(master, other));
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

TEST(RoleTest, WithItsEpochItIsReadBackAsItWasWritten) {
  const RoleAt role{Role::kActive, 1767355201};
  EXPECT_EQ(to_text(role), "active 1767355201");
  EXPECT_EQ(parse_role("active 1767355201"), role);
  for (const char* text : {"", "active", "active ", "active x", "active 7 ", "active -7",
                           "leader 7", "active 99999999999999999999", " 7"}) {
    EXPECT_EQ(parse_role(text), std::nullopt) << text;
  }
}

TEST(RoleTest, IsWrittenAsInTheLabel) {
  EXPECT_EQ(to_string(Role::kActive), "active");
  EXPECT_EQ(to_string(Role::kPassive), "passive");
  EXPECT_EQ(to_string(Role::kPeer), "peer");
}

}  // namespace
}  // namespace processhub::redundancy
