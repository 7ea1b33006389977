// The lead is handed over on request, and where its node is to be emptied.
#include <gmock/gmock.h>

#include "e2e/support/roles.h"

namespace processhub::e2e {
namespace {

using testing::HasSubstr;

class Switch : public WithRoles {
 protected:
  // A child with two replicas.
  Lead given_pair(const NodeSet& nodes) const {
    given_hub("workers", nodes, {{"redundancy", active_passive(2)}});
    given_children("workers", {"tenant"});
    eventually_placed({.children = {"tenant"}, .nodes = nodes.names(), .factor = 2});
    return eventually_led("tenant");
  }
};

TEST_F(Switch, IsDoneOnRequestAndTheRequestIsTakenOff) {
  const NodeSet nodes(3);
  const Lead before = given_pair(nodes);
  const auto pods = pods_of_child("tenant");
  const PodView standby = standby_of("tenant");

  switch_to("tenant", standby.node);
  const Lead after = eventually_led_by_another("tenant", before);
  EXPECT_EQ(after.uid, standby.uid);
  EXPECT_EQ(after.epoch, before.epoch + 1);
  eventually_obeyed("tenant", "True/Switched");
  EXPECT_EQ(said(children_->at("tenant"), "Active"), "True/SwitchRequested");
  EXPECT_THAT(eventually_event("tenant", "Switched"), HasSubstr(standby.name));
  EXPECT_EQ(pods_of_child("tenant"), pods);

  // To where it is already: done, and nothing else happens.
  switch_to("tenant", standby.node);
  eventually_obeyed("tenant", "True/Switched");
  EXPECT_EQ(eventually_led("tenant"), after);
}

TEST_F(Switch, IsRefusedWhereThereIsNoStandby) {
  const NodeSet nodes(3);
  const Lead before = given_pair(nodes);
  const std::string elsewhere = nodes.all_but({before.node, standby_of("tenant").node}).at(0);

  for (const std::string& node : {elsewhere, std::string("nowhere"), std::string()}) {
    switch_to("tenant", node);
    eventually_obeyed("tenant", "False/NoStandby");
    EXPECT_THAT(condition(children_->at("tenant"), "SwitchRequested").value("message", ""),
                HasSubstr('"' + node + '"'));
  }
  EXPECT_THAT(eventually_event("tenant", "NoStandby"), HasSubstr("switch-to"));
  for (const auto& [name, event] : events_->objects()) {
    if (event.value("reason", "") == "NoStandby") {
      EXPECT_EQ(event.value("type", ""), "Warning");
    }
  }
  EXPECT_EQ(eventually_led("tenant"), before);
}

TEST_F(Switch, IsRefusedWhereNobodyLeads) {
  const NodeSet nodes(2);
  given_hub("workers", nodes, {{"redundancy", replication(2)}});
  given_children("workers", {"tenant"});
  eventually_run("workers", {"tenant"}, 2);
  switch_to("tenant", nodes.names().at(0));
  eventually_obeyed("tenant", "False/NoLead");
  eventually_event("tenant", "NoLead");
}

TEST_F(Switch, GoesWhereTheLastOfTwoRequestsSays) {
  const NodeSet nodes(3);
  const Lead before = given_pair(nodes);
  const std::string there = standby_of("tenant").node;

  switch_to("tenant", there);
  switch_to("tenant", before.node);
  eventually_obeyed("tenant", "True/Switched");
  EXPECT_EQ(eventually_led("tenant").node, before.node);

  // And one after the other, there and back.
  Lead lead = eventually_led("tenant");
  for (const std::string& node : {there, before.node}) {
    switch_to("tenant", node);
    lead = eventually_led_by_another("tenant", lead);
    EXPECT_EQ(lead.node, node);
    eventually_obeyed("tenant", "True/Switched");
  }
  EXPECT_EQ(pods_ever("tenant"), 2);
}

TEST_F(Switch, ComesBeforeThePodOfACordonedNodeMoves) {
  const NodeSet nodes(4);
  const Lead before = given_pair(nodes);
  const PodView standby = standby_of("tenant");

  must_kubectl({"cordon", before.node});
  eventually_placed({.children = {"tenant"}, .nodes = nodes.all_but({before.node}), .factor = 2});
  const Lead after = eventually_led_by_another("tenant", before);
  EXPECT_EQ(after.uid, standby.uid);
  EXPECT_LT(first_active(standby.uid), first_ending(before.uid));
  EXPECT_GE(fewest_serving("tenant", 2), 1);

  // Nothing switches back, wherever the other replica goes.
  must_kubectl({"uncordon", before.node});
  eventually_placed({.children = {"tenant"}, .nodes = nodes.names(), .factor = 2});
  EXPECT_EQ(eventually_led("tenant"), after);
}

}  // namespace
}  // namespace processhub::e2e
