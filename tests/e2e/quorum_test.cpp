// Too few of a hub's nodes are present for its partition tolerance.
#include <gmock/gmock.h>

#include "e2e/support/fixture.h"

namespace processhub::e2e {
namespace {

using testing::HasSubstr;

class Quorum : public WithOperator {
 protected:
  static json annotation_of(const json& hub) {
    return hub.value("/metadata/annotations/processhub.io~1reset-cluster-size"_json_pointer,
                     json());
  }
  void reset_cluster_size(const std::string& to) {
    must_kubectl({"annotate", "-n", ns_, "phub", "workers",
                  "processhub.io/reset-cluster-size=" + to, "--overwrite"});
    eventually([&]() -> std::string {
      const json left = annotation_of(hubs_->at("workers"));
      return left.is_null() ? "" : "the annotation is still there: " + left.dump();
    });
  }
};

const json kTracked = {
    {"partitionTolerance",
     {{"strategy", "MajorityQuorum"}, {"majorityQuorum", {{"trackMaxSize", true}}}}}};

TEST_F(Quorum, LocksUntilNodesAreBackOrTheSizeIsReset) {
  NodeSet nodes(4);
  const auto children = names("tenant", 12);
  given_hub("workers", nodes, kTracked);
  given_children("workers", children);
  eventually_placed({.children = children, .nodes = nodes.names()});
  eventually_hub_says("workers", "QuorumLost", "False/QuorumHeld");
  const auto before = pods_of("workers");

  // Two of four: no MassLoss, but no majority either.
  const std::vector<std::string> gone{nodes.names()[0], nodes.names()[1]};
  const std::vector<std::string> left{nodes.names()[2], nodes.names()[3]};
  NodeSet::lose(gone);
  eventually_hub_says("workers", "QuorumLost", "True/TooFewNodes");
  EXPECT_THAT(eventually_event("workers", "QuorumLost"), HasSubstr("2 of 4 nodes present, 3"));
  const json status = hubs_->at("workers").at("status");
  EXPECT_EQ(status.at("quorum"),
            json({{"required", 3}, {"present", 2}, {"maxSeen", 4}, {"locked", true}}));
  EXPECT_THAT(must_kubectl({"get", "phub", "-n", ns_, "workers", "--no-headers"}),
              HasSubstr("true"));

  // Somebody deletes what is gone for good. That alone is no reason yet.
  for (const std::string& node : gone) nodes.remove(node);
  eventually_hub_says("workers", "QuorumLost", "True/TooFewNodes");
  EXPECT_EQ(hubs_->at("workers").at("/status/nodes/members"_json_pointer), 4);

  reset_cluster_size("two");
  EXPECT_THAT(eventually_event("workers", "InvalidClusterSize"), HasSubstr("is \"two\""));
  eventually_hub_says("workers", "ClusterSizeReset", "False/InvalidClusterSize");
  EXPECT_EQ(said(hubs_->at("workers"), "QuorumLost"), "True/TooFewNodes");

  reset_cluster_size("2");
  eventually_event("workers", "ClusterSizeReset");
  eventually_hub_says("workers", "ClusterSizeReset", "True/ClusterSizeReset");
  eventually_hub_says("workers", "QuorumLost", "False/QuorumHeld");
  eventually_event("workers", "QuorumRestored");
  EXPECT_EQ(hubs_->at("workers").at("/status/quorum/maxSeen"_json_pointer), 2);
  eventually_placed({.children = children, .nodes = left});
}

}  // namespace
}  // namespace processhub::e2e
