// Which nodes a hub has, and what they weigh, as its spec and their labels say.
#include <gmock/gmock.h>

#include "e2e/support/fixture.h"

namespace processhub::e2e {
namespace {

using testing::HasSubstr;

class NodesOfAHub : public WithNodes {};

TEST_F(NodesOfAHub, FollowItsSelector) {
  const auto children = names("tenant", 12);
  given_hub("workers", *nodes_);
  given_children("workers", children);
  eventually_placed({.children = children, .nodes = nodes_->names()});

  // Without those two.
  const std::vector<std::string> out = {nodes_->names()[0], nodes_->names()[3]};
  change_hub(
      "workers",
      {{"nodes",
        {{"selector",
          {{"matchExpressions",
            {{{"key", "kubernetes.io/hostname"}, {"operator", "NotIn"}, {"values", out}}}}}}}}});
  eventually_placed({.children = children, .nodes = nodes_->all_but(out)});
  EXPECT_LE(most_migrating("workers"), 4);

  change_hub("workers", {{"nodes", {{"selector", {{"matchExpressions", nullptr}}}}}});
  eventually_placed({.children = children, .nodes = nodes_->names()});
  for (const std::string& child : children) EXPECT_EQ(most_pods(child), 1) << child;
}

TEST_F(NodesOfAHub, FollowTheirOwnLabels) {
  const auto children = names("tenant", 12);
  const std::string& node = nodes_->names()[1];
  given_hub("workers", *nodes_);
  given_children("workers", children);
  eventually_placed({.children = children, .nodes = nodes_->names()});

  must_kubectl({"label", "node", node, "e2e-"});
  eventually_placed({.children = children, .nodes = nodes_->all_but({node})});
  must_kubectl({"label", "node", node, nodes_->label()});
  eventually_placed({.children = children, .nodes = nodes_->names()});
}

TEST_F(NodesOfAHub, TakeChildrenByTheirWeight) {
  const auto children = names("tenant", 30);
  const std::string& heavy = nodes_->names()[2];
  given_hub(
      "workers", *nodes_,
      {{"nodes", {{"weightLabel", "e2e-weight"}}}, {"migration", {{"maxConcurrent", "50%"}}}});
  given_children("workers", children);
  Wanted wanted{.children = children, .nodes = nodes_->names(), .weight_label = "e2e-weight"};
  eventually_placed(wanted);
  const auto on_heavy = [&] {
    int count = 0;
    for (const auto& [child, pods] : pods_of("workers")) count += pods.at(0).node == heavy ? 1 : 0;
    return count;
  };
  const int before = on_heavy();

  must_kubectl({"label", "node", heavy, "e2e-weight=1000"});
  eventually_placed(wanted);
  EXPECT_GT(on_heavy(), before);

  must_kubectl({"label", "--overwrite", "node", heavy, "e2e-weight=much"});
  eventually_hub_says("workers", "Degraded", "True/InvalidWeight");
  EXPECT_THAT(condition(hubs_->at("workers"), "Degraded").at("message"), HasSubstr("much"));
  must_kubectl({"label", "node", heavy, "e2e-weight-"});
  eventually_placed(wanted);
  eventually_hub_says("workers", "Degraded", "False/AsDesired");
}

TEST_F(NodesOfAHub, AreChosenFromAllZonesAsFarAsTheseGo) {
  const NodeSet set(10);
  Words command = {"label", "--overwrite", "node"};
  command.insert(command.end(), set.names().begin() + 1, set.names().end());
  command.emplace_back("topology.kubernetes.io/zone=many");
  must_kubectl(command);
  const std::string& alone = set.names()[0];
  must_kubectl({"label", "--overwrite", "node", alone, "topology.kubernetes.io/zone=one"});
  const auto children = names("tenant", 6);
  given_hub("workers", set, {{"redundancy", replication(4)}});
  given_children("workers", children);
  eventually_placed({.children = children, .nodes = set.names(), .factor = 4});
  const auto is_alone = [&](const PodView& pod) { return pod.node == alone; };
  for (const auto& [child, pods] : pods_of("workers")) {
    EXPECT_EQ(std::count_if(pods.begin(), pods.end(), is_alone), 1) << child;
    eventually_child_says(child, "Placed", "True/ZoneRelaxed");
  }
  EXPECT_THAT(eventually_event("tenant-1", "ZoneRelaxed"), HasSubstr("a zone has no node left"));

  // Two for two zones: as it should be.
  change_hub("workers", {{"redundancy", replication(2)}});
  eventually_placed({.children = children, .nodes = set.names(), .factor = 2});
  for (const auto& [child, pods] : pods_of("workers")) {
    EXPECT_EQ(std::count_if(pods.begin(), pods.end(), is_alone), 1) << child;
    eventually_child_says(child, "Placed", "True/Preferred");
  }
}

TEST_F(NodesOfAHub, AreLeftWhenTheyCarryATaintThatItDoesNotTolerate) {
  const auto children = names("tenant", 10);
  const std::string& node = nodes_->names()[4];
  given_hub("workers", *nodes_);
  given_hub("tolerant", *nodes_,
            {{"nodes", {{"tolerations", {{{"key", "e2e-maintenance"}, {"operator", "Exists"}}}}}}});
  given_children("workers", children);
  given_children("tolerant", names("patient", 10));
  eventually_placed({.children = children, .nodes = nodes_->names()});
  const Wanted patient{
      .hub = "tolerant", .children = names("patient", 10), .nodes = nodes_->names()};
  eventually_placed(patient);
  const auto before = pods_of("tolerant");

  must_kubectl({"taint", "node", node, "e2e-maintenance=now:NoExecute"});
  eventually_placed({.children = children, .nodes = nodes_->all_but({node})});
  must_kubectl({"taint", "node", node, "e2e-maintenance-"});
  eventually_placed({.children = children, .nodes = nodes_->names()});
  eventually_placed(patient);
  EXPECT_EQ(pods_of("tolerant"), before);
}

}  // namespace
}  // namespace processhub::e2e
