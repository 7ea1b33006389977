// Nodes without room for a child: it goes on to its next node, comes back once there is room,
// and does neither more often than it has to.
#include <gmock/gmock.h>

#include "e2e/support/fixture.h"

namespace processhub::e2e {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// Room for none of the pods that ask for 4 CPUs, and for all of them.
const json kTooSmall = {{"cpu", "2"}};
const json kEnough = {{"cpu", "64"}};

json asking_for(const char* cpu) {
  const json container = {{"name", "worker"},
                          {"image", "registry.example/worker:1"},
                          {"resources", {{"requests", {{"cpu", cpu}}}}}};
  return {{"template", {{"spec", {{"containers", {container}}}}}}};
}

json spilling() {
  json spec = asking_for("4");
  spec["spillAfterSeconds"] = 1;
  return spec;
}

class Spill : public WithOperator {
 protected:
  // The first nodes of the child's walk, in this order: the last one is as if the others were
  // not there.
  [[nodiscard]] std::vector<std::string> walk(const NodeSet& set, const std::string& child,
                                              size_t length) const {
    std::vector<std::string> walk;
    while (walk.size() < length) {
      walk.push_back(
          places(ns_, {.children = {child}, .nodes = set.all_but(walk)}).at(child).master);
    }
    return walk;
  }

  [[nodiscard]] json excluded(const std::string& child) const {
    return status_of(children_->at(child)).value("excluded", json::array());
  }

  void eventually_on(const std::string& child, const std::string& node) const {
    EXPECT_TRUE(wait_until([&] {
      const auto pods = pods_of_child(child);
      const json status = status_of(children_->at(child));
      return pods.size() == 1 && pods[0].node == node && status.value("phase", "") == "Running" &&
             status.value("masterNode", "") == node && status.value("nodeNames", "") == node;
    })) << child
        << ": " << children_->at(child);
  }

  // A child of another hub, on nodes where it finds no room either, has waited as long as
  // one here would have to, and moved on.
  void when_a_witness_has_moved_on(const NodeSet& set) {
    const std::string witness = "witness-" + std::to_string(++witnesses_);
    if (witnesses_ == 1) given_hub("witnesses", set, spilling());
    given_children("witnesses", {witness});
    EXPECT_TRUE(wait_until([&] { return !excluded(witness).empty(); }));
  }

 private:
  int witnesses_ = 0;
};

TEST_F(Spill, TakesAChildToItsNextNodeAndBackOnceThereIsRoom) {
  const NodeSet full(2);
  for (const std::string& node : full.names()) NodeSet::set_allocatable(node, kTooSmall);
  const NodeSet set(4);
  const auto nodes = walk(set, "tenant-1", 2);
  NodeSet::set_allocatable(nodes[0], kTooSmall);
  given_hub("workers", set, spilling());
  given_children("workers", {"tenant-1"});
  eventually_on("tenant-1", nodes[1]);
  json listed = excluded("tenant-1");
  ASSERT_THAT(listed, SizeIs(1));
  EXPECT_FALSE(listed[0].at("fingerprint").get<std::string>().empty());
  listed[0].erase("fingerprint");
  EXPECT_EQ(listed[0], json({{"node", nodes[0]},
                             {"nodeUID", get({"node", nodes[0]}).at("metadata").at("uid")},
                             {"reason", "Spill"},
                             {"slot", 0}}));
  eventually_child_says("tenant-1", "Placed", "True/Excluded");
  EXPECT_THAT(condition(children_->at("tenant-1"), "Placed").at("message"),
              HasSubstr(nodes[0] + " is left out"));
  EXPECT_THAT(eventually_event("tenant-1", "Excluded"), HasSubstr(nodes[0]));
  EXPECT_EQ(most_migrating("workers"), 0) << "what never ran is not moved";

  // Time alone changes nothing.
  const auto spilled = pods_of_child("tenant-1");
  when_a_witness_has_moved_on(full);
  EXPECT_EQ(pods_of_child("tenant-1"), spilled);
  EXPECT_EQ(pods_ever("tenant-1"), 2);

  NodeSet::set_allocatable(nodes[0], kEnough);
  eventually_on("tenant-1", nodes[0]);
  eventually_child_says("tenant-1", "Placed", "True/Preferred");
  EXPECT_THAT(excluded("tenant-1"), IsEmpty());
  EXPECT_EQ(most_migrating("workers"), 1);
  when_a_witness_has_moved_on(full);
  EXPECT_EQ(pods_ever("tenant-1"), 3);
}

TEST_F(Spill, TriesEachChangeOfANodeOnce) {
  const NodeSet full(2);
  for (const std::string& node : full.names()) NodeSet::set_allocatable(node, kTooSmall);
  const NodeSet set(3);
  const auto nodes = walk(set, "tenant-1", 2);
  NodeSet::set_allocatable(nodes[0], kTooSmall);
  given_hub("workers", set, spilling());
  given_children("workers", {"tenant-1"});
  eventually_on("tenant-1", nodes[1]);
  const std::string before = excluded("tenant-1").at(0).at("fingerprint");

  // More than before, but not enough.
  NodeSet::set_allocatable(nodes[0], {{"cpu", "3"}});
  EXPECT_TRUE(wait_until([&] {
    const json listed = excluded("tenant-1");
    return listed.size() == 1 && listed[0].at("fingerprint") != before;
  }));
  eventually_on("tenant-1", nodes[1]);
  when_a_witness_has_moved_on(full);
  EXPECT_EQ(pods_ever("tenant-1"), 4) << "two there, and one after each";
}

TEST_F(Spill, EndsWithAPodThatWaitsWhereNoNodeHasRoom) {
  const NodeSet set(6);
  for (const std::string& node : set.names()) NodeSet::set_allocatable(node, kTooSmall);
  const auto nodes = walk(set, "tenant-1", 4);
  given_hub("workers", set, spilling());
  given_children("workers", {"tenant-1"});
  eventually_child_says("tenant-1", "Placed", "False/Unschedulable");
  EXPECT_THAT(eventually_event("tenant-1", "Unschedulable"),
              AllOf(HasSubstr(nodes[3]), HasSubstr("no other node is tried")));
  std::set<std::string> listed;
  for (const json& one : excluded("tenant-1")) listed.insert(one.at("node"));
  EXPECT_EQ(listed, std::set<std::string>(nodes.begin(), nodes.begin() + 3));
  EXPECT_EQ(status_of(children_->at("tenant-1")).value("nodeNames", ""), nodes[3]);

  const NodeSet full(2);
  for (const std::string& node : full.names()) NodeSet::set_allocatable(node, kTooSmall);
  const auto waiting = pods_of_child("tenant-1");
  ASSERT_THAT(waiting, SizeIs(1));
  when_a_witness_has_moved_on(full);
  EXPECT_EQ(pods_of_child("tenant-1"), waiting);
  EXPECT_EQ(status_of(pods_->at(waiting[0].name)).value("phase", ""), "Pending");
  EXPECT_EQ(pods_ever("tenant-1"), 4);

  // A template that asks for less ends all that.
  change_hub("workers", asking_for("1"));
  eventually_placed({.children = {"tenant-1"}, .nodes = set.names()});
  eventually_child_says("tenant-1", "Placed", "True/Preferred");
  EXPECT_THAT(excluded("tenant-1"), IsEmpty());
}

TEST_F(Spill, MovesTheReplicaAloneThatFindsNoRoom) {
  const NodeSet set(5);
  const std::string small = walk(set, "tenant-1", 1).front();
  NodeSet::set_allocatable(small, kTooSmall);
  json spec = spilling();
  spec["redundancy"] = replication(2);
  given_hub("workers", set, spec);
  given_children("workers", {"tenant-1"});
  eventually_run("workers", {"tenant-1"}, 2);

  ASSERT_THAT(excluded("tenant-1"), SizeIs(1));
  EXPECT_EQ(excluded("tenant-1")[0].at("node"), small);
  EXPECT_EQ(pods_ever("tenant-1"), 3);
  const auto elsewhere =
      places(ns_, {.children = {"tenant-1"}, .nodes = set.all_but({small}), .factor = 2});
  std::set<std::string> nodes;
  for (const PodView& pod : pods_of_child("tenant-1")) nodes.insert(pod.node);
  EXPECT_EQ(nodes, elsewhere.at("tenant-1").nodes);
}

TEST_F(Spill, IsNotForChildrenThatAreOnEveryNode) {
  const NodeSet set(3);
  const std::string small = set.names()[1];
  NodeSet::set_allocatable(small, kTooSmall);
  json spec = spilling();
  spec["redundancy"] = {{"strategy", "Replication"}, {"replication", {{"factor", "ClusterSize"}}}};
  given_hub("workers", set, spec);
  given_children("workers", {"agent"});
  eventually_child_says("agent", "Placed", "False/Unschedulable");
  EXPECT_THAT(condition(children_->at("agent"), "Placed").at("message"), HasSubstr(small));
  EXPECT_THAT(excluded("agent"), IsEmpty());
  EXPECT_EQ(status_of(children_->at("agent")).value("ready", ""), "2/3");
  EXPECT_EQ(pods_ever("agent"), 3);

  NodeSet::set_allocatable(small, kEnough);
  eventually_run("workers", {"agent"}, 3);
  eventually_child_says("agent", "Placed", "True/Preferred");
  EXPECT_EQ(pods_ever("agent"), 3) << "the one that waited runs now";
}

TEST_F(Spill, FollowsTheListOfAGuidedChild) {
  const NodeSet set(3);
  const auto& nodes = set.names();
  NodeSet::set_allocatable(nodes[0], kTooSmall);
  NodeSet::set_allocatable(nodes[1], kTooSmall);
  json spec = spilling();
  spec["distribution"] = {{"strategy", "Guided"}};
  given_hub("workers", set, spec);
  given_child("workers", "tenant-1", {{"nodes", {nodes[0], nodes[2]}}});
  given_child("workers", "tenant-2", {{"nodes", {nodes[0], nodes[1]}}});
  eventually_on("tenant-1", nodes[2]);
  eventually_child_says("tenant-2", "Placed", "False/Unschedulable");
  EXPECT_EQ(excluded("tenant-2").size(), 1) << "its list is at its end";
  EXPECT_EQ(pods_ever("tenant-2"), 2);
}

}  // namespace
}  // namespace processhub::e2e
