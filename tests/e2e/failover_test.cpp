// The one that leads is lost: its standby takes over, at once or when the fence allows it.
#include <gmock/gmock.h>

#include "e2e/support/roles.h"

namespace processhub::e2e {
namespace {

using testing::HasSubstr;

// Roles move, pods stay where they are for longer than any test takes.
const json kPatient = {{"restartAfterSeconds", 600}, {"replaceAfterSeconds", 600}};

json with(json failover, const json& more) {
  failover.merge_patch(more);
  return failover;
}

class Failover : public WithRoles {
 protected:
  Lead given_pair(const NodeSet& nodes, const json& failover) const {
    given_hub("workers", nodes, {{"redundancy", active_passive(2)}, {"failover", failover}});
    given_children("workers", {"tenant"});
    eventually_placed({.children = {"tenant"}, .nodes = nodes.names(), .factor = 2});
    return eventually_led("tenant");
  }

  [[nodiscard]] std::string phase_of(const std::string& child) const {
    return status_of(children_->at(child)).value("phase", "");
  }

  // No pod was made, deleted or on its way out since the first `factor`.
  void expect_no_pod_touched(const std::string& child, int factor) const {
    EXPECT_EQ(pods_ever(child), factor);
    for (const PodView& pod : pods_of_child(child)) {
      EXPECT_EQ(first_ending(pod.uid), pods_->history().size()) << pod.name;
    }
  }

  static void declare_dead(const std::string& node) {
    must_kubectl(
        {"taint", "node", node, "node.kubernetes.io/out-of-service=nodeshutdown:NoExecute"});
  }
};

TEST_F(Failover, GivesTheLeadToTheStandbyAndNotBack) {
  const NodeSet nodes(4);
  const Lead before = given_pair(nodes, kPatient);
  const PodView standby = standby_of("tenant");

  NodeSet::lose({before.node});
  const Lead after = eventually_led_by_another("tenant", before);
  EXPECT_EQ(after.uid, standby.uid);
  EXPECT_EQ(said(children_->at("tenant"), "Active"), "True/NodeNotReady");
  // The pod that is lost was told, whether it can hear it or not.
  EXPECT_EQ(role_label(pods_->at(before.pod)), "passive");
  EXPECT_EQ(role_text(pods_->at(before.pod)), "passive " + std::to_string(after.epoch));
  EXPECT_EQ(phase_of("tenant"), "Degraded");
  expect_no_pod_touched("tenant", 2);
  EXPECT_THAT(eventually_event("tenant", "RoleChanged"), HasSubstr("tenant"));

  NodeSet::restore({before.node});
  eventually_run("workers", {"tenant"}, 2);
  EXPECT_EQ(eventually_led("tenant"), after);
  expect_no_pod_touched("tenant", 2);
  eventually([&]() -> std::string {
    const json peers = json::parse(
        pods_->at(after.pod).at("metadata").at("annotations").value("processhub.io/peers", "[]"));
    return peers.size() == 1 && peers.at(0).value("pod", "") == before.pod
               ? ""
               : "the lead's peers are " + peers.dump();
  });
}

TEST_F(Failover, ComesBeforeTheLostPodIsReplaced) {
  const NodeSet nodes(4);
  const Lead before = given_pair(nodes, json::object());
  const PodView standby = standby_of("tenant");

  NodeSet::lose({before.node});
  eventually_placed({.children = {"tenant"}, .nodes = nodes.all_but({before.node}), .factor = 2});
  const Lead after = eventually_led_by_another("tenant", before);
  EXPECT_EQ(after.uid, standby.uid);
  EXPECT_LT(first_active(standby.uid), first_ending(before.uid));
  EXPECT_GE(fewest_serving("tenant", 2), 1);

  // The old pod ends when its node is back, and its successor there does not lead.
  NodeSet::restore({before.node});
  eventually_placed({.children = {"tenant"}, .nodes = nodes.names(), .factor = 2});
  EXPECT_EQ(eventually_led("tenant"), after);
}

TEST_F(Failover, FollowsWhenAUserDeletesThePod) {
  const NodeSet nodes(3);
  const Lead before = given_pair(nodes, kPatient);
  const PodView standby = standby_of("tenant");

  must_kubectl({"delete", "pod", before.pod, "-n", ns_, "--wait=false"});
  const Lead after = eventually_led_by_another("tenant", before);
  EXPECT_EQ(after.uid, standby.uid);
  eventually_placed({.children = {"tenant"}, .nodes = nodes.names(), .factor = 2});
  EXPECT_EQ(eventually_led("tenant"), after);
  EXPECT_EQ(pods_ever("tenant"), 3);
}

TEST_F(Failover, AwaitsTheFence) {
  const NodeSet nodes(4);
  const Lead before = given_pair(nodes, with(kPatient, {{"fence", "NodeConfirmed"}}));
  const PodView standby = standby_of("tenant");

  NodeSet::lose({before.node});
  eventually_child_says("tenant", "Active", "False/AwaitsFence");
  EXPECT_EQ(phase_of("tenant"), "Suspect");
  EXPECT_THAT(eventually_event("tenant", "AwaitsFence"), HasSubstr(before.node));
  EXPECT_EQ(first_active(standby.uid), pods_->history().size());
  EXPECT_EQ(role_text(pods_->at(before.pod)), "active " + std::to_string(before.epoch));
  expect_no_pod_touched("tenant", 2);

  declare_dead(before.node);
  const Lead after = eventually_led_by_another("tenant", before);
  EXPECT_EQ(after.uid, standby.uid);
  // The node stays a member for as long as a lost one does, but its pod is replaced now.
  eventually_run("workers", {"tenant"}, 2);
  EXPECT_NE(standby_of("tenant").node, before.node);
  EXPECT_EQ(eventually_led("tenant"), after);
}

TEST_F(Failover, AwaitsTheFenceThatIsTheNodesEnd) {
  NodeSet nodes(4);
  const Lead before = given_pair(nodes, with(kPatient, {{"fence", "NodeConfirmed"}}));
  const PodView standby = standby_of("tenant");

  NodeSet::lose({before.node});
  eventually_child_says("tenant", "Active", "False/AwaitsFence");
  nodes.remove(before.node);
  const Lead after = eventually_led_by_another("tenant", before);
  EXPECT_EQ(after.uid, standby.uid);
  eventually_placed({.children = {"tenant"}, .nodes = nodes.names(), .factor = 2});
  EXPECT_EQ(eventually_led("tenant"), after);
}

TEST_F(Failover, AFalseAlarmChangesNothingBehindAFence) {
  const NodeSet nodes(4);
  const Lead before = given_pair(nodes, with(kPatient, {{"fence", "NodeConfirmed"}}));
  NodeSet::lose({before.node});
  eventually_child_says("tenant", "Active", "False/AwaitsFence");
  NodeSet::restore({before.node});
  eventually_run("workers", {"tenant"}, 2);
  EXPECT_EQ(eventually_led("tenant"), before);
  expect_no_pod_touched("tenant", 2);
}

TEST_F(Failover, PodsBehindAFenceStartOnceTheyAreNamed) {
  const NodeSet nodes(3);
  given_pair(nodes, with(kPatient, {{"fence", "NodeConfirmed"}}));
  const json gates = {{{"name", "processhub.io/fence"}}};
  for (const PodView& pod : pods_of_child("tenant")) {
    bool seen = false;
    for (const Watch::Event& event : pods_->history()) {
      if (event.object.at("metadata").at("uid") != pod.uid) continue;
      const json& spec = event.object.at("spec");
      if (event.type == "ADDED") {
        EXPECT_EQ(spec.value("schedulingGates", json()), gates) << pod.name;
        EXPECT_FALSE(spec.contains("nodeName")) << pod.name;
      }
      seen = true;
    }
    EXPECT_TRUE(seen);
    EXPECT_FALSE(pods_->at(pod.name).at("spec").contains("schedulingGates")) << pod.name;
  }
}

}  // namespace
}  // namespace processhub::e2e
