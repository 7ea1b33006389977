// With detection NodeLease a node is suspect whose Lease nobody renews.
#include "controller/node_detector.h"

#include "unit/controller/detector_fixture.h"

namespace processhub::controller {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class NodeDetectorTest : public DetectorTest {
 protected:
  NodeDetectorTest() {
    for (const char* name : {"node-a", "node-b"}) caches_.nodes.upsert(node(name, "10.0.0.1"));
  }

  static nlohmann::json lease(const std::string& name, const std::string& renew_time) {
    return {{"metadata", {{"name", name}, {"uid", name}, {"resourceVersion", "7"}}},
            {"spec", {{"renewTime", renew_time}}}};
  }
  void list(const std::map<std::string, std::string>& renew_times) {
    sink_.replace_begin();
    for (const auto& [name, time] : renew_times) {
      ASSERT_TRUE(sink_.replace_item(lease(name, time)));
    }
    sink_.replace_end(ResourceVersion("7"));
  }
  void renew(const std::string& name) {
    ASSERT_TRUE(sink_.upsert(lease(name, "renewed " + std::to_string(++renewals_))));
  }

  watch::ReflectorSink sink_ = detector_.lease_sink();
  int renewals_ = 0;
};

TEST_F(NodeDetectorTest, NothingIsWatchedOrProbedForAHubThatAsksForNodeReady) {
  const api::ProcessHub hub = *plan::testing::make_hub();
  detector_.use(hub);
  list({{"node-a", "1"}});
  executor_.advance(std::chrono::hours(1));
  EXPECT_EQ(watched_, 0);
  EXPECT_EQ(transport_.connects_seen(), 0);
  EXPECT_EQ(executor_.delayed(), 0U);
  EXPECT_FALSE(suspected(hub, "node-a"));
}

TEST_F(NodeDetectorTest, LeasesAreWatchedOnceTheFirstHubAsks) {
  EXPECT_EQ(watched_, 0);
  detector_.use(hub_with_lease("hub", seconds(20)));
  detector_.use(hub_with_lease("hub", seconds(20)));
  detector_.use(hub_with_lease("other", seconds(30)));
  EXPECT_EQ(watched_, 1);
}

TEST_F(NodeDetectorTest, SilentLeaseMakesItsNodeSuspectAtTheTimeoutAndNotBefore) {
  const auto hub = hub_with_lease("hub", seconds(20));
  detector_.use(hub);
  list({{"node-a", "a1"}, {"node-b", "b1"}});
  executor_.advance(seconds(10));
  renew("node-b");
  executor_.advance(seconds(10) - kMoment);
  EXPECT_FALSE(suspected(hub, "node-a"));
  EXPECT_THAT(told(), IsEmpty());
  executor_.advance(kMoment);
  const auto suspicion = detector_.suspected(hub, NodeName("node-a"));
  ASSERT_TRUE(suspicion);
  EXPECT_EQ(suspicion->stale_lease, "a1");
  EXPECT_FALSE(suspected(hub, "node-b"));
  EXPECT_THAT(told(), ElementsAre("hub"));

  executor_.advance(seconds(9));
  EXPECT_THAT(told(), IsEmpty());  // once is enough
  executor_.advance(seconds(1));
  EXPECT_TRUE(suspected(hub, "node-b"));
  EXPECT_THAT(told(), ElementsAre("hub"));
}

TEST_F(NodeDetectorTest, RenewedLeaseIsNeverSuspectAndEndsASuspicionAtOnce) {
  const auto hub = hub_with_lease("hub", seconds(20));
  detector_.use(hub);
  list({{"node-a", "a1"}});
  for (int i = 0; i < 20; ++i) {
    executor_.advance(seconds(20) - kMoment);
    renew("node-a");
    EXPECT_FALSE(suspected(hub, "node-a"));
  }
  EXPECT_THAT(told(), IsEmpty());
  executor_.advance(seconds(20));
  EXPECT_TRUE(suspected(hub, "node-a"));
  EXPECT_THAT(told(), ElementsAre("hub"));
  renew("node-a");
  EXPECT_FALSE(suspected(hub, "node-a"));
  EXPECT_THAT(told(), ElementsAre("hub"));
}

TEST_F(NodeDetectorTest, LeaseThatChangesInAllButItsRenewTimeIsNotRenewed) {
  const auto hub = hub_with_lease("hub", seconds(20));
  detector_.use(hub);
  list({{"node-a", "a1"}});
  executor_.advance(seconds(15));
  nlohmann::json object = lease("node-a", "a1");
  object["metadata"]["resourceVersion"] = "8";
  object["metadata"]["labels"] = {{"x", "y"}};
  ASSERT_TRUE(sink_.upsert(std::move(object)));
  executor_.advance(seconds(5));
  EXPECT_TRUE(suspected(hub, "node-a"));
}

TEST_F(NodeDetectorTest, NodeWithoutALeaseIsNotSuspect) {
  const auto hub = hub_with_lease("hub", seconds(20));
  detector_.use(hub);
  list({{"node-a", ""}});  // never renewed
  executor_.advance(seconds(60));
  EXPECT_FALSE(suspected(hub, "node-a"));
  EXPECT_FALSE(suspected(hub, "node-b"));
  EXPECT_THAT(told(), IsEmpty());

  renew("node-b");
  executor_.advance(seconds(20));
  EXPECT_TRUE(suspected(hub, "node-b"));
  told();
  sink_.remove(lease("node-b", "any"));
  EXPECT_FALSE(suspected(hub, "node-b"));
  EXPECT_THAT(told(), ElementsAre("hub"));
}

TEST_F(NodeDetectorTest, AgesBeginAnewAfterAList) {
  const auto hub = hub_with_lease("hub", seconds(20));
  detector_.use(hub);
  list({{"node-a", "a1"}, {"node-b", "b1"}});
  executor_.advance(seconds(10));
  renew("node-b");
  executor_.advance(seconds(10));
  EXPECT_TRUE(suspected(hub, "node-a"));
  told();
  list({{"node-a", "a1"}, {"node-b", "b1"}});
  EXPECT_FALSE(suspected(hub, "node-a"));
  EXPECT_THAT(told(), ElementsAre("hub"));
  executor_.advance(seconds(20) - kMoment);
  EXPECT_FALSE(suspected(hub, "node-a"));
  EXPECT_FALSE(suspected(hub, "node-b"));
  executor_.advance(kMoment);
  EXPECT_TRUE(suspected(hub, "node-a"));
  EXPECT_TRUE(suspected(hub, "node-b"));
}

TEST_F(NodeDetectorTest, NoAgeGrowsWhileTheWatchIsBrokenAndAllBeginAnewAfterIt) {
  const auto hub = hub_with_lease("hub", seconds(20));
  detector_.use(hub);
  list({{"node-a", "a1"}, {"node-b", "b1"}});
  executor_.advance(seconds(10));
  renew("node-b");
  executor_.advance(seconds(10));
  told();
  sink_.broken();
  executor_.advance(seconds(60));
  sink_.broken();
  EXPECT_TRUE(suspected(hub, "node-a"));  // as it was
  EXPECT_FALSE(suspected(hub, "node-b"));
  EXPECT_THAT(told(), IsEmpty());
  sink_.opened();
  EXPECT_FALSE(suspected(hub, "node-a"));
  EXPECT_THAT(told(), ElementsAre("hub"));
  executor_.advance(seconds(20) - kMoment);
  EXPECT_FALSE(suspected(hub, "node-b"));
  executor_.advance(kMoment);
  EXPECT_TRUE(suspected(hub, "node-a"));
  EXPECT_TRUE(suspected(hub, "node-b"));
}

TEST_F(NodeDetectorTest, WatchThatIsOpenedAgainAfterItsOrderlyEndChangesNothing) {
  const auto hub = hub_with_lease("hub", seconds(20));
  detector_.use(hub);
  list({{"node-a", "a1"}});
  sink_.opened();
  executor_.advance(seconds(15));
  sink_.opened();
  executor_.advance(seconds(5));
  EXPECT_TRUE(suspected(hub, "node-a"));
}

TEST_F(NodeDetectorTest, EachHubHasItsOwnTimeout) {
  const auto fast = hub_with_lease("fast", seconds(15));
  const auto slow = hub_with_lease("slow", seconds(40));
  const auto same = hub_with_lease("same", seconds(40));
  for (const auto& hub : {fast, slow, same}) detector_.use(hub);
  list({{"node-a", "a1"}});
  executor_.advance(seconds(15));
  EXPECT_TRUE(suspected(fast, "node-a"));
  EXPECT_FALSE(suspected(slow, "node-a"));
  EXPECT_THAT(told(), ElementsAre("fast"));
  executor_.advance(seconds(25) - kMoment);
  EXPECT_FALSE(suspected(slow, "node-a"));
  executor_.advance(kMoment);
  EXPECT_TRUE(suspected(slow, "node-a"));
  EXPECT_THAT(told(), UnorderedElementsAre("slow", "same"));
  renew("node-a");
  EXPECT_THAT(told(), UnorderedElementsAre("fast", "slow", "same"));
}

TEST_F(NodeDetectorTest, OnlyHubsWhoseSelectorMatchesAreTold) {
  auto hub = hub_with_lease("hub", seconds(20));
  hub.spec.nodes.selector.match_labels = {{"pool", "workers"}};
  detector_.use(hub);
  detector_.use(hub_with_lease("all", seconds(20)));
  list({{"node-a", "a1"}});
  executor_.advance(seconds(20));
  EXPECT_THAT(told(), ElementsAre("all"));
}

TEST_F(NodeDetectorTest, ChangedTimeoutCountsAtOnce) {
  auto hub = hub_with_lease("hub", seconds(60));
  detector_.use(hub);
  list({{"node-a", "a1"}});
  executor_.advance(seconds(30));
  hub.spec.failover.node_lease.timeout = seconds(20);
  detector_.use(hub);
  EXPECT_TRUE(suspected(hub, "node-a"));
  hub.spec.failover.node_lease.timeout = seconds(40);
  detector_.use(hub);
  EXPECT_FALSE(suspected(hub, "node-a"));
  executor_.advance(seconds(10));
  EXPECT_TRUE(suspected(hub, "node-a"));
  EXPECT_THAT(told(), ElementsAre("hub"));
}

TEST_F(NodeDetectorTest, ForgottenHubIsNotToldAndNoTimerStays) {
  const auto hub = hub_with_lease("hub", seconds(20));
  const auto other = hub_with_lease("other", seconds(30));
  detector_.use(hub);
  detector_.use(other);
  list({{"node-a", "a1"}});
  detector_.forget(hub.key());
  executor_.advance(seconds(30));
  EXPECT_THAT(told(), ElementsAre("other"));
  EXPECT_FALSE(suspected(hub, "node-a"));
  renew("node-a");
  detector_.forget_all();
  EXPECT_EQ(executor_.delayed(), 0U);
  EXPECT_FALSE(suspected(other, "node-a"));
  // One that leads again knows how old they are, for it has watched on.
  executor_.advance(seconds(30));
  detector_.use(other);
  EXPECT_TRUE(suspected(other, "node-a"));
  EXPECT_EQ(watched_, 1);
}

TEST_F(NodeDetectorTest, OneTimerIsEnoughForManyNodes) {
  detector_.use(hub_with_lease("hub", seconds(20)));
  detector_.use(hub_with_lease("other", seconds(30)));
  std::map<std::string, std::string> all;
  for (int i = 0; i < 1000; ++i) all["node-" + std::to_string(i)] = "1";
  list(all);
  EXPECT_EQ(executor_.delayed(), 1U);
  executor_.advance(seconds(5));
  renew("node-7");
  EXPECT_EQ(executor_.delayed(), 1U);
}

}  // namespace
}  // namespace processhub::controller
