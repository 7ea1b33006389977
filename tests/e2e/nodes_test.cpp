// Nodes that are lost, come back, go and join: who moves, and who does not.
#include <gmock/gmock.h>

#include "e2e/support/fixture.h"

namespace processhub::e2e {
namespace {

using testing::HasSubstr;
using testing::IsSubsetOf;

class Nodes : public WithOperator {
 protected:
  // Pods of before that are not on `node` are the same now.
  void expect_untouched_but_on(const std::string& node,
                               const std::map<std::string, std::vector<PodView>>& before) const {
    auto now = pods_of("workers");
    for (const auto& [child, pods] : before) {
      std::vector<PodView> elsewhere;
      for (const PodView& pod : pods) {
        if (pod.node != node) elsewhere.push_back(pod);
      }
      EXPECT_THAT(elsewhere, IsSubsetOf(now[child])) << child;
    }
  }
};

TEST_F(Nodes, LoseTheirChildrenWhenTheyAreLostAndGetThemBack) {
  const NodeSet nodes(4);
  const auto children = names("tenant", 16);
  given_hub("workers", nodes, {{"migration", {{"maxConcurrent", 2}}}});
  given_children("workers", children);
  eventually_placed({.children = children, .nodes = nodes.names()});
  const auto before = pods_of("workers");
  const std::string lost = node_of("tenant-1");

  NodeSet::lose({lost});
  eventually_placed({.children = children, .nodes = nodes.all_but({lost})});
  expect_untouched_but_on(lost, before);
  EXPECT_THAT(eventually_event("workers", "NodeNotReady"), HasSubstr(lost));

  const auto meanwhile = pods_of("workers");
  NodeSet::restore({lost});
  eventually_placed({.children = children, .nodes = nodes.names()});
  EXPECT_LE(most_migrating("workers"), 2);
  EXPECT_GE(most_migrating("workers"), 1);
  for (const auto& [child, pods] : before) {
    if (pods.front().node != lost) {
      EXPECT_EQ(pods_of_child(child), meanwhile.at(child)) << child;
    }
  }
}

TEST_F(Nodes, LoseOnlyTheReplicasThatTheyHad) {
  const NodeSet nodes(4);
  const auto children = names("tenant", 10);
  given_hub("workers", nodes, {{"redundancy", replication(2)}});
  given_children("workers", children);
  eventually_placed({.children = children, .nodes = nodes.names(), .factor = 2});
  const auto before = pods_of("workers");
  const std::string lost = node_of("tenant-1");

  NodeSet::lose({lost});
  eventually_placed({.children = children, .nodes = nodes.all_but({lost}), .factor = 2});
  expect_untouched_but_on(lost, before);
  for (const std::string& child : children) EXPECT_GE(fewest_serving(child, 2), 1) << child;
}

TEST_F(Nodes, LoseTheirChildrenWhenTheyAreDeleted) {
  NodeSet nodes(4);
  const auto children = names("tenant", 12);
  given_hub("workers", nodes);
  given_children("workers", children);
  eventually_placed({.children = children, .nodes = nodes.names()});
  const auto before = pods_of("workers");
  const std::string gone = node_of("tenant-1");

  nodes.remove(gone);
  eventually_placed({.children = children, .nodes = nodes.names()});
  expect_untouched_but_on(gone, before);
  EXPECT_THAT(eventually_event("workers", "NodeLeft"), HasSubstr("it was deleted"));
}

TEST_F(Nodes, TakeTheChildrenThatTheRingGivesThemWhenTheyJoin) {
  NodeSet nodes(3);
  const auto children = names("tenant", 24);
  given_hub("workers", nodes, {{"migration", {{"maxConcurrent", 3}}}});
  given_children("workers", children);
  eventually_placed({.children = children, .nodes = nodes.names()});
  const auto before = pods_of("workers");

  const std::string joined = nodes.add();
  eventually_placed({.children = children, .nodes = nodes.names()});
  for (const std::string& child : children) {
    const auto pods = pods_of_child(child);
    if (pods.at(0).node != joined) {
      EXPECT_EQ(pods, before.at(child)) << child;
    }
    EXPECT_EQ(most_pods(child), 1) << child;
  }
  EXPECT_LE(most_migrating("workers"), 3);
  EXPECT_THAT(eventually_event("workers", "NodeJoined"), HasSubstr(joined));
}

TEST_F(Nodes, OfTheSameNameAreOthersWithPodsOfTheirOwn) {
  NodeSet nodes(3);
  const auto children = names("tenant", 9);
  given_hub("workers", nodes);
  given_children("workers", children);
  eventually_placed({.children = children, .nodes = nodes.names()});
  const auto before = pods_of("workers");
  const std::string name = node_of("tenant-1");

  nodes.replace(name);
  const json uid = get({"node", name}).at("metadata").at("uid");
  EXPECT_TRUE(wait_until([&] {
    const auto pods = pods_of("workers");
    return std::all_of(pods.begin(), pods.end(), [&](const auto& entry) {
      return std::all_of(entry.second.begin(), entry.second.end(), [&](const PodView& pod) {
        return pod.node != name ||
               pods_->at(pod.name).at(
                   "/metadata/annotations/processhub.io~1node-uid"_json_pointer) == uid;
      });
    });
  }));
  eventually_placed({.children = children, .nodes = nodes.names()});
  expect_untouched_but_on(name, before);
  EXPECT_NE(pods_of_child("tenant-1"), before.at("tenant-1"));
}

}  // namespace
}  // namespace processhub::e2e
