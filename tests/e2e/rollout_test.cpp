// A new template on its way through a hub: it stops where it does not come up, and goes on once it
// is mended.
#include <gmock/gmock.h>

#include "e2e/support/roles.h"

namespace processhub::e2e {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr const char* kGood = "registry.example/worker:2";
constexpr const char* kBetter = "registry.example/worker:3";
constexpr const char* kMissing = "registry.example/missing:1";  // tests/cluster/kwok.yaml

class Rollout : public WithRoles {
 protected:
  void given(const json& spec = json::object()) const {
    json hub = {{"migration", {{"childTimeoutSeconds", 2}, {"maxConcurrent", "100%"}}}};
    hub.merge_patch(spec);
    given_hub("workers", nodes_, hub);
    given_children("workers", children_names_);
    eventually_placed(wanted_);
  }
  void roll(const std::string& image) const {
    change_hub(
        "workers",
        {{"template", {{"spec", {{"containers", {{{"name", "worker"}, {"image", image}}}}}}}}});
  }
  // How many children have a pod of that image.
  [[nodiscard]] size_t with(const std::string& image) const {
    size_t count = 0;
    for (const auto& [child, pods] : pods_of("workers")) {
      count += static_cast<size_t>(std::any_of(pods.begin(), pods.end(), [&](const PodView& pod) {
        return pods_->at(pod.name).at("/spec/containers/0/image"_json_pointer) == image;
      }));
    }
    return count;
  }
  // That ever had one.
  [[nodiscard]] size_t ever_with(const std::string& image) const {
    std::set<std::string> children;
    for (const Watch::Event& event : pods_->history()) {
      if (event.object.at("/spec/containers/0/image"_json_pointer) != image) continue;
      children.insert(event.object.at("/metadata/labels/processhub.io~1child"_json_pointer));
    }
    return children.size();
  }
  void eventually_all(const std::string& image) const {
    EXPECT_TRUE(wait_until([&] { return with(image) == children_names_.size(); })) << image;
    eventually_placed(wanted_);
    eventually_hub_says("workers", "Progressing", "False/Settled");
    EXPECT_TRUE(wait_until([&] {
      return status_of(hubs_->at("workers")).at("/children/updated"_json_pointer) ==
             children_names_.size();
    }));
  }
  [[nodiscard]] std::string progress() const {
    return condition(hubs_->at("workers"), "Progressing").at("message");
  }

  const NodeSet nodes_{4};
  const std::vector<std::string> children_names_ = names("tenant", 6);
  const Wanted wanted_{.children = children_names_, .nodes = nodes_.names()};
};

TEST_F(Rollout, ByColdSwapStopsAtTheFirstChildAndOverARestart) {
  given();
  roll(kMissing);
  eventually_hub_says("workers", "Progressing", "False/RolloutStopped");
  EXPECT_EQ(ever_with(kMissing), 1U);
  EXPECT_THAT(progress(), HasSubstr("1 of 6 children have their present template"));
  EXPECT_THAT(eventually_event("workers", "RolloutStopped"), HasSubstr("mend the template"));
  const std::string failed = [&] {
    for (const std::string& child : children_names_) {
      if (said(children_->at(child), "Placed") == "True/UpdateTimedOut") return child;
    }
    return std::string();
  }();
  EXPECT_THAT(progress(), HasSubstr(failed));
  EXPECT_THAT(condition(children_->at(failed), "Ready").at("message"), HasSubstr("Back-off"));
  EXPECT_EQ(said(children_->at(failed), "Migrating"), "False/Settled");

  operator_->kill();
  operator_ = std::make_unique<OperatorProcess>();
  operators_ = {operator_.get()};
  operator_->wait_ready();
  // Something else moves, so that it has looked at all of them; the roll-out does not.
  given_children("workers", {"late"});
  EXPECT_TRUE(wait_until([&] { return pods_of("workers").contains("late"); }));
  delete_child("late");
  EXPECT_EQ(said(hubs_->at("workers"), "Progressing"), "False/RolloutStopped");
  EXPECT_EQ(with(kMissing), 2U) << "the failed one, and the new one that had no other template";

  roll(kGood);
  eventually_all(kGood);
}

TEST_F(Rollout, ByHotSwapLosesNothingAndGoesOnWithTheOldTemplateToo) {
  given({{"migration", {{"strategy", "HotSwap"}, {"hotSwap", {{"retentionSeconds", 0}}}}},
         {"update", {{"maxUnavailable", 2}}}});
  const auto before = pods_of("workers");
  const std::string image =
      pods_->at(before.begin()->second.at(0).name).at("/spec/containers/0/image"_json_pointer);
  roll(kMissing);
  eventually_hub_says("workers", "Progressing", "False/RolloutStopped");
  EXPECT_TRUE(wait_until([&] { return pods_of("workers") == before; })) << "the old ones run on";
  EXPECT_LE(ever_with(kMissing), 2U);
  for (const std::string& child : children_names_) EXPECT_GE(fewest_serving(child, 1), 1) << child;

  roll(image);  // back
  eventually_hub_says("workers", "Progressing", "False/Settled");
  EXPECT_EQ(pods_of("workers"), before);
}

TEST_F(Rollout, ANewTemplateInTheMiddleTakesOver) {
  given({{"migration", {{"strategy", "HotSwap"}, {"hotSwap", {{"retentionSeconds", 0}}}}},
         {"update", {{"maxUnavailable", 2}}}});
  roll(kGood);
  EXPECT_TRUE(wait_until([&] { return with(kGood) >= 2; }));
  roll(kBetter);
  eventually_all(kBetter);
  for (const std::string& child : children_names_) {
    EXPECT_GE(fewest_serving(child, 1), 1) << child;
    EXPECT_LE(most_pods(child), 3) << child;
  }
}

TEST_F(Rollout, HasItsOwnPlacesWithinTheBudget) {
  given();
  roll(kGood);
  eventually_all(kGood);
  EXPECT_EQ(most_migrating("workers"), 1) << "update.maxUnavailable is 1 unless you say more";
}

}  // namespace
}  // namespace processhub::e2e
