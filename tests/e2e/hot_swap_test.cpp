// Moves by HotSwap: at no moment a child without a pod that serves, or with two that lead.
#include <gmock/gmock.h>

#include "e2e/support/roles.h"

namespace processhub::e2e {
namespace {

json with_image(const std::string& image) {
  return {{"template", {{"spec", {{"containers", {{{"name", "worker"}, {"image", image}}}}}}}}};
}

class HotSwap : public WithRoles {
 protected:
  void given(const NodeSet& nodes, const std::vector<std::string>& children,
             json spec = json::object()) const {
    json hub = {
        {"migration",
         {{"strategy", "HotSwap"}, {"maxConcurrent", 4}, {"hotSwap", {{"retentionSeconds", 1}}}}},
        {"update", {{"maxUnavailable", 4}}}};
    hub.merge_patch(spec);
    given_hub("workers", nodes, hub);
    given_children("workers", children);
    eventually_placed({.children = children, .nodes = nodes.names()});
  }
  bool all_run(const std::string& image) const {
    const auto all = pods_of("workers");
    return std::all_of(all.begin(), all.end(), [&](const auto& entry) {
      return std::all_of(entry.second.begin(), entry.second.end(), [&](const PodView& pod) {
        return pods_->at(pod.name).at("/spec/containers/0/image"_json_pointer) == image;
      });
    });
  }
  void expect_no_gap(const std::vector<std::string>& children) const {
    for (const std::string& child : children) {
      EXPECT_GE(fewest_serving(child, 1), 1) << child;
      EXPECT_LE(most_pods(child), 2) << child;
    }
  }
};

TEST_F(HotSwap, OfATemplateLeavesNoChildWithoutAPod) {
  const NodeSet nodes(4);
  const auto children = names("tenant", 12);
  given(nodes, children);
  const Lead before = eventually_led("tenant-1");

  change_hub("workers", with_image("registry.example/worker:2"));
  EXPECT_TRUE(wait_until([&] { return all_run("registry.example/worker:2"); }));
  eventually_placed({.children = children, .nodes = nodes.names()});
  const Lead after = eventually_led_by_another("tenant-1", before);
  EXPECT_EQ(after.node, before.node) << "a new template is no reason to leave the node";
  expect_no_gap(children);
  EXPECT_LE(most_migrating("workers"), 4);
}

TEST_F(HotSwap, OfADrainLeavesNoChildWithoutAPod) {
  const NodeSet nodes(4);
  const auto children = names("tenant", 12);
  given(nodes, children);
  const std::string node = node_of("tenant-1");
  const Lead before = eventually_led("tenant-1");

  must_kubectl({"cordon", node});
  eventually_placed({.children = children, .nodes = nodes.all_but({node})});
  EXPECT_NE(eventually_led_by_another("tenant-1", before).node, node);
  must_kubectl({"uncordon", node});
  eventually_placed({.children = children, .nodes = nodes.names()});
  expect_no_gap(children);
}

// The new pod is asked for more than any node has.
TEST_F(HotSwap, ThatDoesNotComeUpLeavesTheOldPodAsItWas) {
  const NodeSet nodes(3);
  given(nodes, {"tenant"}, {{"migration", {{"childTimeoutSeconds", 2}}}});
  const auto before = pods_of_child("tenant");
  const Lead lead = eventually_led("tenant");

  json big = with_image("registry.example/worker:2");
  big["template"]["spec"]["containers"][0]["resources"] = {{"requests", {{"memory", "100Ti"}}}};
  change_hub("workers", big);
  eventually_child_says("tenant", "Placed", "True/UpdateTimedOut");
  eventually_child_says("tenant", "Migrating", "False/Settled");
  EXPECT_TRUE(wait_until([&] { return pods_of_child("tenant") == before; }));
  EXPECT_EQ(eventually_led("tenant"), lead);
  expect_no_gap({"tenant"});

  change_hub("workers", with_image("registry.example/worker:3"));
  EXPECT_TRUE(wait_until([&] { return all_run("registry.example/worker:3"); }));
  eventually_led_by_another("tenant", lead);
  expect_no_gap({"tenant"});
}

}  // namespace
}  // namespace processhub::e2e
