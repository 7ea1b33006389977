// Nodes that are cordoned, and uncordoned.
#include <gmock/gmock.h>

#include "e2e/support/fixture.h"

namespace processhub::e2e {
namespace {

class Cordon : public WithNodes {
 protected:
  void TearDown() override {
    for (const std::string& node : nodes_->names()) kubectl({"uncordon", node});
    WithNodes::TearDown();
  }
};

// The name of a child that is not in use and has its place on that node.
std::string child_for(const std::string& ns, const Wanted& wanted, const std::string& node) {
  Wanted asked = wanted;
  asked.children = names("later", 200);
  for (const auto& [child, place] : places(ns, asked)) {
    if (place.nodes.contains(node)) return child;
  }
  return "";
}

TEST_F(Cordon, EmptiesTheNodeOrLeavesItAsTheHubSays) {
  const auto children = names("tenant", 16);
  given_hub("workers", *nodes_, {{"migration", {{"maxConcurrent", 2}}}});
  given_hub("staying", *nodes_, {{"nodes", {{"onCordon", "Keep"}}}});
  given_children("workers", children);
  given_children("staying", names("guest", 8));
  Wanted guests{.hub = "staying", .children = names("guest", 8), .nodes = nodes_->names()};
  eventually_placed({.children = children, .nodes = nodes_->names()});
  eventually_placed(guests);
  const auto before = pods_of("workers");
  const auto guests_before = pods_of("staying");
  const std::string node = before.at("tenant-1").at(0).node;

  must_kubectl({"cordon", node});
  eventually_placed({.children = children, .nodes = nodes_->all_but({node})});
  EXPECT_LE(most_migrating("workers"), 2);
  EXPECT_EQ(hubs_->at("workers").at("/status/nodes/draining"_json_pointer), 1);
  for (const auto& [child, pods] : before) {
    if (pods.at(0).node != node) {
      EXPECT_EQ(pods_of_child(child), pods) << child;
    }
  }

  // With Keep the node still takes children.
  guests.children.push_back(child_for(ns_, guests, node));
  given_children("staying", {guests.children.back()});
  eventually_placed(guests);
  EXPECT_EQ(pods_of_child(guests.children.back()).at(0).node, node);

  must_kubectl({"uncordon", node});
  eventually_placed({.children = children, .nodes = nodes_->names()});
  EXPECT_LE(most_migrating("workers"), 2);
  auto guests_after = pods_of("staying");
  guests_after.erase(guests.children.back());
  EXPECT_EQ(guests_after, guests_before);
  for (const std::string& child : children) EXPECT_EQ(most_pods(child), 1) << child;
}

TEST_F(Cordon, DrainsAnAutoscalersNodeToo) {
  const auto children = names("tenant", 8);
  given_hub("workers", *nodes_);
  given_children("workers", children);
  eventually_placed({.children = children, .nodes = nodes_->names()});
  const std::string node = pods_of_child("tenant-1").at(0).node;

  must_kubectl({"taint", "node", node, "ToBeDeletedByClusterAutoscaler=1:NoSchedule"});
  eventually_placed({.children = children, .nodes = nodes_->all_but({node})});
  must_kubectl({"taint", "node", node, "ToBeDeletedByClusterAutoscaler-"});
  eventually_placed({.children = children, .nodes = nodes_->names()});
}

}  // namespace
}  // namespace processhub::e2e
