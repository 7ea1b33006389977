// The nodes of a hub fall silent one after another, as when the API server's network fails:
// once too few are left, everything stays as it is.
#include <gmock/gmock.h>

#include "e2e/support/roles.h"

namespace processhub::e2e {
namespace {

class Isolation : public WithRoles {
 protected:
  [[nodiscard]] std::map<std::string, Lead> leads_of(
      const std::vector<std::string>& children) const {
    std::map<std::string, Lead> leads;
    for (const std::string& child : children) leads[child] = eventually_led(child);
    return leads;
  }
  [[nodiscard]] std::map<std::string, std::string> roles() const {
    std::map<std::string, std::string> roles;
    for (const auto& [name, pod] : pods_->objects()) {
      if (pod.at("metadata").at("labels").value("app", "") == "workers") {
        roles[name] = role_label(pod) + ", " + role_text(pod);
      }
    }
    return roles;
  }
};

json patient(int seconds) {
  return {{"failover", {{"restartAfterSeconds", seconds}, {"replaceAfterSeconds", seconds}}}};
}

TEST_F(Isolation, LeavesPodsAndRolesAsTheyAreOnceTheQuorumIsLost) {
  const NodeSet nodes(5);
  const NodeSet others(3);
  const auto children = names("tenant", 6);
  json spec = patient(20);
  spec["redundancy"] = active_passive(2);
  spec["partitionTolerance"] = {{"strategy", "MajorityQuorum"}};
  given_hub("workers", nodes, spec);
  spec = patient(1);
  spec["redundancy"] = active_passive(2);
  given_hub("witnesses", others, spec);
  given_children("workers", children);
  given_children("witnesses", {"witness"});
  eventually_placed({.children = children, .nodes = nodes.names(), .factor = 2});
  eventually_placed(
      {.hub = "witnesses", .children = {"witness"}, .nodes = others.names(), .factor = 2});
  const auto leads_before = leads_of(children);
  const Lead witness = eventually_led("witness");
  const auto pods_before = pods_of("workers");

  // One after another; each is silent for a while before that is noticed.
  for (int i = 0; i < 4; ++i) NodeSet::go_silent({nodes.names().at(static_cast<size_t>(i))});
  eventually_hub_says("workers", "QuorumLost", "True/TooFewNodes");
  eventually_hub_says("workers", "Degraded", "True/MassLoss");
  eventually([&]() -> std::string {
    const json present = hubs_->at("workers").at("/status/quorum/present"_json_pointer);
    return present == 1 ? "" : "present: " + present.dump();
  });
  EXPECT_EQ(pods_of("workers"), pods_before);
  const auto roles_then = roles();

  // A node that is lost later, alone among its own, is taken over from and given up.
  NodeSet::lose({witness.node});
  eventually_placed({.hub = "witnesses",
                     .children = {"witness"},
                     .nodes = others.all_but({witness.node}),
                     .factor = 2});
  eventually_led_by_another("witness", witness);
  EXPECT_EQ(pods_of("workers"), pods_before);
  EXPECT_EQ(roles(), roles_then);

  NodeSet::restore({nodes.names()[0], nodes.names()[1], nodes.names()[2], nodes.names()[3]});
  eventually_placed({.children = children, .nodes = nodes.names(), .factor = 2});
  eventually_hub_says("workers", "QuorumLost", "False/QuorumHeld");
  EXPECT_EQ(pods_of("workers"), pods_before);
  for (const auto& [child, lead] : leads_of(children)) {
    EXPECT_GE(lead.epoch, leads_before.at(child).epoch) << child;
  }
}

}  // namespace
}  // namespace processhub::e2e
