// What users get wrong, what they are told, and that it harms nobody else.
#include <gmock/gmock.h>

#include "e2e/support/fixture.h"

namespace processhub::e2e {
namespace {

using testing::HasSubstr;

class Input : public WithNodes {};

json refused_template() {
  return {{"template",
           {{"spec",
             {{"containers",
               {{{"name", "worker"},
                 {"image", "registry.example/worker:1"},
                 {"imagePullPolicy", "Sometimes"}}}}}}}}};
}

TEST_F(Input, AChildOfAHubThatIsNotThereIsToldSoAndStartsWhenItComes) {
  given_children("workers", {"tenant-1"});
  eventually_child_says("tenant-1", "Accepted", "False/HubNotFound");
  EXPECT_THAT(eventually_event("tenant-1", "HubNotFound"), HasSubstr("workers"));
  EXPECT_EQ(children_->at("tenant-1").at("status").at("phase"), "Rejected");

  given_hub("workers", *nodes_);
  eventually_placed({.children = {"tenant-1"}, .nodes = nodes_->names()});
  eventually_child_says("tenant-1", "Accepted", "True/Accepted");
}

TEST_F(Input, ATemplateThatTheApiServerRefusesIsSaidInItsWords) {
  given_hub("workers", *nodes_, refused_template());
  given_children("workers", {"tenant-1"});
  eventually_hub_says("workers", "TemplateValid", "False/Refused");
  EXPECT_THAT(condition(hubs_->at("workers"), "TemplateValid").at("message"),
              HasSubstr("Sometimes"));
  EXPECT_THAT(eventually_event("workers", "Refused"), HasSubstr("imagePullPolicy"));
  eventually_child_says("tenant-1", "Accepted", "False/TemplateInvalid");
  EXPECT_TRUE(pods_->objects().empty());

  apply(hub_object("workers", *nodes_));
  eventually_placed({.children = {"tenant-1"}, .nodes = nodes_->names()});
}

TEST_F(Input, AMisspeltFieldOfATemplateIsNamed) {
  given_hub(
      "workers", *nodes_,
      {{"template",
        {{"spec", {{"containers", {{{"name", "worker"}, {"image", "a"}, {"imagee", "b"}}}}}}}}});
  eventually_hub_says("workers", "TemplateValid", "False/Refused");
  EXPECT_THAT(condition(hubs_->at("workers"), "TemplateValid").at("message"),
              HasSubstr("unknown field \"spec.containers[0].imagee\""));
}

TEST_F(Input, AHubWithoutNodesSaysSoAndStartsWhenItHasSome) {
  const std::string& node = nodes_->names()[0];
  given_hub("workers", *nodes_, {{"nodes", {{"selector", {{"matchLabels", {{"rack", ns_}}}}}}}});
  given_children("workers", names("tenant", 2));
  eventually_hub_says("workers", "Ready", "False/NoNodes");
  eventually_child_says("tenant-1", "Ready", "False/NoNodes");
  eventually_event("workers", "NoNodes");
  EXPECT_TRUE(pods_->objects().empty());

  must_kubectl({"label", "node", node, "rack=" + ns_});
  eventually_placed({.children = names("tenant", 2), .nodes = {node}});
  must_kubectl({"label", "node", node, "rack-"});
  eventually_hub_says("workers", "Ready", "False/NoNodes");
}

TEST_F(Input, AChildsOwnTemplateThatIsRefusedHarmsThatChildAlone) {
  given_hub("workers", *nodes_);
  given_children("workers", {"good"});
  apply({{"apiVersion", "processhub.io/v1alpha1"},
         {"kind", "ProcessHubChild"},
         {"metadata", {{"name", "bad"}, {"namespace", ns_}}},
         {"spec", {{"hub", "workers"}, {"template", refused_template().at("template")}}}});
  eventually_child_says("bad", "Accepted", "False/TemplateInvalid");
  EXPECT_TRUE(
      wait_until([&] { return said(children_->at("good"), "Ready") == "True/AllReplicasReady"; }));
  EXPECT_TRUE(pods_of_child("bad").empty());
  eventually_hub_says("workers", "TemplateValid", "True/Accepted");
}

TEST_F(Input, ABrokenHubDoesNoHarmToAnother) {
  given_hub("broken", *nodes_, refused_template());
  given_hub("empty", *nodes_, {{"nodes", {{"selector", {{"matchLabels", {{"rack", "none"}}}}}}}});
  given_children("broken", names("broken", 20));
  given_children("empty", names("empty", 20));
  eventually_hub_says("broken", "TemplateValid", "False/Refused");
  eventually_hub_says("empty", "Ready", "False/NoNodes");

  given_hub("workers", *nodes_);
  given_children("workers", names("tenant", 10));
  eventually_placed({.children = names("tenant", 10), .nodes = nodes_->names()});
  must_kubectl({"delete", "phub", "broken", "-n", ns_});
  eventually_child_says("broken-1", "Accepted", "False/HubNotFound");
  EXPECT_EQ(pods_of("workers").size(), 10);
}

TEST_F(Input, AHubThatIsAppliedTogetherWithItsNamespaceStarts) {
  // The service account of its pods is made by Kubernetes a moment after the namespace.
  const std::string ns = unique_name("e2e");
  json hub = hub_object("workers", *nodes_, {{"children", {{{"name", "tenant-1"}}}}});
  hub["metadata"]["namespace"] = ns;
  apply(json{{"apiVersion", "v1"},
             {"kind", "List"},
             {"items",
              {{{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", ns}}}}, hub}}});
  const Watch hubs({"phub", "-n", ns});
  EXPECT_TRUE(wait_until([&] {
    return said(hubs.at("workers"), "Ready") == "True/AllChildrenReady" &&
           hubs.at("workers").at("/status/children/ready"_json_pointer) == 1;
  })) << hubs.at("workers");
  kubectl({"delete", "namespace", ns, "--wait=false"});
}

}  // namespace
}  // namespace processhub::e2e
