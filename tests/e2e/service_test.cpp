// A Service for each child, which reaches the one that leads.
#include <gmock/gmock.h>

#include "e2e/support/fixture.h"

namespace processhub::e2e {
namespace {

class Services : public WithNodes {
 protected:
  void SetUp() override {
    WithNodes::SetUp();
    slices_ = std::make_unique<Watch>(Words{"endpointslices", "-n", ns_});
    services_ = std::make_unique<Watch>(Words{"services", "-n", ns_});
  }
  void TearDown() override {
    WithNodes::TearDown();
    slices_.reset();
    services_.reset();
  }
  static json spec(const std::string& model) {
    return {{"redundancy",
             {{"strategy", "Replication"}, {"replication", {{"factor", 2}, {"model", model}}}}},
            {"service", {{"enabled", true}, {"ports", {{{"name", "http"}, {"port", 80}}}}}}};
  }
  // The names of the pods that the Service sends to.
  [[nodiscard]] std::set<std::string> reached(const std::string& service) const {
    std::set<std::string> pods;
    for (const auto& [name, slice] : slices_->objects()) {
      const json& labels = slice.at("metadata").value("labels", json::object());
      if (labels.value("kubernetes.io/service-name", "") != service) continue;
      const json endpoints = slice.value("endpoints", json::array());
      for (const json& endpoint : endpoints.is_null() ? json::array() : endpoints) {
        pods.insert(endpoint.at("targetRef").at("name"));
      }
    }
    return pods;
  }
  void eventually_reaches(const std::string& service, const std::set<std::string>& pods) const {
    EXPECT_TRUE(wait_until([&] { return reached(service) == pods; }))
        << "it reaches " << json(reached(service)).dump();
  }
  [[nodiscard]] std::string active(const std::string& child) const {
    const json& object = children_->at(child);
    if (object.is_null()) return "";
    return object.value("/status/active/pod"_json_pointer, "");
  }

  std::unique_ptr<Watch> slices_;
  std::unique_ptr<Watch> services_;
};

TEST_F(Services, ReachTheActivePodAloneAndFollowIt) {
  given_hub("workers", *nodes_, spec("ActivePassive"));
  given_children("workers", {"tenant-1"});
  eventually_run("workers", {"tenant-1"}, 2);
  const std::string first = active("tenant-1");
  ASSERT_NE(first, "");
  eventually_reaches("tenant-1", {first});
  eventually_child_says("tenant-1", "ServiceReady", "True/ServiceMade");
  EXPECT_EQ(children_->at("tenant-1").value("/status/serviceName"_json_pointer, ""), "tenant-1");

  must_kubectl({"delete", "pod", first, "-n", ns_, "--wait=false"});
  ASSERT_TRUE(wait_until([&] { return active("tenant-1") != first; }));
  eventually_reaches("tenant-1", {active("tenant-1")});

  change_hub("workers", {{"service", {{"enabled", false}}}});
  EXPECT_TRUE(wait_until([&] { return services_->objects().empty(); }));
}

TEST_F(Services, ReachAllPeers) {
  given_hub("workers", *nodes_, spec("ActiveActive"));
  given_children("workers", {"tenant-1"});
  eventually_run("workers", {"tenant-1"}, 2);
  const auto pods = pods_of_child("tenant-1");
  eventually_reaches("tenant-1", {pods.at(0).name, pods.at(1).name});
}

TEST_F(Services, ANameThatIsTakenIsLeftAlone) {
  must_kubectl({"create", "service", "clusterip", "tenant-1", "-n", ns_, "--tcp=80"});
  given_hub("workers", *nodes_, spec("ActivePassive"));
  given_children("workers", {"tenant-1", "9lives"});
  eventually_child_says("tenant-1", "ServiceReady", "False/NameConflict");
  EXPECT_THAT(eventually_event("tenant-1", "NameConflict"), testing::HasSubstr("left alone"));
  EXPECT_FALSE(services_->at("tenant-1").at("metadata").contains("ownerReferences"));
  // A name that no Service may have has a Service all the same.
  eventually_child_says("9lives", "ServiceReady", "True/ServiceMade");
}

}  // namespace
}  // namespace processhub::e2e
