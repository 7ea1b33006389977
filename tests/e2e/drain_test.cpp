// `kubectl drain`: evictions wait until the operator has moved the children away.
#include <gmock/gmock.h>

#include "e2e/support/roles.h"

namespace processhub::e2e {
namespace {

using ::testing::HasSubstr;

class Drain : public WithRoles {
 protected:
  void given(const NodeSet& nodes, const std::vector<std::string>& children,
             json spec = json::object()) const {
    json hub = {{"migration",
                 {{"strategy", "HotSwap"},
                  {"maxConcurrent", "50%"},
                  {"hotSwap", {{"retentionSeconds", 0}}}}}};
    hub.merge_patch(spec);
    given_hub("workers", nodes, hub);
    given_children("workers", children);
    eventually_placed({.children = children, .nodes = nodes.names()});
  }
  static Output drain(const std::string& node, const std::string& limit) {
    return kubectl({"drain", node, "--ignore-daemonsets", "--delete-emptydir-data", "--force",
                    "--timeout=" + limit});
  }
  std::string on_node(const std::string& node) const {
    for (const auto& [child, pods] : pods_of("workers")) {
      for (const PodView& pod : pods) {
        if (pod.node == node) return pod.name;
      }
    }
    return "";
  }
};

TEST_F(Drain, ByKubectlLeavesNoChildWithoutAPod) {
  const NodeSet nodes(4);
  const auto children = names("tenant", 24);
  given(nodes, children);
  eventually_hub_says("workers", "DisruptionHold", "True/Held");
  const std::string node = node_of("tenant-1");

  const Output drained = drain(node, "110s");
  EXPECT_EQ(drained.code, 0) << drained.out << drained.err;
  EXPECT_TRUE(wait_until([&] { return on_node(node).empty(); })) << on_node(node);
  eventually_placed({.children = children, .nodes = nodes.all_but({node})});
  for (const std::string& child : children) {
    EXPECT_GE(fewest_serving(child, 1), 1) << child;
    EXPECT_LE(most_pods(child), 2) << child;
  }
  must_kubectl({"uncordon", node});
  eventually_placed({.children = children, .nodes = nodes.names()});
}

// The new pod has another name, or kubectl would try to evict it for ever.
TEST_F(Drain, ByColdSwapEndsToo) {
  const NodeSet nodes(3);
  given(nodes, {"tenant"}, {{"migration", {{"strategy", "ColdSwap"}}}});
  eventually_hub_says("workers", "DisruptionHold", "True/Held");
  const std::string node = node_of("tenant");
  const Output drained = drain(node, "60s");
  EXPECT_EQ(drained.code, 0) << drained.out << drained.err;
  eventually_placed({.children = {"tenant"}, .nodes = nodes.all_but({node})});
  EXPECT_EQ(most_pods("tenant"), 1);
  must_kubectl({"uncordon", node});
  eventually_placed({.children = {"tenant"}, .nodes = nodes.names()});
}

TEST_F(Drain, WithNowhereToGoLosesNothing) {
  const NodeSet nodes(1);
  given(nodes, {"tenant"});
  eventually_hub_says("workers", "DisruptionHold", "True/Held");
  const auto before = pods_of_child("tenant");

  const Output drained = drain(nodes.names().at(0), "6s");
  EXPECT_NE(drained.code, 0);
  EXPECT_THAT(drained.err, HasSubstr("disruption budget"));
  eventually_child_says("tenant", "Degraded", "True/NotEnoughNodes");
  EXPECT_EQ(pods_of_child("tenant"), before);
  EXPECT_EQ(pods_ever("tenant"), 1);
  must_kubectl({"uncordon", nodes.names().at(0)});
  eventually_placed({.children = {"tenant"}, .nodes = nodes.names()});
}

TEST_F(Drain, WithoutHoldEvictsAsAnyPod) {
  const NodeSet nodes(2);
  given(nodes, {"tenant"}, {{"disruption", {{"hold", false}}}, {"nodes", {{"onCordon", "Keep"}}}});
  const std::string node = node_of("tenant");
  const Output drained = drain(node, "60s");
  EXPECT_EQ(drained.code, 0) << drained.err;
  EXPECT_TRUE(wait_until([&] { return pods_ever("tenant") >= 2; }))
      << "with Keep the child is made again where it was";
  must_kubectl({"uncordon", node});
  eventually_run("workers", {"tenant"});
}

TEST_F(Drain, AnotherBudgetOverThePodsIsNamed) {
  const NodeSet nodes(2);
  given(nodes, {"tenant"});
  apply({{"apiVersion", "policy/v1"},
         {"kind", "PodDisruptionBudget"},
         {"metadata", {{"name", "mine"}, {"namespace", ns_}}},
         {"spec", {{"maxUnavailable", 1}, {"selector", json::object()}}}});
  eventually_hub_says("workers", "DisruptionHold", "False/OtherBudget");
  EXPECT_THAT(eventually_event("workers", "OtherBudget"), HasSubstr("mine"));
  must_kubectl({"delete", "pdb", "mine", "-n", ns_});
  eventually_hub_says("workers", "DisruptionHold", "True/Held");
  must_kubectl({"delete", "pdb", "processhub-workers", "-n", ns_});
  EXPECT_TRUE(poll_until([&] {
    return kubectl({"get", "pdb", "processhub-workers", "-n", ns_}).code == 0;
  })) << "it is made again";
}

}  // namespace
}  // namespace processhub::e2e
