// Children that stand in their hub's spec.children.
#include <gmock/gmock.h>

#include "e2e/support/fixture.h"

namespace processhub::e2e {
namespace {

using testing::HasSubstr;

class InlineChildren : public WithNodes {
 protected:
  void apply_hub(const json& children) const {
    apply(hub_object("workers", *nodes_, {{"children", children}}));
  }
};

json with_image(const std::string& name, const std::string& image) {
  return {{"name", name},
          {"template", {{"spec", {{"containers", {{{"name", "worker"}, {"image", image}}}}}}}}};
}

TEST_F(InlineChildren, BecomeObjectsThatTheHubOwns) {
  apply_hub({{{"name", "orders"}, {"labels", {{"team", "sales"}}}},
             with_image("mail", "registry.example/mail:7")});
  eventually_placed({.children = {"orders", "mail"}, .nodes = nodes_->names()});

  const json orders = get({"phc", "orders", "-n", ns_});
  EXPECT_EQ(orders.at("spec"), json({{"hub", "workers"}}));
  EXPECT_EQ(orders.at("metadata").at("labels").at("team"), "sales");
  const json& owner = orders.at("metadata").at("ownerReferences").at(0);
  EXPECT_EQ(owner.at("kind"), "ProcessHub");
  EXPECT_EQ(owner.at("uid"), hubs_->at("workers").at("metadata").at("uid"));
  EXPECT_EQ(owner.at("controller"), true);

  const std::string mail = pods_of_child("mail").at(0).name;
  EXPECT_EQ(pods_->at(mail).at("/spec/containers/0/image"_json_pointer), "registry.example/mail:7");
  EXPECT_EQ(pods_->at(mail).at("/metadata/labels/app"_json_pointer), "workers");
}

TEST_F(InlineChildren, FollowWhatTheHubSays) {
  apply_hub({with_image("orders", "registry.example/orders:1"), {{"name", "mail"}}});
  eventually_placed({.children = {"orders", "mail"}, .nodes = nodes_->names()});
  const auto mail = pods_of_child("mail");

  apply_hub({with_image("orders", "registry.example/orders:2"),
             {{"name", "mail"}},
             {{"name", "invoices"}}});
  const auto image_of_orders = [&]() -> std::string {
    const auto pods = pods_of_child("orders");
    if (pods.size() != 1) return "";
    return pods_->at(pods.front().name).at("/spec/containers/0/image"_json_pointer);
  };
  EXPECT_TRUE(wait_until([&] { return image_of_orders() == "registry.example/orders:2"; }));
  eventually_placed({.children = {"orders", "mail", "invoices"}, .nodes = nodes_->names()});
  EXPECT_EQ(most_pods("orders"), 1);

  apply_hub({{{"name", "mail"}}});
  eventually_placed({.children = {"mail"}, .nodes = nodes_->names()});
  EXPECT_TRUE(wait_until([&] { return children_->objects().size() == 1; }));
  EXPECT_EQ(pods_of_child("mail"), mail);
}

TEST_F(InlineChildren, ComeBackWhenSomebodyDeletesOrChangesThem) {
  apply_hub({{{"name", "orders"}, {"labels", {{"team", "sales"}}}}});
  eventually_placed({.children = {"orders"}, .nodes = nodes_->names()});
  const json uid = children_->at("orders").at("metadata").at("uid");

  delete_child("orders");
  EXPECT_TRUE(wait_until([&] {
    const json& orders = children_->at("orders");
    return !orders.is_null() && orders.at("metadata").at("uid") != uid;
  }));
  eventually_placed({.children = {"orders"}, .nodes = nodes_->names()});

  must_kubectl({"label", "phc", "orders", "-n", ns_, "team-"});
  must_kubectl({"label", "phc", "orders", "-n", ns_, "mine=kept"});
  EXPECT_TRUE(wait_until([&] {
    const json& labels = children_->at("orders").at("metadata").at("labels");
    return labels.value("team", "") == "sales" && labels.value("mine", "") == "kept";
  }));

  apply_hub({{{"name", "orders"}, {"labels", {{"tier", "gold"}}}}});
  EXPECT_TRUE(wait_until([&] {
    const json& labels = children_->at("orders").at("metadata").at("labels");
    return labels.value("tier", "") == "gold" && !labels.contains("team") &&
           labels.value("mine", "") == "kept";
  }));
}

TEST_F(InlineChildren, LeaveAloneWhatHasTheirNameAndIsNotTheHubs) {
  given_hub("others", *nodes_);
  given_children("others", {"orders"});
  eventually_placed({.hub = "others", .children = {"orders"}, .nodes = nodes_->names()});
  const auto before = pods_of_child("orders");

  apply_hub({{{"name", "orders"}}, {{"name", "mail"}}});
  eventually_hub_says("workers", "ChildrenAccepted", "False/NameTaken");
  EXPECT_THAT(condition(hubs_->at("workers"), "ChildrenAccepted").at("message"),
              HasSubstr("orders"));
  eventually_placed({.children = {"mail"}, .nodes = nodes_->names()});
  EXPECT_EQ(pods_of_child("orders"), before);
  EXPECT_EQ(children_->at("orders").at("spec").at("hub"), "others");

  delete_child("orders");
  eventually_placed({.children = {"orders", "mail"}, .nodes = nodes_->names()});
  eventually_hub_says("workers", "ChildrenAccepted", "True/Accepted");
}

}  // namespace
}  // namespace processhub::e2e
