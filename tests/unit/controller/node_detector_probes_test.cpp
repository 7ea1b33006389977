// With detection NodeProbe a node is suspect whose kubelet cannot be connected to.
#include <algorithm>
#include <map>

#include "unit/controller/detector_fixture.h"

namespace processhub::controller {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class NodeDetectorProbesTest : public DetectorTest {
 protected:
  static constexpr const char* kA = "10.0.0.1";
  static constexpr const char* kB = "10.0.0.2";

  NodeDetectorProbesTest() {
    caches_.nodes.upsert(node("node-a", kA, {{"pool", "one"}}));
    caches_.nodes.upsert(node("node-b", kB, {{"pool", "two"}}));
  }

  [[nodiscard]] int probes_of(const std::string& address) const {
    const auto& all = transport_.connects();
    return static_cast<int>(std::count_if(all.begin(), all.end(),
                                          [&](const auto& one) { return one.address == address; }));
  }
  // Until just after the next probe of that address has begun; how long that took.
  Duration next_probe_of(const std::string& address) {
    const SteadyTime before = clock_.steady_now();
    const int probes = probes_of(address);
    EXPECT_TRUE(executor_.advance_until([&] { return probes_of(address) > probes; }, seconds(600)));
    EXPECT_EQ(probes_of(address), probes + 1);
    return clock_.steady_now() - before;
  }
};

TEST_F(NodeDetectorProbesTest, KubeletsPortIsTriedOnceAPeriodAndBeginsWithinTheFirst) {
  kube::Node other = node("node-b", kB);
  other.kubelet_port = 10251;
  caches_.nodes.upsert(other);
  const auto hub = hub_with_probe("hub", seconds(5), 3);
  detector_.use(hub);
  EXPECT_LE(next_probe_of(kA), seconds(5));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(next_probe_of(kA), seconds(5));
  for (const auto& connect : transport_.connects()) {
    EXPECT_EQ(connect.port, connect.address == kA ? 10250 : 10251);
    EXPECT_EQ(connect.deadline, seconds(1));
  }
  EXPECT_EQ(watched_, 0);
  EXPECT_FALSE(suspected(hub, "node-a"));
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(NodeDetectorProbesTest, NodeIsSuspectAfterSoManyFailuresInARow) {
  const auto hub = hub_with_probe("hub", seconds(1), 3);
  detector_.use(hub);
  next_probe_of(kA);
  transport_.refuse({kA});
  for (int i = 0; i < 2; ++i) {
    next_probe_of(kA);
    executor_.settle();
    EXPECT_FALSE(suspected(hub, "node-a"));
  }
  EXPECT_THAT(told(), IsEmpty());
  next_probe_of(kA);
  executor_.settle();
  EXPECT_TRUE(suspected(hub, "node-a"));
  EXPECT_EQ(detector_.suspected(hub, NodeName("node-a"))->stale_lease, "");
  EXPECT_FALSE(suspected(hub, "node-b"));
  EXPECT_THAT(told(), ElementsAre("hub"));
  next_probe_of(kA);
  executor_.settle();
  EXPECT_THAT(told(), IsEmpty());  // once is enough

  transport_.refuse({});
  next_probe_of(kA);
  executor_.settle();
  EXPECT_FALSE(suspected(hub, "node-a"));
  EXPECT_THAT(told(), ElementsAre("hub"));
}

TEST_F(NodeDetectorProbesTest, SuccessInBetweenBeginsTheCountAnew) {
  const auto hub = hub_with_probe("hub", seconds(1), 3);
  detector_.use(hub);
  for (int i = 0; i < 10; ++i) {
    transport_.refuse({kA});
    next_probe_of(kA);
    next_probe_of(kA);
    transport_.refuse({});
    next_probe_of(kA);
    executor_.settle();
    EXPECT_FALSE(suspected(hub, "node-a"));
  }
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(NodeDetectorProbesTest, SilenceTakesAsLongAsTheDeadlineAndNoTwoProbesOverlap) {
  const auto hub = hub_with_probe("hub", seconds(1), 3);
  detector_.use(hub);
  transport_.silence({kA});
  next_probe_of(kA);
  const SteadyTime first = clock_.steady_now();
  while (!suspected(hub, "node-a")) {
    ASSERT_LT(clock_.steady_now(), first + seconds(10));
    executor_.advance(milliseconds(100));
    // Each ends when the next one is due.
    EXPECT_LE(probes_of(kA), 1 + (clock_.steady_now() - first) / seconds(1));
  }
  EXPECT_EQ(clock_.steady_now(), first + seconds(3));
}

TEST_F(NodeDetectorProbesTest, ProbesOfANewNodeOfTheNameWaitForTheOldOnes) {
  detector_.use(hub_with_probe("hub", seconds(1), 3));
  transport_.silence({kA});
  next_probe_of(kA);
  const SteadyTime first = clock_.steady_now();
  remove_node("node-a");
  caches_.nodes.upsert(node("node-a", "10.0.0.9"));
  next_probe_of("10.0.0.9");
  EXPECT_EQ(clock_.steady_now(), first + seconds(1));
}

TEST_F(NodeDetectorProbesTest, EachHubHasItsOwnThresholdAndPeriodAndTheSmallestPeriodCounts) {
  const auto fast = hub_with_probe("fast", seconds(1), 2);
  const auto slow = hub_with_probe("slow", seconds(10), 3);
  detector_.use(slow);
  detector_.use(fast);
  transport_.refuse({kA});
  next_probe_of(kA);
  const SteadyTime first = clock_.steady_now();
  executor_.advance(seconds(1));
  EXPECT_EQ(probes_of(kA), 2);
  EXPECT_TRUE(suspected(fast, "node-a"));
  EXPECT_THAT(told(), ElementsAre("fast"));
  // 3 failures are there after 2 s, but this hub wants them over 20 s.
  executor_.advance(first + seconds(20) - kMoment - clock_.steady_now());
  EXPECT_FALSE(suspected(slow, "node-a"));
  EXPECT_THAT(told(), IsEmpty());
  executor_.advance(kMoment);
  EXPECT_TRUE(suspected(slow, "node-a"));
  EXPECT_THAT(told(), ElementsAre("slow"));
  EXPECT_EQ(probes_of(kA), 21);
}

TEST_F(NodeDetectorProbesTest, OnlyNodesThatSuchAHubMatchesAreProbed) {
  auto one = hub_with_probe("one", seconds(1), 3);
  one.spec.nodes.selector.match_labels = {{"pool", "one"}};
  auto two = hub_with_lease("two", seconds(20));
  two.spec.nodes.selector.match_labels = {{"pool", "two"}};
  detector_.use(one);
  detector_.use(two);
  executor_.advance(seconds(10));
  EXPECT_EQ(probes_of(kA), 10);
  EXPECT_EQ(probes_of(kB), 0);

  // A node comes to match, and one no longer does.
  caches_.nodes.upsert(node("node-a", kA, {{"pool", "two"}}));
  caches_.nodes.upsert(node("node-b", kB, {{"pool", "one"}}));
  executor_.advance(seconds(10));
  EXPECT_EQ(probes_of(kA), 10);
  EXPECT_EQ(probes_of(kB), 10);
}

TEST_F(NodeDetectorProbesTest, NodeWithoutAnAddressIsNotProbed) {
  caches_.nodes.upsert(node("node-a", ""));
  caches_.nodes.upsert(node("node-c", ""));
  const auto hub = hub_with_probe("hub", seconds(1), 1);
  detector_.use(hub);
  executor_.advance(seconds(10));
  EXPECT_EQ(transport_.connects_seen(), probes_of(kB));
  EXPECT_FALSE(suspected(hub, "node-a"));
  caches_.nodes.upsert(node("node-c", "10.0.0.3"));
  executor_.advance(seconds(10));
  EXPECT_EQ(probes_of("10.0.0.3"), 10);
}

TEST_F(NodeDetectorProbesTest, OtherAddressBeginsTheCountAnew) {
  const auto hub = hub_with_probe("hub", seconds(1), 2);
  detector_.use(hub);
  transport_.refuse({kA});
  executor_.advance(seconds(5));
  EXPECT_TRUE(suspected(hub, "node-a"));
  caches_.nodes.upsert(node("node-a", "10.0.0.9"));
  EXPECT_FALSE(suspected(hub, "node-a"));
  const int before = probes_of(kA);
  executor_.advance(seconds(5));
  EXPECT_EQ(probes_of(kA), before);
  EXPECT_EQ(probes_of("10.0.0.9"), 5);
}

TEST_F(NodeDetectorProbesTest, AnswerOfTheOldAddressDoesNotCountForTheNewOne) {
  const auto hub = hub_with_probe("hub", seconds(1), 1);
  detector_.use(hub);
  transport_.silence({kA});
  next_probe_of(kA);
  caches_.nodes.upsert(node("node-a", "10.0.0.9"));
  next_probe_of("10.0.0.9");
  executor_.settle();
  EXPECT_FALSE(suspected(hub, "node-a"));
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(NodeDetectorProbesTest, NodeThatIsGoneIsNotProbed) {
  const auto hub = hub_with_probe("hub", seconds(1), 1);
  detector_.use(hub);
  transport_.refuse({kA});
  executor_.advance(seconds(2));
  EXPECT_TRUE(suspected(hub, "node-a"));
  remove_node("node-a");
  EXPECT_FALSE(suspected(hub, "node-a"));
  const int before = probes_of(kA);
  executor_.advance(seconds(10));
  EXPECT_EQ(probes_of(kA), before);

  kube::Node leaving = node("node-b", kB);
  leaving.meta.deleted = clock_.wall_now();
  caches_.nodes.upsert(leaving);
  const int seen = transport_.connects_seen();
  executor_.advance(seconds(10));
  EXPECT_EQ(transport_.connects_seen(), seen);
}

TEST_F(NodeDetectorProbesTest, WithLeadershipLostNothingIsProbedAndTheCountBeginsAnew) {
  const auto hub = hub_with_probe("hub", seconds(1), 2);
  detector_.use(hub);
  transport_.refuse({kA});
  executor_.advance(seconds(5));
  EXPECT_TRUE(suspected(hub, "node-a"));
  detector_.forget_all();
  const int seen = transport_.connects_seen();
  executor_.advance(seconds(10));
  EXPECT_EQ(transport_.connects_seen(), seen);
  EXPECT_EQ(executor_.delayed(), 0U);
  EXPECT_FALSE(suspected(hub, "node-a"));

  detector_.use(hub);
  next_probe_of(kA);
  executor_.settle();
  EXPECT_FALSE(suspected(hub, "node-a"));
  executor_.advance(seconds(1));
  EXPECT_TRUE(suspected(hub, "node-a"));
}

TEST_F(NodeDetectorProbesTest, NothingIsProbedOnceNoHubWantsIt) {
  auto hub = hub_with_probe("hub", seconds(1), 3);
  const auto other = hub_with_probe("other", seconds(1), 3);
  detector_.use(hub);
  detector_.use(other);
  executor_.advance(seconds(10));
  EXPECT_EQ(probes_of(kA), 10);  // not once for each
  hub.spec.failover.detection = api::Detection::kNodeReady;
  detector_.use(hub);
  executor_.advance(seconds(10));
  EXPECT_EQ(probes_of(kA), 20);
  detector_.forget(other.key());
  executor_.advance(seconds(10));
  EXPECT_EQ(probes_of(kA), 20);
  EXPECT_EQ(executor_.delayed(), 0U);
}

TEST_F(NodeDetectorProbesTest, PeriodFollowsTheHubsThatAreLeft) {
  auto hub = hub_with_probe("hub", seconds(1), 3);
  const auto slow = hub_with_probe("slow", seconds(10), 3);
  detector_.use(hub);
  detector_.use(slow);
  next_probe_of(kA);
  EXPECT_EQ(next_probe_of(kA), seconds(1));
  hub.spec.failover.node_probe.period = seconds(4);
  detector_.use(hub);
  EXPECT_EQ(next_probe_of(kA), seconds(4));
  EXPECT_EQ(next_probe_of(kA), seconds(4));
  detector_.forget(hub.key());
  EXPECT_EQ(next_probe_of(kA), seconds(10));
  detector_.use(hub);
  EXPECT_EQ(next_probe_of(kA), seconds(4));
}

TEST_F(NodeDetectorProbesTest, ShorterPeriodDoesNotMakeAllNodesBeProbedAtOnce) {
  for (int i = 0; i < 1000; ++i) {
    caches_.nodes.upsert(node("n" + std::to_string(i), "10.1.0." + std::to_string(i)));
  }
  const auto most_in_a_tenth = [&](Duration period) {
    int most = 0;
    for (int i = 0; i < 10; ++i) {
      const int before = transport_.connects_seen();
      executor_.advance(period / 10);
      most = std::max(most, transport_.connects_seen() - before);
    }
    return most;
  };
  auto hub = hub_with_probe("hub", seconds(60), 3);
  detector_.use(hub);
  EXPECT_LT(most_in_a_tenth(seconds(60)), 200);
  EXPECT_LT(most_in_a_tenth(seconds(60)), 200);
  hub.spec.failover.node_probe.period = seconds(1);
  detector_.use(hub);
  EXPECT_LT(most_in_a_tenth(seconds(1)), 200);
}

TEST_F(NodeDetectorProbesTest, WhatThisMachineLacksSaysNothingOfTheNodes) {
  const auto hub = hub_with_probe("hub", seconds(1), 2);
  detector_.use(hub);
  transport_.connect_with(fail(ErrorKind::kIo, "too many open files"));
  executor_.advance(seconds(30));
  EXPECT_FALSE(suspected(hub, "node-a"));
  EXPECT_EQ(probes_of(kA), 30);
  transport_.connect_with(fail(ErrorKind::kTimeout, "no answer"));
  executor_.advance(seconds(3));
  EXPECT_TRUE(suspected(hub, "node-a"));
  // Nor does it end a suspicion.
  transport_.connect_with(fail(ErrorKind::kIo, "too many open files"));
  executor_.advance(seconds(30));
  EXPECT_TRUE(suspected(hub, "node-a"));
}

}  // namespace
}  // namespace processhub::controller
