// CentralizedLoadBalancer: new children go where there is most to give, and who runs stays.
#include <gmock/gmock.h>

#include "e2e/support/fixture.h"

namespace processhub::e2e {
namespace {

using testing::SizeIs;

class Balancer : public WithOperator {
 protected:
  // Of a hub whose children ask for so much CPU; its nodes are measured every `seconds`.
  [[nodiscard]] static json balanced(const char* cpu, int seconds = 1) {
    const json container = {{"name", "worker"},
                            {"image", "registry.example/worker:1"},
                            {"resources", {{"requests", {{"cpu", cpu}, {"memory", "1Mi"}}}}}};
    return {
        {"distribution",
         {{"strategy", "CentralizedLoadBalancer"},
          {"centralizedLoadBalancer", {{"pushIntervalSeconds", seconds}, {"maxHistorySize", 1}}}}},
        {"template", {{"spec", {{"containers", {container}}}}}}};
  }

  // A pod that is no child of any hub: bound to the node as it is made, or by the scheduler.
  void given_other_pod(const std::string& node, const char* cpu, bool by_scheduler = false) const {
    json spec = {{"containers",
                  {{{"name", "other"},
                    {"image", "registry.example/other:1"},
                    {"resources", {{"requests", {{"cpu", cpu}}}}}}}}};
    if (by_scheduler) {
      spec["nodeSelector"] = {{"kubernetes.io/hostname", node}};
    } else {
      spec["nodeName"] = node;
    }
    const std::string name = unique_name("other");
    apply({{"apiVersion", "v1"},
           {"kind", "Pod"},
           {"metadata", {{"name", name}, {"namespace", ns_}}},
           {"spec", spec}});
    EXPECT_TRUE(
        wait_until([&] { return status_of(pods_->at(name)).value("phase", "") == "Running"; }));
  }

  [[nodiscard]] std::map<std::string, int> loads() const {
    std::map<std::string, int> loads;
    for (const auto& [child, pods] : pods_of("workers")) {
      for (const PodView& pod : pods) ++loads[pod.node];
    }
    return loads;
  }

  // Children come one by one until one is there: when its load has been measured.
  void eventually_chooses(const std::string& node) {
    for (int tries = 0; tries < 100; ++tries) {
      const std::string child = "next-" + std::to_string(++made_);
      given_children("workers", {child});
      EXPECT_TRUE(wait_until([&] {
        const auto pods = pods_of_child(child);
        return !pods.empty() && !pods[0].node.empty();
      }));
      if (node_of(child) == node) return;
    }
    FAIL() << "none of 100 children went to " << node;
  }

 private:
  int made_ = 0;
};

TEST_F(Balancer, GivesNewChildrenToTheNodesUnderTheLeastLoad) {
  const NodeSet set(4);
  const auto& nodes = set.names();
  for (const std::string& node : nodes) NodeSet::set_allocatable(node, {{"cpu", "10"}});
  given_other_pod(nodes[0], "8");
  given_other_pod(nodes[1], "6", /*by_scheduler=*/true);
  given_other_pod(nodes[3], "1");
  given_other_pod(nodes[3], "1");

  // What is measured is taken once: then a child counts as soon as it is placed.
  given_hub("workers", set, balanced("1", 3600));
  given_children("workers", {"tenant-1"});
  eventually_run("workers", {"tenant-1"});
  EXPECT_EQ(node_of("tenant-1"), nodes[2]) << "nothing is asked for there";
  EXPECT_TRUE(
      wait_until([&] { return operator_->has_said("metrics.k8s.io gives no use of nodes"); }));
  eventually_child_says("tenant-1", "Placed", "True/Preferred");
  EXPECT_TRUE(wait_until([&] {
    return status_of(hubs_->at("workers"))
               .value("placement", json::object())
               .value("algorithm", "") == "CentralizedLoadBalancer";
  }));

  const auto children = names("tenant", 10);
  given_children("workers", {children.begin() + 1, children.end()});
  eventually_run("workers", children);
  // 10 are placed one after the other on loads of 8, 6, 0 and 2: those end at 8, 6, 6 and 6.
  EXPECT_EQ(loads(), (std::map<std::string, int>{{nodes[2], 6}, {nodes[3], 4}}));
}

TEST_F(Balancer, SpreadsManyThatComeAtOnceByTheSizesOfTheNodes) {
  const NodeSet set(4);
  const auto& nodes = set.names();
  const std::vector<int> sizes = {4, 8, 12, 16};
  for (size_t i = 0; i < nodes.size(); ++i) {
    NodeSet::set_allocatable(nodes[i], {{"cpu", std::to_string(sizes[i])}});
  }
  const auto children = names("tenant", 40);
  given_hub("workers", set, balanced("500m", 3600));
  given_children("workers", children);
  eventually_run("workers", children);
  for (size_t i = 0; i < nodes.size(); ++i) EXPECT_EQ(loads()[nodes[i]], sizes[i]) << nodes[i];
}

TEST_F(Balancer, LetsThoseThatRunStayWhenANodeJoinsOrLoadsChange) {
  NodeSet set(3);
  const auto children = names("tenant", 12);
  given_hub("workers", set, balanced("1"));
  given_children("workers", children);
  eventually_run("workers", children);
  const auto before = pods_of("workers");

  const std::string joined = set.add();
  eventually_chooses(joined);
  given_other_pod(joined, "200");
  eventually_chooses(set.names()[0]);
  auto now = pods_of("workers");
  std::erase_if(now, [&](const auto& entry) { return !before.contains(entry.first); });
  EXPECT_EQ(now, before);
  EXPECT_EQ(most_migrating("workers"), 0);
}

TEST_F(Balancer, GivesTheChildrenOfALostNodeToTheLeastLoaded) {
  NodeSet set(4);
  const auto nodes = set.names();
  const auto children = names("tenant", 8);
  for (const std::string& node : nodes) NodeSet::set_allocatable(node, {{"cpu", "100"}});
  given_other_pod(nodes[0], "90");
  given_other_pod(nodes[1], "30");
  given_other_pod(nodes[2], "60");
  given_hub("workers", set, balanced("1"));
  given_children("workers", children);
  eventually_run("workers", children);
  EXPECT_EQ(loads(), (std::map<std::string, int>{{nodes[3], 8}}));

  set.remove(nodes[3]);
  EXPECT_TRUE(wait_until([&] { return !loads().contains(nodes[3]); }));
  eventually_run("workers", children);
  EXPECT_EQ(loads(), (std::map<std::string, int>{{nodes[1], 8}}));
}

TEST_F(Balancer, PutsReplicasOnNodesOfTheirOwn) {
  const NodeSet set(4);
  const auto children = names("tenant", 8);
  json spec = balanced("1", 3600);
  spec["redundancy"] = replication(3);
  given_other_pod(set.names()[1], "200");
  given_hub("workers", set, spec);
  given_children("workers", children);
  eventually_run("workers", children, 3);
  for (const auto& [child, pods] : pods_of("workers")) {
    std::set<std::string> nodes;
    for (const PodView& pod : pods) nodes.insert(pod.node);
    EXPECT_THAT(nodes, SizeIs(3)) << child;
  }
  EXPECT_EQ(loads(), (std::map<std::string, int>{
                         {set.names()[0], 8}, {set.names()[2], 8}, {set.names()[3], 8}}));
}

// metrics.k8s.io as metrics-server gives it, but from objects that the test writes.
class UseOfNodes {
 public:
  UseOfNodes() {
    apply({{"apiVersion", "apiextensions.k8s.io/v1"},
           {"kind", "CustomResourceDefinition"},
           {"metadata",
            {{"name", kName},
             {"annotations", {{"api-approved.kubernetes.io", "unapproved, for a test"}}}}},
           {"spec",
            {{"group", "metrics.k8s.io"},
             {"scope", "Cluster"},
             {"names", {{"plural", "nodes"}, {"singular", "nodemetrics"}, {"kind", "NodeMetrics"}}},
             {"versions",
              {{{"name", "v1beta1"},
                {"served", true},
                {"storage", true},
                {"schema",
                 {{"openAPIV3Schema",
                   {{"type", "object"}, {"x-kubernetes-preserve-unknown-fields", true}}}}}}}}}}});
    must_kubectl(
        {"wait", "--for=condition=Established", "--timeout=60s", std::string("crd/") + kName});
  }
  ~UseOfNodes() { kubectl({"delete", "crd", kName}); }
  UseOfNodes(const UseOfNodes&) = delete;
  UseOfNodes& operator=(const UseOfNodes&) = delete;

  static void set(const std::string& node, const char* cpu, const char* memory) {
    apply({{"apiVersion", "metrics.k8s.io/v1beta1"},
           {"kind", "NodeMetrics"},
           {"metadata", {{"name", node}}},
           {"timestamp", "2026-01-01T00:00:00Z"},
           {"window", "10s"},
           {"usage", {{"cpu", cpu}, {"memory", memory}}}});
  }

 private:
  static constexpr const char* kName = "nodes.metrics.k8s.io";
};

TEST_F(Balancer, HeedsWhatIsUsedWhereThatIsMeasured) {
  const UseOfNodes use;
  const NodeSet set(3);
  const auto& nodes = set.names();
  for (const std::string& node : nodes) {
    NodeSet::set_allocatable(node, {{"cpu", "10"}, {"memory", "10Gi"}});
  }
  given_other_pod(nodes[2], "2");
  UseOfNodes::set(nodes[0], "9000000000n", "1Gi");
  UseOfNodes::set(nodes[1], "1", "8Gi");
  UseOfNodes::set(nodes[2], "100m", "1Gi");
  // Of what is asked for and used, the means: 0.45, 0.4 and 0.15.
  given_hub("workers", set, balanced("10m"));
  const auto children = names("tenant", 3);
  given_children("workers", children);
  eventually_run("workers", children);
  EXPECT_EQ(loads(), (std::map<std::string, int>{{nodes[2], 3}}));
  const auto before = pods_of("workers");

  UseOfNodes::set(nodes[2], "9900m", "1Gi");
  UseOfNodes::set(nodes[0], "500m", "100Mi");
  eventually_chooses(nodes[0]);
  auto now = pods_of("workers");
  std::erase_if(now, [&](const auto& entry) { return !before.contains(entry.first); });
  EXPECT_EQ(now, before);
}

}  // namespace
}  // namespace processhub::e2e
