// A hub's template changes, cannot be used, or the hub is paused.
#include <gmock/gmock.h>

#include "e2e/support/fixture.h"

namespace processhub::e2e {
namespace {

using testing::HasSubstr;

class Update : public WithNodes {
 protected:
  void TearDown() override {
    for (const std::string& node : nodes_->names()) kubectl({"uncordon", node});
    WithNodes::TearDown();
  }

  // Whether every pod of the hub runs this image.
  bool all_run(const std::string& image) const {
    const auto all = pods_of("workers");
    return std::all_of(all.begin(), all.end(), [&](const auto& entry) {
      return std::all_of(entry.second.begin(), entry.second.end(), [&](const PodView& pod) {
        return pods_->at(pod.name).at("/spec/containers/0/image"_json_pointer) == image;
      });
    });
  }
};

json with_image(const std::string& image) {
  return {{"template", {{"spec", {{"containers", {{{"name", "worker"}, {"image", image}}}}}}}}};
}

json with_memory(const std::string& quantity) {
  json spec = with_image("registry.example/worker:2");
  spec["template"]["spec"]["containers"][0]["resources"] = {{"requests", {{"memory", quantity}}}};
  return spec;
}

TEST_F(Update, OfTheTemplateRollsReplicaByReplicaWithinTheBudget) {
  const auto children = names("tenant", 10);
  const Wanted wanted{.children = children, .nodes = nodes_->names(), .factor = 2};
  given_hub("workers", *nodes_,
            {{"redundancy", replication(2)},
             {"migration", {{"maxConcurrent", 3}}},
             {"update", {{"maxUnavailable", 3}}}});
  given_children("workers", children);
  eventually_placed(wanted);

  change_hub("workers", with_image("registry.example/worker:2"));
  EXPECT_TRUE(wait_until([&] { return all_run("registry.example/worker:2"); }));
  eventually_placed(wanted);

  EXPECT_LE(most_migrating("workers"), 3);
  for (const std::string& child : children) EXPECT_EQ(fewest_serving(child, 2), 1) << child;
  for (const std::string& child : children) EXPECT_EQ(most_pods(child), 2) << child;
}

TEST_F(Update, ThatTheApiServerRefusesMovesNothing) {
  const auto children = names("tenant", 6);
  given_hub("workers", *nodes_);
  given_children("workers", children);
  eventually_placed({.children = children, .nodes = nodes_->names()});
  const auto before = pods_of("workers");

  change_hub("workers", with_memory("a lot"));
  eventually_hub_says("workers", "TemplateValid", "False/Refused");
  EXPECT_THAT(condition(hubs_->at("workers"), "TemplateValid").at("message"),
              HasSubstr("quantities must match"));
  for (const std::string& child : children) {
    eventually_child_says(child, "Accepted", "False/TemplateInvalid");
  }
  EXPECT_EQ(pods_of("workers"), before);

  // What is lost meanwhile is made of the template that was accepted.
  const std::string lost = pods_of_child("tenant-1").at(0).name;
  const json uid = pods_->at(lost).at("metadata").at("uid");
  must_kubectl({"delete", "pod", lost, "-n", ns_, "--wait=false"});
  EXPECT_TRUE(wait_until([&] {
    const auto now = pods_of_child("tenant-1");
    return now.size() == 1 && pods_->at(now[0].name).at("metadata").at("uid") != uid;
  }));
  eventually_placed({.children = children, .nodes = nodes_->names()});

  change_hub("workers", with_memory("8Mi"));
  EXPECT_TRUE(wait_until([&] { return all_run("registry.example/worker:2"); }));
  eventually_placed({.children = children, .nodes = nodes_->names()});
  eventually_hub_says("workers", "TemplateValid", "True/Accepted");
}

TEST_F(Update, OfAPausedHubWaitsUntilItIsResumed) {
  const auto children = names("tenant", 8);
  given_hub("workers", *nodes_);
  given_hub("witnesses", *nodes_, {{"migration", {{"maxConcurrent", "100%"}}}});
  given_children("workers", children);
  given_children("witnesses", names("witness", 30));
  eventually_placed({.children = children, .nodes = nodes_->names()});
  eventually_placed(
      {.hub = "witnesses", .children = names("witness", 30), .nodes = nodes_->names()});
  auto before = pods_of("workers");

  change_hub("workers", {{"paused", true}});
  eventually_hub_says("workers", "Progressing", "False/Paused");
  change_hub("workers", with_image("registry.example/worker:2"));
  given_children("workers", {"late"});
  delete_child("tenant-8");
  before.erase("tenant-8");  // its pods go by Kubernetes' own hand
  const std::string node = before.at("tenant-1").at(0).node;
  must_kubectl({"cordon", node});
  eventually_placed(
      {.hub = "witnesses", .children = names("witness", 30), .nodes = nodes_->all_but({node})});
  EXPECT_TRUE(wait_until([&] { return pods_of("workers").size() == 7; }));
  eventually_hub_says("workers", "TemplateValid", "True/Accepted");
  EXPECT_EQ(pods_of("workers"), before);

  change_hub("workers", {{"paused", false}});
  auto wanted = names("tenant", 7);
  wanted.emplace_back("late");
  EXPECT_TRUE(wait_until([&] { return all_run("registry.example/worker:2"); }));
  eventually_placed({.children = wanted, .nodes = nodes_->all_but({node})});
}

}  // namespace
}  // namespace processhub::e2e
