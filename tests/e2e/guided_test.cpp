// Children that name their nodes themselves: they are there, on the next ones while those are
// away, and a list that cannot be followed stops nothing.
#include <gmock/gmock.h>

#include "e2e/support/fixture.h"

namespace processhub::e2e {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const json kGuided = {{"distribution", {{"strategy", "Guided"}}}};

json listing(const std::vector<std::string>& nodes) { return {{"nodes", nodes}}; }

json with(json spec, const json& more) {
  spec.merge_patch(more);
  return spec;
}

class Guided : public WithOperator {
 protected:
  [[nodiscard]] std::vector<std::string> nodes_of(const std::string& child) const {
    std::vector<std::string> nodes;
    for (const PodView& pod : pods_of_child(child)) nodes.push_back(pod.node);
    return nodes;
  }

  void change_child(const std::string& child, const json& spec) const {
    patch({"phc", child, "-n", ns_}, {{"spec", spec}});
  }

  // Its pods serve on exactly these, the first of which is its master.
  void eventually_on(const std::string& child, const std::vector<std::string>& nodes) const {
    const std::set<std::string> wanted(nodes.begin(), nodes.end());
    eventually([&]() -> std::string {
      const auto now = nodes_of(child);
      const json status = status_of(children_->at(child));
      if (std::set<std::string>(now.begin(), now.end()) == wanted && now.size() == wanted.size() &&
          status.value("phase", "") == "Running" &&
          status.value("masterNode", "") == nodes.front()) {
        return "";
      }
      return child + " is on " + testing::PrintToString(now) + ": " + status.dump();
    });
  }

  [[nodiscard]] std::string words(const std::string& child, const std::string& type) const {
    return condition(children_->at(child), type).value("message", "");
  }

  // The pod that a child has now was made after its former ones had ended.
  void expect_made_last(const std::string& child) const {
    const std::string last = pods_of_child(child).at(0).uid;
    std::set<std::string> others;
    for (const Watch::Event& event : pods_->history()) {
      const json& meta = event.object.at("metadata");
      if (meta.at("labels").value("processhub.io/child", "") != child) continue;
      if (meta.at("uid") == last) break;
      event.type == "DELETED" ? (void)others.erase(meta.at("uid"))
                              : (void)others.insert(meta.at("uid"));
    }
    EXPECT_TRUE(others.empty()) << child << " had other pods when its last one was made";
  }
};

TEST_F(Guided, HaveTheirPodsOnTheNodesThatTheyName) {
  const NodeSet set(4);
  const auto& nodes = set.names();
  json spec = with(kGuided, {{"redundancy", replication(2)}});
  spec["children"] = {{{"name", "inline"}, {"nodes", {nodes[3], nodes[2], nodes[0]}}}};
  given_hub("workers", set, spec);
  given_child("workers", "own", listing({nodes[1], nodes[0]}));
  eventually_on("inline", {nodes[3], nodes[2]});
  eventually_on("own", {nodes[1], nodes[0]});
  eventually_child_says("own", "Placed", "True/Preferred");
  eventually_child_says("own", "Degraded", "False/AllReplicasReady");
  EXPECT_TRUE(wait_until([&] {
    const json placement = status_of(hubs_->at("workers")).value("placement", json::object());
    return placement.value("algorithm", "") == "Guided" && placement.value("meanLoad", "") == "1.0";
  })) << hubs_->at("workers");

  // A node that is earlier in the list of one and no good to the other.
  const auto before = pods_of_child("inline");
  change_child("own", listing({nodes[2], nodes[1]}));
  eventually_on("own", {nodes[2], nodes[1]});
  EXPECT_GE(fewest_serving("own", 2), 1);

  spec["children"][0]["nodes"] = {nodes[1], nodes[3]};
  given_hub("workers", set, spec);
  eventually_on("inline", {nodes[1], nodes[3]});
  EXPECT_EQ(std::count_if(before.begin(), before.end(),
                          [&](const PodView& pod) {
                            const auto now = pods_of_child("inline");
                            return std::find(now.begin(), now.end(), pod) != now.end();
                          }),
            1)
      << "the one on the node that is in both lists stays";
}

TEST_F(Guided, GoToTheNextNodeOfTheirListAndComeBack) {
  NodeSet set(3);
  const auto nodes = set.names();
  const auto children = names("tenant", 6);
  given_hub("workers", set, with(kGuided, {{"migration", {{"maxConcurrent", 2}}}}));
  for (const std::string& child : children)
    given_child("workers", child, listing({nodes[0], nodes[1]}));
  given_child("workers", "other", listing({nodes[1]}));
  for (const std::string& child : children) eventually_on(child, {nodes[0]});
  eventually_on("other", {nodes[1]});
  const auto other = pods_of_child("other");

  set.remove(nodes[0]);
  for (const std::string& child : children) {
    eventually_on(child, {nodes[1]});
    eventually_child_says(child, "Degraded", "True/ListedNodesAway");
    EXPECT_THAT(words(child, "Degraded"), AllOf(HasSubstr(nodes[0]), Not(HasSubstr(nodes[1]))));
  }
  EXPECT_THAT(eventually_event("tenant-1", "ListedNodesAway"), HasSubstr(nodes[0]));
  EXPECT_EQ(most_migrating("workers"), 0);

  set.add(nodes[0]);
  for (const std::string& child : children) {
    eventually_on(child, {nodes[0]});
    eventually_child_says(child, "Degraded", "False/AllReplicasReady");
    expect_made_last(child);
  }
  EXPECT_GE(most_migrating("workers"), 1);
  EXPECT_LE(most_migrating("workers"), 2);
  EXPECT_EQ(pods_of_child("other"), other);
}

TEST_F(Guided, RunWithoutANodeThatWasNeverThere) {
  const NodeSet set(2);
  const auto& nodes = set.names();
  given_hub("workers", set, kGuided);
  given_child("workers", "tenant-1", listing({"nowhere", nodes[1], nodes[0], "neither"}));
  eventually_on("tenant-1", {nodes[1]});
  eventually_child_says("tenant-1", "Degraded", "True/ListedNodesAway");
  EXPECT_THAT(words("tenant-1", "Degraded"),
              HasSubstr("there is no Node nowhere; there is no Node neither"));
  eventually_child_says("tenant-1", "Ready", "True/AllReplicasReady");

  // Of another hub's nodes as little as of none.
  const NodeSet others(1);
  given_child("workers", "tenant-2", listing(others.names()));
  eventually_child_says("tenant-2", "Placed", "False/ListedNodesAway");
  EXPECT_THAT(words("tenant-2", "Degraded"), HasSubstr(others.names()[0]));
  EXPECT_EQ(pods_ever("tenant-2"), 0);
  change_child("tenant-2", listing({others.names()[0], nodes[0]}));
  eventually_on("tenant-2", {nodes[0]});
}

TEST_F(Guided, WithAListThatIsTooShortArePlacedAsFarAsItGoes) {
  const NodeSet set(3);
  const auto& nodes = set.names();
  given_hub("workers", set, with(kGuided, {{"redundancy", replication(2)}}));
  given_child("workers", "tenant-1", listing({nodes[1]}));
  eventually_child_says("tenant-1", "Degraded", "True/ListTooShort");
  EXPECT_THAT(eventually_event("tenant-1", "ListTooShort"),
              HasSubstr("names 1 of at least 2 nodes"));
  EXPECT_TRUE(wait_until([&] {
    return !pods_of_child("tenant-1").empty() &&
           status_of(children_->at("tenant-1")).value("ready", "") == "1/2";
  }));
  const auto first = pods_of_child("tenant-1");
  EXPECT_THAT(nodes_of("tenant-1"), ElementsAre(nodes[1]));

  change_child("tenant-1", listing({nodes[0], nodes[1]}));
  eventually_on("tenant-1", {nodes[0], nodes[1]});
  eventually_child_says("tenant-1", "Degraded", "False/AllReplicasReady");
  EXPECT_THAT(pods_of_child("tenant-1"), testing::Contains(first.at(0)));
}

TEST_F(Guided, KeepWhatRunsWhenTheirListIsSpoilt) {
  const NodeSet set(4);
  const auto& nodes = set.names();
  given_hub("workers", set, with(kGuided, {{"redundancy", replication(2)}}));
  given_child("workers", "tenant-1", listing({nodes[0], nodes[1]}));
  eventually_on("tenant-1", {nodes[0], nodes[1]});
  const auto before = pods_of_child("tenant-1");

  for (const json& list : {json::array(), json(nullptr), json::array({nodes[1]})}) {
    // Only what is said of this list counts.
    change_child("tenant-1", {{"nodes", list}});
    const json generation = get({"phc", "tenant-1", "-n", ns_}).at("metadata").at("generation");
    EXPECT_TRUE(wait_until([&] {
      const json told = condition(children_->at("tenant-1"), "Degraded");
      return !told.is_null() && told.at("observedGeneration") == generation &&
             told.at("reason") == "ListTooShort";
    }));
    EXPECT_EQ(pods_of_child("tenant-1"), before) << list;
  }
  change_child("tenant-1", listing({"nowhere", "neither"}));
  eventually_child_says("tenant-1", "Degraded", "True/ListedNodesAway");
  EXPECT_EQ(pods_of_child("tenant-1"), before);
  EXPECT_EQ(pods_ever("tenant-1"), 2);

  change_child("tenant-1", listing({nodes[1], nodes[3]}));
  eventually_on("tenant-1", {nodes[1], nodes[3]});
  EXPECT_EQ(pods_ever("tenant-1"), 3) << "what was right already has stayed";
}

TEST_F(Guided, BecomeSoWhereTheyRunAndBackToTheRing) {
  const NodeSet set(4);
  const auto& nodes = set.names();
  const auto children = names("tenant", 8);
  given_hub("workers", set);
  given_children("workers", children);
  eventually_placed({.children = children, .nodes = nodes});
  const auto before = pods_of("workers");

  // They list nothing: that is said, and they stay.
  change_hub("workers", kGuided);
  for (const std::string& child : children) {
    eventually_child_says(child, "Degraded", "True/ListTooShort");
  }
  EXPECT_EQ(pods_of("workers"), before);

  const std::string& elsewhere = nodes[node_of("tenant-1") == nodes[0] ? 1 : 0];
  change_child("tenant-1", listing({elsewhere}));
  eventually_on("tenant-1", {elsewhere});

  change_hub("workers", {{"distribution", {{"strategy", "ConsistentHashing"}}}});
  eventually_placed({.children = children, .nodes = nodes});
  for (const std::string& child : children) {
    if (child != "tenant-1") {
      EXPECT_EQ(pods_of_child(child), before.at(child)) << child;
    }
    eventually_child_says(child, "Degraded", "False/AllReplicasReady");
  }
}

}  // namespace
}  // namespace processhub::e2e
