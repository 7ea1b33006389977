// How pods get to their nodes: through the scheduler, bound by the operator, or made there.
#include <gmock/gmock.h>

#include "e2e/support/roles.h"

namespace processhub::e2e {
namespace {

using ::testing::HasSubstr;

class Pinning : public WithRoles {
 protected:
  static json pinned(const std::string& how, json more = json::object()) {
    json spec = {{"pinning", how}, {"spillAfterSeconds", 1}};
    spec.merge_patch(more);
    return spec;
  }
  [[nodiscard]] json spec_of(const PodView& pod) const { return pods_->at(pod.name).at("spec"); }
  [[nodiscard]] std::vector<std::string> walk(const NodeSet& set, const std::string& child) const {
    std::vector<std::string> walk;
    for (int i = 0; i < 2; ++i) {
      walk.push_back(
          places(ns_, {.children = {child}, .nodes = set.all_but(walk)}).at(child).master);
    }
    return walk;
  }
  void eventually_on(const std::string& child, const std::string& node) const {
    EXPECT_TRUE(wait_until([&] {
      const auto pods = pods_of_child(child);
      return pods.size() == 1 && pods[0].node == node &&
             status_of(children_->at(child)).value("phase", "") == "Running";
    })) << children_->at(child);
  }
  // As a kubelet does with what it has no room for.
  void refuse(const std::string& pod) const {
    must_kubectl({"patch", "pod", pod, "-n", ns_, "--subresource=status", "--type=merge", "-p",
                  R"({"status":{"phase":"Failed","reason":"OutOfcpu",
                      "message":"Node didn't have enough resource: cpu",
                      "conditions":[{"type":"Ready","status":"False","reason":"PodFailed"}]}})"});
  }
};

TEST_F(Pinning, EachPutsPodsWhereTheRingSaysAndAChangeRollsOut) {
  const NodeSet nodes(4);
  const auto children = names("tenant", 6);
  const Wanted wanted{.children = children, .nodes = nodes.names(), .factor = 2};
  given_hub("workers", nodes,
            pinned("Bind", {{"redundancy", active_passive(2)},
                            {"update", {{"maxUnavailable", "100%"}}},
                            {"migration", {{"maxConcurrent", "100%"}}}}));
  given_children("workers", children);
  eventually_placed(wanted);
  for (const PodView& pod : pods_of_child("tenant-1")) {
    EXPECT_EQ(spec_of(pod).at("schedulerName"), "processhub.io");
  }
  eventually_led("tenant-1");

  change_hub("workers", {{"pinning", "NodeName"}});
  EXPECT_TRUE(wait_until([&] {
    const auto all = pods_of("workers");
    return std::all_of(all.begin(), all.end(), [&](const auto& entry) {
      return std::all_of(entry.second.begin(), entry.second.end(), [&](const PodView& pod) {
        return spec_of(pod).at("schedulerName") == "default-scheduler";
      });
    });
  }));
  eventually_placed(wanted);
  const std::string node = node_of("tenant-1");
  must_kubectl({"cordon", node});
  eventually_placed({.children = children, .nodes = nodes.all_but({node}), .factor = 2});
  must_kubectl({"uncordon", node});
}

TEST_F(Pinning, ByBindAFenceStillHoldsPodsBack) {
  const NodeSet nodes(3);
  given_hub("workers", nodes, pinned("Bind", {{"failover", {{"fence", "NodeConfirmed"}}}}));
  given_children("workers", {"tenant"});
  eventually_placed({.children = {"tenant"}, .nodes = nodes.names()});
}

TEST_F(Pinning, ByBindANodeThatIsTooSmallOrTaintedIsNotTaken) {
  const NodeSet nodes(4);
  const auto first = walk(nodes, "tenant-1");
  NodeSet::set_allocatable(first[0], {{"cpu", "2"}});
  json big = pinned("Bind");
  big["template"]["spec"]["containers"] = {{{"name", "worker"},
                                            {"image", "registry.example/worker:1"},
                                            {"resources", {{"requests", {{"cpu", "4"}}}}}}};
  given_hub("workers", nodes, big);
  given_children("workers", {"tenant-1"});
  eventually_on("tenant-1", first[1]);
  EXPECT_EQ(status_of(children_->at("tenant-1")).at("/excluded/0/reason"_json_pointer), "Spill");
  NodeSet::set_allocatable(first[0], {{"cpu", "64"}});
  eventually_on("tenant-1", first[0]);

  // A member stays one with such a taint; nothing more is put there.
  const auto second = walk(nodes, "tenant-2");
  must_kubectl({"taint", "node", second[0], "team=eu:NoSchedule"});
  given_children("workers", {"tenant-2"});
  eventually_on("tenant-2", second[1]);
  must_kubectl({"taint", "node", second[0], "team-"});
  eventually_on("tenant-2", second[0]);
}

TEST_F(Pinning, ByBindWithNowhereToGoItSaysWhatIsInTheWay) {
  const NodeSet nodes(1);
  json lost = pinned("Bind");
  lost["template"]["spec"]["nodeSelector"] = {{"disk", "ssd"}};
  given_hub("workers", nodes, lost);
  given_children("workers", {"tenant"});
  eventually_child_says("tenant", "Placed", "False/Unschedulable");
  EXPECT_THAT(condition(children_->at("tenant"), "Placed").at("message"),
              HasSubstr("it lacks the label disk=ssd of the pod's nodeSelector"));
  must_kubectl({"label", "node", nodes.names()[0], "disk=ssd"});
  eventually_placed({.children = {"tenant"}, .nodes = nodes.names()});
}

TEST_F(Pinning, ByNodeNameAPodThatTheKubeletRefusesGoesToTheNextNode) {
  const NodeSet nodes(3);
  const auto first = walk(nodes, "tenant");
  given_hub("workers", nodes, pinned("NodeName"));
  given_children("workers", {"tenant"});
  eventually_on("tenant", first[0]);
  EXPECT_EQ(spec_of(pods_of_child("tenant").at(0)).at("nodeName"), first[0]);
  refuse(pods_of_child("tenant").at(0).name);
  eventually_on("tenant", first[1]);
  EXPECT_EQ(status_of(children_->at("tenant")).at("/excluded/0/node"_json_pointer), first[0]);
  EXPECT_THAT(eventually_event("tenant", "Excluded"), HasSubstr(first[0]));
}

TEST_F(Pinning, ByNodeNameANodeThatGoesTakesItsPodsAlongAndTheyAreMadeElsewhere) {
  NodeSet nodes(3);
  given_hub("workers", nodes, pinned("NodeName"));
  given_children("workers", {"tenant"});
  eventually_placed({.children = {"tenant"}, .nodes = nodes.names()});
  const std::string node = node_of("tenant");
  nodes.remove(node);
  eventually_placed({.children = {"tenant"}, .nodes = nodes.all_but({node})});
}

TEST_F(Pinning, ByNodeNameAFenceIsRefusedByName) {
  const NodeSet nodes(1);
  given_hub("workers", nodes, pinned("NodeName"));
  const Output out = kubectl({"patch", "phub", "workers", "-n", ns_, "--type=merge", "-p",
                              R"({"spec":{"failover":{"fence":"NodeConfirmed"}}})"});
  EXPECT_NE(out.code, 0);
  EXPECT_THAT(out.err, HasSubstr("pinning must not be NodeName"));
}

}  // namespace
}  // namespace processhub::e2e
