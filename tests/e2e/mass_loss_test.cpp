// More than half of a hub's nodes are lost at once.
#include <gmock/gmock.h>

#include "e2e/support/fixture.h"

namespace processhub::e2e {
namespace {

class MassLoss : public WithOperator {};

// A loss must stand longer than it takes until all of several nodes are noticed to be
// lost, or to be back.
const json kPatient = {{"failover", {{"restartAfterSeconds", 15}, {"replaceAfterSeconds", 15}}}};

TEST_F(MassLoss, IsWaitedOutAndNothingMoves) {
  const NodeSet nodes(5);
  const NodeSet others(3);
  const auto children = names("tenant", 12);
  given_hub("workers", nodes, kPatient);
  given_hub("witnesses", others, kPatient);
  given_children("workers", children);
  given_children("witnesses", names("witness", 6));
  eventually_placed({.children = children, .nodes = nodes.names()});
  eventually_placed({.hub = "witnesses", .children = names("witness", 6), .nodes = others.names()});
  const auto before = pods_of("workers");

  NodeSet::lose({nodes.names()[0], nodes.names()[1], nodes.names()[2]});
  eventually_hub_says("workers", "Degraded", "True/MassLoss");
  eventually_event("workers", "MassLoss");

  // A node that is lost later, alone among its own, has been given up: long past the time
  // when the three would have been.
  const std::string late = pods_of_child("witness-1").at(0).node;
  NodeSet::lose({late});
  eventually_placed(
      {.hub = "witnesses", .children = names("witness", 6), .nodes = others.all_but({late})});
  EXPECT_EQ(pods_of("workers"), before);
  EXPECT_EQ(said(hubs_->at("workers"), "Degraded"), "True/MassLoss");
  EXPECT_EQ(hubs_->at("workers").at("/status/nodes/members"_json_pointer), 5);

  NodeSet::restore({nodes.names()[0], nodes.names()[1], nodes.names()[2]});
  eventually_placed({.children = children, .nodes = nodes.names()});
  eventually_hub_says("workers", "Degraded", "False/AsDesired");
  EXPECT_EQ(pods_of("workers"), before);
  EXPECT_EQ(most_migrating("workers"), 0);
}

}  // namespace
}  // namespace processhub::e2e
