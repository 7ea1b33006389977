// Two operators, of which one works.
#include <gmock/gmock.h>

#include "e2e/support/roles.h"

namespace processhub::e2e {
namespace {

class Leader : public WithoutOperator {
 protected:
  void SetUp() override {
    WithoutOperator::SetUp();
    kubectl({"delete", "lease", "processhub", "-n", "processhub-system", "--ignore-not-found"});
    leases_ = std::make_unique<Watch>(
        Words{"lease", "-n", "processhub-system", "--field-selector", "metadata.name=processhub"});
  }

  [[nodiscard]] std::string holder() const {
    const json& lease = leases_->at("processhub");
    if (lease.is_null()) return "";
    return lease.at("spec").value("holderIdentity", "");
  }

  // The two, the leader first.
  void given_two(const Words& flags) {
    leader_ = std::make_unique<OperatorProcess>(flags);
    leader_->wait_ready();
    ASSERT_TRUE(wait_until([&] { return leader_->has_said("\"leading\""); }));
    ASSERT_TRUE(wait_until([&] { return !holder().empty(); }));
    first_ = holder();
    candidate_ = std::make_unique<OperatorProcess>(flags);
    candidate_->wait_ready();  // one that waits is ready, too
    operators_ = {leader_.get(), candidate_.get()};
    EXPECT_FALSE(candidate_->has_said("\"leading\""));
  }

  NodeSet nodes_{3};
  std::unique_ptr<Watch> leases_;
  std::unique_ptr<OperatorProcess> leader_;
  std::unique_ptr<OperatorProcess> candidate_;
  std::string first_;
};

TEST_F(Leader, ThatIsKilledIsReplacedByTheOther) {
  given_two(kElected);
  given_hub("workers", nodes_);
  given_children("workers", names("tenant", 4));
  eventually_placed({.children = names("tenant", 4), .nodes = nodes_.names()});
  const auto before = pods_of("workers");

  leader_->kill();
  given_children("workers", {"late"});
  auto children = names("tenant", 4);
  children.emplace_back("late");
  eventually_placed({.children = children, .nodes = nodes_.names()});
  EXPECT_TRUE(wait_until([&] { return holder() != first_; }));
  auto after = pods_of("workers");
  after.erase("late");
  EXPECT_EQ(after, before);

  // What was killed comes back as a candidate.
  leader_ = std::make_unique<OperatorProcess>(kElected);
  operators_ = {leader_.get(), candidate_.get()};
  leader_->wait_ready();
  candidate_->kill();
  delete_child("late");
  given_children("workers", {"later"});
  children.back() = "later";
  eventually_placed({.children = children, .nodes = nodes_.names()});
  EXPECT_EQ(leader_->stop(), 0);
}

// Whichever of the two takes the next one, nobody else leads a child for that.
TEST_F(Leader, WorksOnOrIsReplacedWhenItsLeaseIsDeleted) {
  given_two(kElected);
  given_hub("workers", nodes_, {{"redundancy", active_passive(2)}});
  given_children("workers", names("tenant", 4));
  eventually_run("workers", names("tenant", 4), 2);
  std::map<std::string, json> before;
  for (const auto& [name, child] : children_->objects()) before[name] = child.at("status");
  const auto pods = pods_of("workers");
  const json lease = leases_->at("processhub").at("metadata").at("uid");

  must_kubectl({"delete", "lease", "processhub", "-n", "processhub-system"});
  EXPECT_TRUE(wait_until([&] {
    const json& now = leases_->at("processhub");
    return !holder().empty() && now.at("metadata").at("uid") != lease;
  }));
  given_children("workers", {"late"});
  auto children = names("tenant", 4);
  children.emplace_back("late");
  eventually_run("workers", children, 2);
  for (const auto& [name, status] : before) {
    EXPECT_EQ(children_->at(name).at("status").at("active"), status.at("active"));
    EXPECT_EQ(children_->at(name).at("status").at("epoch"), status.at("epoch"));
  }
  auto after = pods_of("workers");
  after.erase("late");
  EXPECT_EQ(after, pods);
  EXPECT_EQ(twice_active(pods_->history(), ActiveBy::kLabel), "");
}

TEST_F(Leader, ThatIsAskedToEndHandsOverAtOnce) {
  // Without a hand-over the other would have to wait for ten minutes.
  given_two({"--lease-name=processhub", "--lease-namespace=processhub-system",
             "--lease-duration=600s", "--renew-deadline=500s", "--retry-period=500ms"});
  given_hub("workers", nodes_);
  EXPECT_EQ(leader_->stop(), 0) << leader_->log_tail(20);
  EXPECT_TRUE(wait_until([&] { return !holder().empty() && holder() != first_; }));
  given_children("workers", names("tenant", 4));
  eventually_placed({.children = names("tenant", 4), .nodes = nodes_.names()});
  EXPECT_EQ(candidate_->stop(), 0) << candidate_->log_tail(20);
}

}  // namespace
}  // namespace processhub::e2e
