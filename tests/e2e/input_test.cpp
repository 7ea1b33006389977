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
  const auto before = pods_of("workers");
  must_kubectl({"label", "node", node, "rack-"});
  eventually_hub_says("workers", "Ready", "False/NoNodes");
  eventually_child_says("tenant-2", "Placed", "False/NoNodes");
  EXPECT_EQ(pods_of("workers"), before) << "what runs is left running";
}

TEST_F(Input, AWeightThatIsNoneIsNamedAndCountsAsUsual) {
  const auto& nodes = nodes_->names();
  const auto children = names("tenant", 12);
  given_hub("workers", *nodes_, {{"nodes", {{"weightLabel", "e2e-worth"}}}});
  given_children("workers", children);
  eventually_placed({.children = children, .nodes = nodes});
  const auto before = pods_of("workers");

  const std::vector<std::string> values = {"heavy", "0", "20000"};
  for (size_t i = 0; i < values.size(); ++i) {
    must_kubectl({"label", "node", nodes[i], "e2e-worth=" + values[i]});
  }
  EXPECT_TRUE(wait_until([&] {
    const json told = condition(hubs_->at("workers"), "Degraded");
    const std::string message = told.at("message");
    bool all = told.at("status") == "True" && told.at("reason") == "InvalidWeight";
    for (size_t i = 0; i < values.size(); ++i) {
      const std::string what = "node " + nodes[i] + ": label e2e-worth is \"" + values[i] + "\"";
      all = all && message.find(what) != std::string::npos;
    }
    return all;
  })) << hubs_->at("workers");
  EXPECT_THAT(eventually_event("workers", "InvalidWeight"),
              HasSubstr("no integer from 1 to 10000"));
  eventually_placed({.children = children, .nodes = nodes});
  EXPECT_EQ(pods_of("workers"), before);
  must_kubectl({"label", "node", nodes[0], nodes[1], nodes[2], "e2e-worth-"});
  eventually_hub_says("workers", "Degraded", "False/AsDesired");
}

TEST_F(Input, WhatTheApiServerRefusesChangesNothing) {
  const auto children = names("tenant", 6);
  given_hub("workers", *nodes_);
  given_children("workers", children);
  eventually_placed({.children = children, .nodes = nodes_->names()});
  const auto before = pods_of("workers");
  const json hub = get({"phub", "workers", "-n", ns_});

  const auto refusal = [&](const json& spec) {
    const json whole = {{"spec", spec}};
    const Output output =
        kubectl({"patch", "phub", "workers", "-n", ns_, "--type=merge", "-p", whole.dump()});
    EXPECT_NE(output.code, 0) << spec;
    return output.err;
  };
  EXPECT_THAT(refusal({{"distribution", {{"consistentHashing", {{"loadFactorPercent", 90}}}}}}),
              HasSubstr("spec.distribution.consistentHashing.loadFactorPercent"));
  EXPECT_THAT(
      refusal({{"distribution", {{"strategy", "Guided"}}},
               {"redundancy",
                {{"strategy", "Replication"}, {"replication", {{"factor", "ClusterSize"}}}}}}),
      HasSubstr("spec.redundancy.replication.factor"));
  EXPECT_THAT(refusal({{"distribution", {{"strategy", "Random"}}}}),
              HasSubstr("spec.distribution.strategy"));
  EXPECT_THAT(refusal({{"spillAfterSeconds", 0}}), HasSubstr("spec.spillAfterSeconds"));

  // What comes after them works.
  given_children("workers", {"late"});
  eventually_child_says("late", "Ready", "True/AllReplicasReady");
  EXPECT_EQ(get({"phub", "workers", "-n", ns_}).at("spec"), hub.at("spec"));
  auto now = pods_of("workers");
  now.erase("late");
  EXPECT_EQ(now, before);
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
