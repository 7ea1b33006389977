// The API server goes away under a running operator, and comes back.
#include <gmock/gmock.h>

#include "e2e/support/cluster.h"
#include "e2e/support/fixture.h"

namespace processhub::e2e {
namespace {

class Outage : public WithNodes {
 protected:
  void TearDown() override {
    for (const std::string& node : nodes_->names()) kubectl({"uncordon", node});
    WithNodes::TearDown();
  }
};

TEST_F(Outage, OfTheApiServerIsSaidByReadyzAndOverWhenItIsBack) {
  const auto children = names("tenant", 8);
  given_hub("workers", *nodes_, {{"migration", {{"maxConcurrent", "100%"}}}});
  given_children("workers", children);
  eventually_placed({.children = children, .nodes = nodes_->names()});
  const auto before = pods_of("workers");

  cluster({"stop-apiserver"});
  EXPECT_TRUE(poll_until([] { return !operator_->answers_ready(); })) << "readyz says no";
  EXPECT_TRUE(operator_->running());
  cluster({"start-apiserver"});
  EXPECT_TRUE(poll_until([] { return operator_->answers_ready(); })) << "readyz says yes again";

  look_again();
  eventually_placed({.children = children, .nodes = nodes_->names()});
  EXPECT_EQ(pods_of("workers"), before) << "nothing moved because of the outage";
  given_children("workers", {"late"});
  const std::string node = before.at("tenant-1").at(0).node;
  must_kubectl({"cordon", node});
  nodes_->add();
  auto wanted = children;
  wanted.emplace_back("late");
  eventually_placed({.children = wanted, .nodes = nodes_->all_but({node})});
}

TEST_F(Outage, ThatIsShortIsOutlivedByAStartThatWasUnderWay) {
  const auto children = names("tenant", 60);
  given_hub("workers", *nodes_);
  given_children("workers", children);
  EXPECT_TRUE(wait_until([&] { return !pods_->objects().empty(); }));
  cluster({"restart-apiserver"});
  look_again();
  // KWOK ends when it misses that a node is deleted: a node that it makes Ready shows that
  // it watches nodes again before this test's are.
  nodes_->add();
  eventually_placed({.children = children, .nodes = nodes_->names()});
}

}  // namespace
}  // namespace processhub::e2e
