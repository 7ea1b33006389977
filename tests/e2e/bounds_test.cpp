// A ring with bounded loads: no node holds more than its share, who is not at home says so,
// and nobody moves for others.
#include <future>
#include <gmock/gmock.h>

#include "e2e/support/fixture.h"

namespace processhub::e2e {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

json strict(int load_factor_percent) {
  return {
      {"distribution",
       {{"consistentHashing", {{"bound", "Strict"}, {"loadFactorPercent", load_factor_percent}}}}}};
}

int rounded_up(int a, int b) { return (a + b - 1) / b; }

class Bounds : public WithOperator {
 protected:
  struct Seat {
    std::string node;
    std::string home;  // where that is not the node
    bool operator==(const Seat&) const = default;
  };

  // What the children's statuses say; each has one replica.
  [[nodiscard]] std::map<std::string, Seat> seats() const {
    std::map<std::string, Seat> seats;
    for (const auto& [name, child] : children_->objects()) {
      const json& replica = child.at("/status/replicas"_json_pointer).back();
      seats[name] = {.node = replica.at("node"), .home = replica.value("home", "")};
    }
    return seats;
  }

  [[nodiscard]] std::map<std::string, int> loads() const {
    std::map<std::string, int> loads;
    for (const auto& [child, pods] : pods_of("workers")) ++loads[pods.at(0).node];
    return loads;
  }

  [[nodiscard]] int greatest_load() const {
    int greatest = 0;
    for (const auto& [node, load] : loads()) greatest = std::max(greatest, load);
    return greatest;
  }

  // Each child runs where its status says; that names a home, which is the ring's node for
  // it, exactly if the child is elsewhere.
  void expect_homes(const Wanted& wanted) const {
    const auto said = seats();
    for (const auto& [child, place] : places(ns_, wanted)) {
      const Seat& seat = said.at(child);
      EXPECT_EQ(seat.node, node_of(child)) << child;
      EXPECT_EQ(seat.home, seat.node == place.master ? "" : place.master) << child;
    }
  }

  void eventually_hub_tells(int greatest, const std::string& mean) const {
    const json wanted = {{"algorithm", "ring/v1"}, {"maxLoad", greatest}, {"meanLoad", mean}};
    eventually([&]() -> std::string {
      json told = status_of(hubs_->at("workers")).value("placement", json::object());
      told.erase("revision");
      return told == wanted ? "" : "the hub says " + told.dump() + ", not " + wanted.dump();
    });
  }

  // The one that there is is killed.
  void next_operator(const Words& flags = kAlone) {
    operator_->kill();
    operator_ = std::make_unique<OperatorProcess>(flags);
    operators_ = {operator_.get()};
  }

  [[nodiscard]] std::vector<std::string> not_at_home() const {
    std::vector<std::string> names;
    for (const auto& [child, seat] : seats()) {
      if (!seat.home.empty()) names.push_back(child);
    }
    return names;
  }
};

TEST_F(Bounds, HoldAndAChildThatIsNotAtHomeSaysSo) {
  const NodeSet nodes(10);
  const auto children = names("tenant", 60);
  given_children("workers", children);  // all are there when the hub comes
  given_hub("workers", nodes, strict(100));
  eventually_run("workers", children);
  EXPECT_EQ(greatest_load(), 6) << "all are full";
  eventually_hub_tells(6, "6.0");
  expect_homes({.children = children, .nodes = nodes.names()});

  const auto away = not_at_home();
  ASSERT_FALSE(away.empty());
  const std::string home = seats().at(away[0]).home;
  const auto told = AllOf(HasSubstr(home + " was full"), HasSubstr(node_of(away[0])));
  EXPECT_THAT(eventually_event(away[0], "BoundReached"), told);
  for (const std::string& child : children) {
    const bool at_home = seats().at(child).home.empty();
    EXPECT_EQ(said(children_->at(child), "Placed"),
              at_home ? "True/Preferred" : "True/BoundReached")
        << child;
  }
  EXPECT_THAT(condition(children_->at(away[0]), "Placed").at("message"), told);
}

TEST_F(Bounds, MoveOnlyWhatANodeTakesWithItWhenItLeavesAndToItWhenItJoins) {
  NodeSet nodes(10);
  const auto children = names("tenant", 60);
  given_hub("workers", nodes, strict(125));
  given_children("workers", children);
  eventually_run("workers", children);
  auto before = pods_of("workers");
  const std::string gone = node_of("tenant-1");

  nodes.remove(gone);
  EXPECT_TRUE(wait_until([&] { return !loads().contains(gone); }));
  eventually_run("workers", children);
  for (const auto& [child, pods] : pods_of("workers")) {
    const bool was_there = before.at(child).at(0).node == gone;
    EXPECT_EQ(pods != before.at(child), was_there) << child;
  }
  EXPECT_LE(greatest_load(), rounded_up(60 * 125, 100 * 9));
  expect_homes({.children = children, .nodes = nodes.names()});
  EXPECT_EQ(most_migrating("workers"), 0) << "what is lost is no voluntary move";

  before = pods_of("workers");
  const std::string joined = nodes.add();
  EXPECT_TRUE(wait_until(
      [&] { return hubs_->at("workers").at("/status/nodes/members"_json_pointer) == 10; }));
  // Until nobody would rather be there.
  const Wanted wanted{.children = children, .nodes = nodes.names()};
  const auto homes = places(ns_, wanted);
  const int room = rounded_up(60 * 125, 100 * 10);
  const int theirs =
      static_cast<int>(std::count_if(homes.begin(), homes.end(), [&](const auto& entry) {
        return entry.second.master == joined;
      }));
  EXPECT_TRUE(wait_until([&] { return loads()[joined] == std::min(room, theirs); }));
  eventually_run("workers", children);
  for (const auto& [child, pods] : pods_of("workers")) {
    EXPECT_EQ(pods != before.at(child), pods.at(0).node == joined) << child;
  }
  expect_homes(wanted);
  EXPECT_LE(most_migrating("workers"), 4);
}

TEST_F(Bounds, CanBeGivenToAHubAndTakenFromIt) {
  const NodeSet nodes(6);
  auto children = names("tenant", 36);
  given_hub("workers", nodes);
  given_children("workers", children);
  const Wanted wanted{.children = children, .nodes = nodes.names()};
  eventually_placed(wanted);
  eventually_hub_tells(greatest_load(), "6.0");
  EXPECT_THAT(not_at_home(), IsEmpty());
  eventually_child_says("tenant-1", "Placed", "True/Preferred");
  const auto before = pods_of("workers");

  // Those that run stay where they are; those that come find no room above the bound.
  change_hub("workers", strict(100));
  const auto more = names("late", 12);
  given_children("workers", more);
  children.insert(children.end(), more.begin(), more.end());
  eventually_run("workers", children);
  auto now = pods_of("workers");
  for (const std::string& child : more) now.erase(child);
  EXPECT_EQ(now, before);
  for (const std::string& child : more) EXPECT_LE(loads().at(node_of(child)), 8) << child;
  expect_homes({.children = children, .nodes = nodes.names()});
  ASSERT_FALSE(not_at_home().empty());

  // All go home.
  change_hub("workers", {{"distribution", {{"consistentHashing", {{"bound", "None"}}}}}});
  eventually_placed({.children = children, .nodes = nodes.names()});
  EXPECT_THAT(not_at_home(), IsEmpty());
  EXPECT_LE(most_migrating("workers"), 4);
}

TEST_F(Bounds, AreKnownToTheNextOperatorEvenIfTheLastOneEndedInTheMiddle) {
  const NodeSet nodes(10);
  const auto children = names("tenant", 60);
  given_hub("workers", nodes, strict(100));
  // One request at a time, so that many pods are made before their children's statuses say
  // anything; and the bound grows while it does that: homes that were full have room later.
  Words slow = kAlone;
  slow.emplace_back("--max-in-flight=1");
  next_operator(slow);
  auto made = std::async(std::launch::async, [&] { given_children("workers", children); });
  for (const size_t pods : {10, 30, 50}) {
    EXPECT_TRUE(wait_until([&] { return pods_->objects().size() > pods; }));
    next_operator(slow);
  }
  made.get();
  eventually_run("workers", children);
  EXPECT_EQ(greatest_load(), 6);
  expect_homes({.children = children, .nodes = nodes.names()});
  for (const std::string& child : children) EXPECT_EQ(pods_ever(child), 1) << child;
  next_operator();
}

TEST_F(Bounds, AreKnownToTheNextOperator) {
  const NodeSet nodes(10);
  auto children = names("tenant", 60);
  given_hub("workers", nodes, strict(100));
  given_children("workers", children);
  eventually_run("workers", children);
  ASSERT_FALSE(not_at_home().empty());
  Words gone = {"delete", "phc", "--wait=false", "-n", ns_};
  gone.insert(gone.end(), children.begin() + 50, children.end());
  must_kubectl(gone);  // so that homes have room again
  children.resize(50);
  eventually_run("workers", children);
  const auto pods = pods_of("workers");
  const auto before = children_->objects();

  next_operator();
  children.emplace_back("witness");
  given_children("workers", {"witness"});
  eventually_run("workers", children);

  auto now = pods_of("workers");
  now.erase("witness");
  EXPECT_EQ(now, pods);
  std::vector<std::string> written;
  for (const auto& [name, child] : before) {
    if (children_->at(name) != child) written.push_back(name);
  }
  EXPECT_THAT(written, IsEmpty());
}

TEST_F(Bounds, MoveNobodyWhenOtherChildrenComeAndGo) {
  const NodeSet nodes(10);
  auto children = names("tenant", 60);
  given_hub("workers", nodes, strict(100));
  given_children("workers", children);
  eventually_run("workers", children);
  EXPECT_EQ(greatest_load(), 6) << "all are full";
  auto pods = pods_of("workers");
  auto before = seats();

  // Those that go make room in the homes of some that stay.
  Words gone = {"delete", "phc", "--wait=false", "-n", ns_};
  for (int i = 1; i <= 20; ++i) {
    const std::string child = "tenant-" + std::to_string(i);
    gone.push_back(child);
    pods.erase(child);
    before.erase(child);
    std::erase(children, child);
  }
  must_kubectl(gone);
  eventually_run("workers", children);
  EXPECT_EQ(pods_of("workers"), pods);
  EXPECT_EQ(seats(), before);

  const auto more = names("late", 30);
  given_children("workers", more);
  children.insert(children.end(), more.begin(), more.end());
  eventually_run("workers", children);
  EXPECT_EQ(greatest_load(), 7);
  eventually_hub_tells(7, "7.0");
  expect_homes({.children = children, .nodes = nodes.names()});
  auto now = pods_of("workers");
  std::erase_if(now, [&](const auto& entry) { return !pods.contains(entry.first); });
  EXPECT_EQ(now, pods);
  EXPECT_EQ(most_migrating("workers"), 0);
}

}  // namespace
}  // namespace processhub::e2e
