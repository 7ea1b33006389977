// Nodes are measured for hubs that balance loads: by what pods request and what is used.
#include "controller/node_scores.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "support/fake_executor.h"
#include "support/scripted_transport.h"

#include "unit/plan/builders.h"

namespace processhub::controller {
namespace {

using ::testing::DoubleEq;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int64_t kGi = int64_t{1} << 30;

class NodeScoresTest : public ::testing::Test {
 protected:
  NodeScoresTest() {
    hub_->spec.distribution.strategy = api::DistributionStrategyKind::kCentralizedLoadBalancer;
    hub_->spec.distribution.centralized_load_balancer.weight_decay_factor = 0.5;
    hub_->spec.pod_template = std::make_shared<const nlohmann::json>(nlohmann::json::parse(
        R"({"spec": {"containers": [{"resources": {"requests": {"cpu": "1", "memory": "1Gi"}}}]}})"));
    add_node("big", "10", "100Gi");
    add_node("small", "4", "8Gi");
  }
  void add_node(const std::string& name, const std::string& cpu, const std::string& memory) {
    kube::Node node = plan::testing::NodeBuilder(name).node;
    node.allocatable = {{"cpu", cpu}, {"memory", memory}};
    caches_.nodes.upsert(node);
  }
  void add_pod(const std::string& name, const std::string& node, int64_t cpu, int64_t memory,
               bool ended = false) {
    caches_.pod_loads.upsert({.meta = {.ns = "default", .name = name},
                              .node = NodeName(node),
                              .requests = {.cpu_milli = cpu, .memory = memory},
                              .ended = ended});
  }
  void sync() {
    caches_.pod_loads.replace_begin();
    for (const auto& [key, pod] : std::map(caches_.pod_loads.all())) {
      caches_.pod_loads.replace_item(*pod);
    }
    caches_.pod_loads.replace_end(ResourceVersion("1"));
    executor_.settle();
  }
  void answer(int code, const std::string& body = "{}") {
    const auto request = transport_.request();
    EXPECT_TRUE(request->path().starts_with("/apis/metrics.k8s.io/v1beta1/nodes"));
    request->answer(code, body);
    executor_.settle();
  }
  static std::string use(const std::string& small_cpu) {
    return R"({"metadata": {}, "items": [{"metadata": {"name": "small"}, "usage": {"cpu": ")" +
           small_cpu + R"(", "memory": "1Gi"}}]})";
  }
  double score(const std::string& node) { return scores_.of(*hub_)->at(NodeName(node)).score; }

  std::shared_ptr<api::ProcessHub> hub_ = plan::testing::make_hub();
  testing::FakeClock clock_;
  testing::FakeExecutor executor_{clock_};
  testing::ScriptedTransport transport_{executor_};
  kube::Client client_{transport_, executor_, kube::unguarded()};
  Caches caches_;
  int watched_ = 0;
  std::vector<std::string> changed_;
  NodeScores scores_{client_, executor_, caches_, [this] { ++watched_; },
                     [this](const HubKey& hub) { changed_.push_back(hub.name); }};
};

TEST_F(NodeScoresTest, PodsAreWatchedOnceAHubAsksAndScoredOnceTheyAreKnown) {
  EXPECT_EQ(scores_.of(*hub_), std::nullopt);
  EXPECT_EQ(scores_.of(*hub_), std::nullopt);
  EXPECT_EQ(watched_, 1);
  EXPECT_EQ(transport_.requests_waiting(), 0U);
  sync();
  EXPECT_THAT(changed_, ElementsAre("hub"));  // by what is requested: the use may take its time
  EXPECT_NE(scores_.of(*hub_), std::nullopt);
  answer(404);
  EXPECT_THAT(changed_, ElementsAre("hub"));
}

TEST_F(NodeScoresTest, WithoutMetricsAScoreIsTheGreaterPartThatIsRequested) {
  add_pod("a", "small", 1000, kGi);            // cpu 1/4
  add_pod("b", "small", 500, 3 * kGi);         // memory 4/8 in all
  add_pod("c", "small", 2000, 4 * kGi, true);  // ended
  add_pod("d", "", 2000, 4 * kGi);             // not bound yet
  add_pod("e", "big", 0, 0);                   // asks nothing: 100 thousandths, 200 Mi
  static_cast<void>(scores_.of(*hub_));
  sync();
  answer(404);
  EXPECT_THAT(score("small"), DoubleEq(0.5));
  EXPECT_THAT(score("big"), DoubleEq(0.01));
  EXPECT_THAT(scores_.of(*hub_)->at(NodeName("small")).ask, DoubleEq(0.25));  // cpu 1 of 4
  EXPECT_THAT(scores_.of(*hub_)->at(NodeName("big")).ask, DoubleEq(0.1));
}

TEST_F(NodeScoresTest, ItIsTheMeanOfThatAndOfWhatIsUsedLatelyWhereThatIsServed) {
  add_pod("a", "small", 1000, kGi);
  static_cast<void>(scores_.of(*hub_));
  sync();
  answer(200, use("2"));  // 1/2
  EXPECT_THAT(score("small"), DoubleEq((0.25 + 0.5) / 2));
  executor_.advance(std::chrono::seconds(10));
  answer(200, use("4"));  // 1; the one before weighs half
  EXPECT_THAT(score("small"), DoubleEq((0.25 + (1 + 0.5 * 0.5) / 1.5) / 2));
}

TEST_F(NodeScoresTest, TheyAreMeasuredAnewInEachIntervalAndToldWhereTheyDiffer) {
  static_cast<void>(scores_.of(*hub_));
  sync();
  answer(404);
  changed_.clear();
  executor_.advance(std::chrono::seconds(10));
  answer(404);
  EXPECT_THAT(changed_, IsEmpty());
  add_pod("a", "small", 1000, kGi);
  executor_.advance(std::chrono::seconds(10));
  answer(503);
  EXPECT_THAT(changed_, ElementsAre("hub"));
}

TEST_F(NodeScoresTest, AHubThatIsForgottenIsMeasuredNoMore) {
  static_cast<void>(scores_.of(*hub_));
  sync();
  changed_.clear();
  scores_.forget(hub_->key());
  answer(404);
  EXPECT_THAT(changed_, IsEmpty());
  executor_.advance(std::chrono::seconds(60));
  EXPECT_EQ(transport_.requests_waiting(), 0U);
}

TEST_F(NodeScoresTest, ANodeThatOffersNothingIsFull) {
  add_node("odd", "nonsense", "1Gi");
  static_cast<void>(scores_.of(*hub_));
  sync();
  answer(404);
  EXPECT_THAT(score("odd"), DoubleEq(1));
}

}  // namespace
}  // namespace processhub::controller
