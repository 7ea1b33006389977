// Children that users make: where they run, what their pods look like, how they grow,
// shrink and go.
#include <gmock/gmock.h>
#include <regex>

#include "e2e/support/fixture.h"

namespace processhub::e2e {
namespace {

using testing::HasSubstr;
using testing::IsSubsetOf;
using testing::MatchesRegex;

class Children : public WithNodes {};

bool tolerates(const json& pod, const json& toleration) {
  const json& all = pod.at("spec").at("tolerations");
  return std::find(all.begin(), all.end(), toleration) != all.end();
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

// Words in order, whatever stands between them.
std::string columns(const Words& words) {
  std::string pattern;
  for (const std::string& word : words) pattern += (pattern.empty() ? "" : " +") + word;
  return pattern + " *";
}

TEST_F(Children, RunOnExactlyTheNodesThatTheRingGives) {
  given_hub("workers", *nodes_, {{"redundancy", replication(2)}});
  given_children("workers", names("tenant", 20));
  eventually_placed({.children = names("tenant", 20), .nodes = nodes_->names(), .factor = 2});
  eventually_hub_says("workers", "Ready", "True/AllChildrenReady");
  eventually_hub_says("workers", "Degraded", "False/AsDesired");
  eventually_child_says("tenant-1", "Ready", "True/AllReplicasReady");
  for (const std::string& child : names("tenant", 20)) EXPECT_EQ(most_pods(child), 2) << child;
}

TEST_F(Children, HavePodsThatSayWhoTheyAre) {
  given_hub("workers", *nodes_, {{"redundancy", replication(2)}});
  given_children("workers", {"tenant-1"});
  eventually_placed({.children = {"tenant-1"}, .nodes = nodes_->names(), .factor = 2});

  const json child = get({"phc", "tenant-1", "-n", ns_});
  const json pods = get({"pods", "-n", ns_, "-l", "processhub.io/child=tenant-1"});
  ASSERT_EQ(pods.at("items").size(), 2);
  for (const json& pod : pods.at("items")) {
    const json& meta = pod.at("metadata");
    const std::string name = meta.at("name");
    const std::string node = pod.at("spec").at("nodeName");
    EXPECT_THAT(name, MatchesRegex("tenant-1-[01]-[a-z2-7]{5}"));
    EXPECT_EQ(meta.at("labels").at("processhub.io/hub"), "workers");
    EXPECT_EQ(meta.at("labels").at("processhub.io/role"), "peer");
    EXPECT_NE(meta.at("labels").at("processhub.io/revision"), "");
    EXPECT_EQ(meta.at("labels").at("app"), "workers");
    EXPECT_EQ(meta.at("annotations").at("processhub.io/slot"), name.substr(9, 1));
    EXPECT_EQ(meta.at("annotations").at("processhub.io/incarnation"), "1");
    EXPECT_EQ(meta.at("annotations").at("processhub.io/node-uid"),
              get({"node", node}).at("metadata").at("uid"));
    const json owner = {{"apiVersion", "processhub.io/v1alpha1"},
                        {"kind", "ProcessHubChild"},
                        {"name", "tenant-1"},
                        {"uid", child.at("metadata").at("uid")},
                        {"controller", true},
                        {"blockOwnerDeletion", true}};
    EXPECT_EQ(meta.at("ownerReferences"), json::array({owner}));
    EXPECT_EQ(pod.at("spec").at("hostname"), name);
  }
}

TEST_F(Children, HavePodsPinnedToTheirNodeForAsLongAsTheOperatorSays) {
  given_hub("workers", *nodes_);
  given_children("workers", {"tenant-1"});
  eventually_placed({.children = {"tenant-1"}, .nodes = nodes_->names()});

  const json pod = get({"pod", pods_of_child("tenant-1").at(0).name, "-n", ns_});
  const std::string node = pod.at("spec").at("nodeName");
  const json term = {
      {"matchFields",
       {{{"key", "metadata.name"}, {"operator", "In"}, {"values", json::array({node})}}}}};
  EXPECT_EQ(pod.at("/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/"
                   "nodeSelectorTerms"_json_pointer),
            json::array({term}));
  for (const char* taint : {"not-ready", "unreachable"}) {
    EXPECT_TRUE(tolerates(pod, {{"key", std::string("node.kubernetes.io/") + taint},
                                {"operator", "Exists"},
                                {"effect", "NoExecute"}}))
        << pod.at("spec").at("tolerations");
  }
  for (const char* taint : {"memory-pressure", "disk-pressure", "pid-pressure"}) {
    EXPECT_TRUE(tolerates(pod, {{"key", std::string("node.kubernetes.io/") + taint},
                                {"operator", "Exists"},
                                {"effect", "NoSchedule"}}));
  }
  EXPECT_EQ(pod.at("spec").at("tolerations").size(), 5) << pod.at("spec").at("tolerations");
  std::map<std::string, std::string> environment;
  for (const json& entry : pod.at("/spec/containers/0/env"_json_pointer)) {
    environment[entry.at("name")] = entry.at("value");
  }
  EXPECT_EQ(environment["PROCESSHUB_HUB"], "workers");
  EXPECT_EQ(environment["PROCESSHUB_CHILD"], "tenant-1");
  EXPECT_EQ(environment["PROCESSHUB_NODE"], node);
}

TEST_F(Children, AreListedWithTheirNodesByKubectlGet) {
  given_hub("workers", *nodes_, {{"redundancy", replication(2)}});
  given_children("workers", names("tenant", 3));
  eventually_placed({.children = names("tenant", 3), .nodes = nodes_->names(), .factor = 2});

  const std::string hubs = must_kubectl({"get", "phub", "-n", ns_});
  EXPECT_THAT(first_line(hubs),
              MatchesRegex(columns({"NAME", "STRATEGY", "REDUNDANCY", "NODES", "CHILDREN", "READY",
                                    "UPDATED", "LOCKED", "AGE"})));
  EXPECT_THAT(hubs, HasSubstr("ConsistentHashing"));
  const std::string children = must_kubectl({"get", "phc", "-n", ns_});
  EXPECT_THAT(
      first_line(children),
      MatchesRegex(columns({"NAME", "HUB", "PHASE", "ACTIVE", "NODES", "READY", "EPOCH", "AGE"})));
  const json status = children_->at("tenant-1").at("status");
  EXPECT_THAT(children, HasSubstr(status.at("nodeNames").get<std::string>()));
  EXPECT_THAT(children, HasSubstr("2/2"));
  EXPECT_EQ(get({"phc", "-n", ns_, "--field-selector", "spec.hub=workers"}).at("items").size(), 3);
  EXPECT_EQ(get({"processhub-all", "-n", ns_}).at("items").size(), 4);
}

TEST_F(Children, GainAndLoseReplicasWithTheFactorAndKeepTheOthers) {
  given_hub("workers", *nodes_);
  const auto children = names("tenant", 8);
  given_children("workers", children);
  eventually_placed({.children = children, .nodes = nodes_->names()});
  auto before = pods_of("workers");

  change_hub("workers", {{"redundancy", replication(3)}});
  eventually_placed({.children = children, .nodes = nodes_->names(), .factor = 3});
  auto after = pods_of("workers");
  for (const std::string& child : children) EXPECT_THAT(before[child], IsSubsetOf(after[child]));

  before = after;
  change_hub("workers", {{"redundancy", replication(2)}});
  eventually_placed({.children = children, .nodes = nodes_->names(), .factor = 2});
  after = pods_of("workers");
  for (const std::string& child : children) EXPECT_THAT(after[child], IsSubsetOf(before[child]));
}

TEST_F(Children, AreAsManyAsThereAreNodesWithClusterSize) {
  given_hub("everywhere", *nodes_,
            {{"redundancy",
              {{"strategy", "Replication"}, {"replication", {{"factor", "ClusterSize"}}}}}});
  given_children("everywhere", names("agent", 2));
  eventually_placed({.hub = "everywhere",
                     .children = names("agent", 2),
                     .nodes = nodes_->names(),
                     .factor = static_cast<int>(nodes_->names().size())});
}

TEST_F(Children, TakeTheirPodsWithThemAndDisturbNoOthers) {
  given_hub("workers", *nodes_);
  given_children("workers", names("tenant", 6));
  eventually_placed({.children = names("tenant", 6), .nodes = nodes_->names()});
  auto before = pods_of("workers");

  delete_child("tenant-6");
  eventually_placed({.children = names("tenant", 5), .nodes = nodes_->names()});

  before.erase("tenant-6");
  EXPECT_EQ(pods_of("workers"), before);
}

TEST_F(Children, KeepTheirPodsWhenTheirHubGoesAndWhenItComesBack) {
  given_hub("workers", *nodes_, {{"children", {{{"name", "inline-1"}}, {{"name", "inline-2"}}}}});
  given_children("workers", names("tenant", 3));
  auto children = names("tenant", 3);
  children.insert(children.end(), {"inline-1", "inline-2"});
  eventually_placed({.children = children, .nodes = nodes_->names()});
  auto before = pods_of("workers");

  must_kubectl({"delete", "phub", "workers", "-n", ns_});
  EXPECT_TRUE(wait_until([&] {
    return children_->objects().size() == 3 && pods_of("workers").size() == 3;
  })) << "the hub's own children and their pods go with it";
  eventually_child_says("tenant-1", "Accepted", "False/HubNotFound");
  before.erase("inline-1");
  before.erase("inline-2");
  EXPECT_EQ(pods_of("workers"), before);

  given_hub("workers", *nodes_);
  eventually_placed({.children = names("tenant", 3), .nodes = nodes_->names()});
  eventually_child_says("tenant-1", "Accepted", "True/Accepted");
  EXPECT_EQ(pods_of("workers"), before);
}

TEST_F(Children, GetAnotherPodWhenSomebodyDeletesOne) {
  given_hub("workers", *nodes_);
  given_children("workers", {"tenant-1"});
  eventually_placed({.children = {"tenant-1"}, .nodes = nodes_->names()});
  const PodView before = pods_of_child("tenant-1").at(0);

  must_kubectl({"delete", "pod", before.name, "-n", ns_, "--wait=false"});
  EXPECT_TRUE(wait_until([&] {
    const auto pods = pods_of_child("tenant-1");
    return !pods.empty() && pods.front().uid != before.uid;
  }));
  eventually_placed({.children = {"tenant-1"}, .nodes = nodes_->names()});
  EXPECT_EQ(most_pods("tenant-1"), 1);
}

}  // namespace
}  // namespace processhub::e2e
