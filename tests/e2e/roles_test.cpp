// Who of a child's pods leads, under which epoch, and how that is told.
#include "e2e/support/roles.h"

#include <gmock/gmock.h>

namespace processhub::e2e {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

class Roles : public WithRoles {
 protected:
  [[nodiscard]] std::vector<std::string> roles_of(const std::string& child) const {
    std::vector<std::string> roles;
    for (const PodView& pod : pods_of_child(child))
      roles.push_back(role_label(pods_->at(pod.name)));
    return roles;
  }

  void eventually_peers(const std::string& child, size_t count) const {
    eventually([&] {
      const auto roles = roles_of(child);
      const bool all =
          roles.size() == count &&
          std::all_of(roles.begin(), roles.end(), [](auto& role) { return role == "peer"; });
      const bool told = said(children_->at(child), "Active").empty() &&
                        !status_of(children_->at(child)).contains("active");
      return all && told ? ""
                         : child + " has roles " + testing::PrintToString(roles) + " and says " +
                               status_of(children_->at(child)).dump();
    });
  }
};

int64_t seconds_of_creation(const json& object) {
  std::tm time{};
  const std::string text = object.at("metadata").at("creationTimestamp");
  strptime(text.c_str(), "%Y-%m-%dT%H:%M:%SZ", &time);
  return timegm(&time);
}

json roles_in(const json& status) {
  json roles;
  for (const json& replica : status.at("replicas")) roles[replica.at("pod")] = replica.at("role");
  return roles;
}

TEST_F(Roles, OneReplicaLeadsAndTheOthersStandBy) {
  const NodeSet nodes(4);
  const auto children = names("tenant", 4);
  given_hub("workers", nodes, {{"redundancy", active_passive(2)}});
  given_children("workers", children);
  eventually_placed({.children = children, .nodes = nodes.names(), .factor = 2});
  for (const std::string& child : children) {
    const Lead lead = eventually_led(child);
    EXPECT_THAT(roles_of(child), UnorderedElementsAre("active", "passive"));
    const json& object = children_->at(child);
    const json& status = object.at("status");
    EXPECT_GT(lead.epoch, seconds_of_creation(object));
    EXPECT_EQ(said(object, "Active"), "True/FirstStart");
    EXPECT_EQ(roles_in(status), json({{lead.pod, "active"}, {standby_of(child).name, "passive"}}));
    EXPECT_EQ(status.at("active").at("nodeUID"), get({"node", lead.node}).at("metadata").at("uid"));
    EXPECT_TRUE(status.at("active").contains("sinceTime"));
    const std::string line = must_kubectl({"get", "phc", child, "-n", ns_, "--no-headers", "-o",
                                           "custom-columns=A:.status.active.node,E:.status.epoch"});
    EXPECT_THAT(line, HasSubstr(lead.node));
    const std::string columns = must_kubectl({"get", "phc", child, "-n", ns_});
    EXPECT_THAT(columns, HasSubstr(" " + lead.node + " "));
    EXPECT_THAT(columns, HasSubstr(" " + std::to_string(lead.epoch) + " "));
  }
  EXPECT_EQ(get({"pods", "-n", ns_, "-l", "processhub.io/role=active"}).at("items").size(),
            children.size());
  EXPECT_THAT(eventually_event("tenant-1", "RoleChanged"), HasSubstr("FirstStart"));
}

TEST_F(Roles, SingletonsLeadToo) {
  const NodeSet nodes(2);
  given_hub("workers", nodes);
  given_children("workers", {"single"});
  eventually_placed({.children = {"single"}, .nodes = nodes.names()});
  const Lead lead = eventually_led("single");
  EXPECT_GT(lead.epoch, seconds_of_creation(children_->at("single")));
  EXPECT_EQ(lead.uid, pods_of_child("single").at(0).uid);

  // Its next pod leads under the next epoch.
  must_kubectl({"delete", "pod", lead.pod, "-n", ns_, "--wait=false"});
  eventually_led_by_another("single", lead);
}

TEST_F(Roles, PodsReadTheirsFromAFile) {
  const NodeSet nodes(2);
  given_hub("workers", nodes, {{"redundancy", active_passive(2)}});
  given_children("workers", {"tenant"});
  const Lead lead = eventually_led("tenant");
  for (const PodView& view : pods_of_child("tenant")) {
    const json spec = get({"pod", view.name, "-n", ns_}).at("spec");
    const json& container = spec.at("containers").at(0);
    std::string file;
    for (const json& entry : container.at("env")) {
      if (entry.at("name") == "PROCESSHUB_ROLE_FILE") file = entry.at("value");
    }
    std::map<std::string, std::string> files;  // by what they hold
    std::string directory;
    for (const json& volume : spec.at("volumes")) {
      if (!volume.contains("downwardAPI")) continue;
      for (const json& item : volume.at("downwardAPI").at("items")) {
        files[item.at("fieldRef").at("fieldPath")] = item.at("path");
      }
      for (const json& mount : container.at("volumeMounts")) {
        if (mount.at("name") == volume.at("name")) directory = mount.at("mountPath");
      }
    }
    EXPECT_EQ(file, directory + "/" + files["metadata.annotations['processhub.io/role']"]);
    EXPECT_TRUE(files.contains("metadata.annotations['processhub.io/peers']"));
  }
  // Each knows the other.
  eventually([&]() -> std::string {
    const json peers = json::parse(
        pods_->at(lead.pod).at("metadata").at("annotations").value("processhub.io/peers", "[]"));
    const PodView standby = standby_of("tenant");
    if (peers.size() == 1 && peers.at(0).value("pod", "") == standby.name &&
        peers.at(0).value("node", "") == standby.node) {
      return "";
    }
    return "the lead's peers are " + peers.dump();
  });
}

TEST_F(Roles, TheModelChangesWithTheSamePods) {
  const NodeSet nodes(3);
  const json peers = {{"redundancy", replication(2)}};
  given_hub("workers", nodes, peers);
  given_children("workers", {"tenant"});
  eventually_placed({.children = {"tenant"}, .nodes = nodes.names(), .factor = 2});
  eventually_peers("tenant", 2);
  const auto pods = pods_of_child("tenant");
  EXPECT_EQ(get({"pods", "-n", ns_, "-l", "processhub.io/role=active"}).at("items").size(), 0);

  change_hub("workers", {{"redundancy", active_passive(2)}});
  const Lead first = eventually_led("tenant");
  change_hub("workers", {{"redundancy", {{"replication", {{"model", "ActiveActive"}}}}}});
  eventually_peers("tenant", 2);
  EXPECT_GT(status_of(children_->at("tenant")).at("epoch"), first.epoch);
  change_hub("workers", {{"redundancy", active_passive(2)}});
  const Lead second = eventually_led_anew("tenant", first);
  EXPECT_GT(second.epoch, first.epoch + 1);
  EXPECT_EQ(pods_of_child("tenant"), pods);
}

TEST_F(Roles, ALeadOnTheSurplusHandsOverBeforeItGoes) {
  const NodeSet nodes(3);
  given_hub("workers", nodes, {{"redundancy", active_passive(2)}});
  given_children("workers", {"tenant"});
  eventually_placed({.children = {"tenant"}, .nodes = nodes.names(), .factor = 2});
  Lead lead = eventually_led("tenant");
  const std::string home =
      places(ns_, {.children = {"tenant"}, .nodes = nodes.names()}).at("tenant").master;
  if (lead.node == home) {  // the one that stays
    switch_to("tenant", standby_of("tenant").node);
    lead = eventually_led_by_another("tenant", lead);
    eventually_obeyed("tenant", "True/Switched");
  }
  const PodView stays = standby_of("tenant");

  change_hub("workers", {{"redundancy", active_passive(1)}});
  eventually_placed({.children = {"tenant"}, .nodes = nodes.names()});
  const Lead after = eventually_led_by_another("tenant", lead);
  EXPECT_EQ(after.uid, stays.uid);
  EXPECT_LT(first_active(stays.uid), first_ending(lead.uid));
}

TEST_F(Roles, AChildMadeAgainHasAHigherEpoch) {
  const NodeSet nodes(2);
  given_hub("workers", nodes, {{"redundancy", active_passive(2)}});
  given_children("workers", {"tenant"});
  eventually_run("workers", {"tenant"}, 2);
  const Lead first = eventually_led("tenant");
  delete_child("tenant");
  EXPECT_TRUE(wait_until([&] { return pods_->objects().empty(); }));
  given_children("workers", {"tenant"});
  eventually_led_by_another("tenant", first);
}

}  // namespace
}  // namespace processhub::e2e
