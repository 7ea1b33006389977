// How a pod gets to its node: by affinity, bound by the operator, or with its node from the start.
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "plan/child_plan.h"
#include "plan/child_status.h"
#include "plan/labels.h"
#include "plan/pod.h"
#include "unit/plan/builders.h"

namespace processhub::plan {
namespace {

using testing::at;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Situation;
using testing::told;

class PinningTest : public ::testing::Test {
 protected:
  void SetUp() override { now_.replicas(1); }

  std::vector<std::string> round() {
    plan_ = now_.plan();
    now_.store(plan_);
    return told(plan_, now_.child);
  }
  // The pod that the last plan makes, as the API server has it then: Pending, without a node.
  kube::Pod& made() {
    const auto& create = std::get<CreatePod>(plan_.actions.back());
    kube::Pod& pod = now_.pods.emplace_back(
        testing::pod_of(*create.body, "pod-" + std::to_string(now_.pods.size() + 10)));
    pod.meta.created = now_.now;
    pod.ready = false;
    pod.phase = "Pending";
    return pod;
  }
  [[nodiscard]] const api::Condition& placed() const {
    return testing::condition_of(plan_.status.conditions, kPlaced);
  }

  Situation now_{3};
  ChildPlan plan_;
};

class BindTest : public PinningTest {
 protected:
  void SetUp() override {
    PinningTest::SetUp();
    now_.hub->spec.pinning = api::Pinning::kBind;
    node_ = now_.ring_nodes()[0];
    EXPECT_THAT(round(), ElementsAre("create 0.1 on " + node_.str()));
  }
  NodeName node_;
};

TEST_F(PinningTest, ThePodSaysWhoBindsIt) {
  const PodIdentity identity{.child = now_.child, .node = NodeName("node-a"), .node_uid = {}};
  now_.plan();
  const auto spec = [&](api::Pinning pinning) {
    now_.pod_template.pinning = pinning;
    return build_pod(now_.frame(), now_.pod_template, identity).at("spec");
  };
  for (const auto pinning :
       {api::Pinning::kAffinity, api::Pinning::kBind, api::Pinning::kNodeName}) {
    EXPECT_EQ(
        testing::pod_of(build_pod(now_.frame(), now_.pod_template, identity), "u").pinned_node,
        NodeName("node-a"));
    const auto made = spec(pinning);
    EXPECT_EQ(made.contains("nodeName"), pinning == api::Pinning::kNodeName);
    EXPECT_EQ(made.value("schedulerName", "") == kSchedulerName, pinning == api::Pinning::kBind);
  }
}

TEST_F(BindTest, APodThatFitsIsBoundOnce) {
  kube::Pod& pod = made();
  EXPECT_THAT(round(), ElementsAre("bind 0.1 to " + node_.str()));
  now_.answers.bound.insert(pod.meta.uid);
  EXPECT_THAT(round(), IsEmpty());  // the caches do not know yet
  now_.answers = {};
  pod.node = node_;
  EXPECT_THAT(round(), IsEmpty());
}

TEST_F(BindTest, OneBehindAGateOrOfAnotherSchedulerIsNot) {
  kube::Pod& pod = made();
  pod.gates = {"example.com/wait"};
  EXPECT_THAT(round(), IsEmpty());
  pod.gates.clear();
  pod.scheduler = "default-scheduler";
  EXPECT_THAT(round(), IsEmpty());
}

TEST_F(BindTest, NothingIsBoundByAPausedHubOrToANodeThatIsDown) {
  made();
  now_.hub->spec.paused = true;
  EXPECT_THAT(round(), IsEmpty());
  now_.hub->spec.paused = false;
  now_.lose(node_, at(0));
  EXPECT_THAT(round(), IsEmpty());
}

TEST_F(BindTest, OneThatDoesNotFitWaitsThenGoesToTheNextNode) {
  now_.node(node_).taints = {
      {.key = "node.kubernetes.io/network-unavailable", .effect = "NoSchedule"}};
  made();
  EXPECT_THAT(round(), IsEmpty());
  EXPECT_EQ(plan_.look_again, at(30));
  now_.now = at(30);
  const NodeName next = now_.ring_nodes({node_})[0];
  EXPECT_THAT(round(), ElementsAre("status", "delete 0.1 Unschedulable"));
  ASSERT_EQ(plan_.status.excluded.size(), 1U);
  EXPECT_EQ(plan_.status.excluded[0].reason, "Spill");
  EXPECT_EQ(plan_.status.replicas.back().node, node_);
  now_.pods.clear();
  round();
  EXPECT_THAT(round(), ElementsAre("create 0.2 on " + next.str()));
}

TEST_F(BindTest, WithNowhereElseToGoItSaysWhatIsInTheWay) {
  for (kube::Node& node : now_.nodes) node.allocatable = {{"cpu", "1"}};
  now_.pod_template.json = std::make_shared<const nlohmann::json>(nlohmann::json::parse(
      R"({"spec":{"containers":[{"name":"a","resources":{"requests":{"cpu":"2"}}}]}})"));
  made();
  for (int tries = 0; tries < 10 && plan_.status.excluded.size() < 2; ++tries) {
    now_.now += std::chrono::seconds(31);
    if (round().empty()) continue;
    now_.pods.clear();
    round();
    if (round().empty()) continue;
    made();
  }
  now_.now += std::chrono::seconds(31);
  EXPECT_THAT(round(), IsEmpty());
  EXPECT_EQ(placed().reason, "Unschedulable");
  EXPECT_THAT(placed().message, HasSubstr("the pod requests more cpu than the node has (1)"));
}

// As after a start of the operator, which was away while the pod waited.
TEST_F(BindTest, WhileItsTemplateHasNotBeenTriedItIsNotTakenElsewhere) {
  made();
  now_.now = at(100);
  now_.pod_template.state = PodTemplate::State::kUnchecked;
  EXPECT_THAT(round(), IsEmpty());
  EXPECT_THAT(plan_.status.excluded, IsEmpty());
  now_.pod_template.state = PodTemplate::State::kValid;
  EXPECT_THAT(round(), ElementsAre("bind 0.1 to " + node_.str()));
}

TEST_F(BindTest, OneOfAnotherTemplateIsReplacedNotBound) {
  made();
  now_.pod_template = testing::make_template("rev2");
  EXPECT_THAT(round(), ElementsAre("delete 0.1 TemplateChanged"));
}

TEST_F(BindTest, TheNewPodOfAHotSwapIsBoundToo) {
  now_.hub->spec.migration.strategy = api::MigrationStrategyKind::kHotSwap;
  now_.settle();
  now_.pod_template = testing::make_template("rev2");
  round();
  EXPECT_THAT(round(), ElementsAre("create 0.2 on " + node_.str()));
  made();
  EXPECT_THAT(round(), ElementsAre("bind 0.2 to " + node_.str()));
}

// Past the scheduler it is the kubelet that refuses: the pod has failed, and its node stays named.
TEST_F(PinningTest, APodThatTheKubeletRefusesGoesToTheNextNodeAtOnce) {
  for (const auto pinning : {api::Pinning::kNodeName, api::Pinning::kBind}) {
    now_ = Situation(3);
    now_.replicas(1);
    now_.hub->spec.pinning = pinning;
    now_.settle();
    const NodeName node = now_.pods[0].node;
    now_.pods[0].ready = false;
    now_.pods[0].phase = "Failed";
    now_.pods[0].message = "OutOfcpu: Node didn't have enough resource: cpu";
    EXPECT_THAT(round(), ElementsAre("status", "delete 0.1 PodFailed"));
    EXPECT_EQ(plan_.status.excluded.at(0).node, node);
    now_.pods.clear();
    round();
    EXPECT_THAT(round(), ElementsAre("create 0.2 on " + now_.ring_nodes({node})[0].str()));
    made().node = now_.ring_nodes({node})[0];
    round();
    EXPECT_EQ(plan_.status.excluded.size(), 1U) << "it runs elsewhere: " << node.str();
  }
}

TEST_F(PinningTest, WithTheSchedulerAPodThatFailedIsMadeAgainWhereItWas) {
  now_.settle();
  now_.pods[0].ready = false;
  now_.pods[0].phase = "Failed";
  now_.now = at(10);
  EXPECT_THAT(round(), ElementsAre("delete 0.1 PodFailed"));
  EXPECT_THAT(plan_.status.excluded, IsEmpty());
}

TEST_F(PinningTest, ARefusedPodWithNowhereElseToGoIsTriedAgainLater) {
  now_ = Situation(1);
  now_.replicas(1);
  now_.hub->spec.pinning = api::Pinning::kNodeName;
  now_.settle();
  now_.pods[0].ready = false;
  now_.pods[0].phase = "Failed";
  now_.pods[0].message = "OutOfcpu";
  now_.pods[0].meta.created = at(0);
  EXPECT_THAT(round(), IsEmpty());
  EXPECT_EQ(placed().reason, "Unschedulable");
  EXPECT_EQ(plan_.look_again, at(10));
  now_.now = at(10);
  EXPECT_THAT(round(), ElementsAre("delete 0.1 PodFailed"));
}

}  // namespace
}  // namespace processhub::plan
