// What users and machines do in the middle of a move: afterwards nothing is left over and nothing
// is lost.
#include <gmock/gmock.h>

#include "e2e/support/roles.h"

namespace processhub::e2e {
namespace {

// Slow enough for something to happen meanwhile.
const json kSlow = {
    {"template",
     {{"metadata", {{"annotations", {{"pod-ready.stage.kwok.x-k8s.io/delay", "3s"}}}}}}}};

class Movement : public WithRoles {
 protected:
  void given(const NodeSet& nodes, const std::vector<std::string>& children, int factor = 1,
             json spec = json::object()) const {
    json hub = {{"migration",
                 {{"strategy", "HotSwap"},
                  {"maxConcurrent", "100%"},
                  {"hotSwap", {{"retentionSeconds", 0}}}}}};
    if (factor > 1) hub["redundancy"] = active_passive(factor);
    hub.merge_patch(spec);
    given_hub("workers", nodes, hub);
    given_children("workers", children);
    eventually_placed({.children = children, .nodes = nodes.names(), .factor = factor});
  }
  // The pod that is to take the place of another, and has a node.
  std::optional<PodView> newcomer(const std::string& child, const std::string& old) const {
    for (const PodView& pod : pods_of_child(child)) {
      if (pod.name != old && !pod.node.empty()) return pod;
    }
    return std::nullopt;
  }
  void expect_no_gap(const std::vector<std::string>& children) const {
    for (const std::string& child : children) EXPECT_GE(fewest_serving(child, 1), 1) << child;
  }
};

TEST_F(Movement, ANodeThatIsDeletedInTheMiddleOfAMoveToItIsLeft) {
  NodeSet nodes(4);
  given(nodes, {"tenant"}, 1, kSlow);
  const Lead before = eventually_led("tenant");
  must_kubectl({"cordon", before.node});
  std::optional<PodView> fresh;
  EXPECT_TRUE(wait_until([&] { return (fresh = newcomer("tenant", before.pod)).has_value(); }));
  const std::string target = fresh->node;
  nodes.remove(target);
  eventually_placed({.children = {"tenant"}, .nodes = nodes.all_but({before.node, target})});
  eventually_led_by_another("tenant", before);
  expect_no_gap({"tenant"});
  must_kubectl({"uncordon", before.node});
}

TEST_F(Movement, TwoDrainsAtOnceEnd) {
  const NodeSet nodes(5);
  const auto children = names("tenant", 12);
  given(nodes, children);
  eventually_hub_says("workers", "DisruptionHold", "True/Held");
  const std::vector<std::string> drained = {nodes.names()[0], nodes.names()[1]};
  const auto begin = [](const std::string& node) {
    return std::make_unique<Process>(Words{"kubectl", "drain", node, "--ignore-daemonsets",
                                           "--delete-emptydir-data", "--force", "--timeout=110s"},
                                     Process::Options{});
  };
  const auto first = begin(drained[0]);
  const auto second = begin(drained[1]);
  EXPECT_EQ(first->wait(kLimit), 0);
  EXPECT_EQ(second->wait(kLimit), 0);
  eventually_placed({.children = children, .nodes = nodes.all_but(drained)});
  expect_no_gap(children);
  for (const std::string& node : drained) must_kubectl({"uncordon", node});
}

TEST_F(Movement, AFactorThatIsLoweredInTheMiddleLeavesOneThatLeads) {
  const NodeSet nodes(5);
  const auto children = names("tenant", 4);
  given(nodes, children, 3, kSlow);
  const std::string node = eventually_led("tenant-1").node;
  must_kubectl({"cordon", node});
  EXPECT_TRUE(wait_until([&] { return most_migrating("workers") > 0; }));
  change_hub("workers", {{"redundancy", active_passive(1)}});
  eventually_placed({.children = children, .nodes = nodes.all_but({node})});
  for (const std::string& child : children) eventually_led(child);
  expect_no_gap(children);
  must_kubectl({"uncordon", node});
}

TEST_F(Movement, ACordonThatIsTakenBackInTheMiddleLeavesOnePod) {
  const NodeSet nodes(4);
  given(nodes, {"tenant"}, 1, kSlow);
  const Lead before = eventually_led("tenant");
  must_kubectl({"cordon", before.node});
  EXPECT_TRUE(wait_until([&] { return newcomer("tenant", before.pod).has_value(); }));
  must_kubectl({"uncordon", before.node});
  eventually_placed({.children = {"tenant"}, .nodes = nodes.names()});
  eventually_led("tenant");
  expect_no_gap({"tenant"});
}

TEST_F(Movement, AnOperatorThatDiesInTheMiddleGoesOn) {
  const NodeSet nodes(4);
  const auto children = names("tenant", 6);
  given(nodes, children, 1, kSlow);
  const Lead before = eventually_led("tenant-1");
  must_kubectl({"cordon", before.node});
  EXPECT_TRUE(wait_until([&] { return newcomer("tenant-1", before.pod).has_value(); }));
  operator_->kill();
  operator_ = std::make_unique<OperatorProcess>();
  operators_ = {operator_.get()};
  operator_->wait_ready();
  eventually_placed({.children = children, .nodes = nodes.all_but({before.node})});
  eventually_led_by_another("tenant-1", before);
  expect_no_gap(children);
  must_kubectl({"uncordon", before.node});
}

}  // namespace
}  // namespace processhub::e2e
