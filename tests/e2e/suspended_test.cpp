// A child that is to have no pods for now.
#include <gmock/gmock.h>

#include "e2e/support/roles.h"

namespace processhub::e2e {
namespace {

class Suspended : public WithRoles {};

TEST_F(Suspended, AChildHasNoPodsUntilItRunsAgain) {
  const NodeSet nodes(3);
  given_hub("workers", nodes, {{"redundancy", active_passive(2)}});
  given_children("workers", {"tenant", "other"});
  const Lead before = eventually_led("tenant");
  const auto places = pods_of_child("tenant");

  patch({"phc", "tenant", "-n", ns_}, {{"spec", {{"suspended", true}}}});
  EXPECT_TRUE(wait_until([&] { return pods_of_child("tenant").empty(); }));
  eventually_child_says("tenant", "Ready", "False/Suspended");
  EXPECT_EQ(children_->at("tenant").at("/status/phase"_json_pointer), "Suspended");
  EXPECT_EQ(children_->at("tenant").at("/status/epoch"_json_pointer), before.epoch + 1);
  EXPECT_TRUE(wait_until(
      [&] { return hubs_->at("workers").at("/status/children/suspended"_json_pointer) == 1; }));
  eventually_hub_says("workers", "Ready", "True/AllChildrenReady");

  patch({"phc", "tenant", "-n", ns_}, {{"spec", {{"suspended", false}}}});
  const Lead after = eventually_led_by_another("tenant", before);
  EXPECT_GT(after.epoch, before.epoch + 1);
  std::set<std::string> nodes_before;
  std::set<std::string> nodes_after;
  for (const PodView& pod : places) nodes_before.insert(pod.node);
  for (const PodView& pod : pods_of_child("tenant")) nodes_after.insert(pod.node);
  EXPECT_EQ(nodes_after, nodes_before);
}

}  // namespace
}  // namespace processhub::e2e
