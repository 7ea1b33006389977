#include "kube/resource.h"

#include <gtest/gtest.h>

namespace processhub::kube {
namespace {

TEST(Resource, PathsAreThoseOfTheApi) {
  EXPECT_EQ(path_of(kPods, "shop", "orders-0"), "/api/v1/namespaces/shop/pods/orders-0");
  EXPECT_EQ(path_of(kPods, ""), "/api/v1/pods");
  EXPECT_EQ(path_of(kNodes, "", "a"), "/api/v1/nodes/a");
  EXPECT_EQ(path_of(kNodes, "ignored", "a"), "/api/v1/nodes/a");
  EXPECT_EQ(path_of(kProcessHubChildren, "shop", "c", "status"),
            "/apis/processhub.io/v1alpha1/namespaces/shop/processhubchildren/c/status");
  EXPECT_EQ(path_of(kLeases, "ns", "l"), "/apis/coordination.k8s.io/v1/namespaces/ns/leases/l");
  EXPECT_EQ(path_of(kEvents, "ns"), "/apis/events.k8s.io/v1/namespaces/ns/events");
}

TEST(Resource, NamesCannotLeaveTheirSegment) {
  EXPECT_EQ(path_of(kPods, "a/b", "../../nodes?x=y#z"),
            "/api/v1/namespaces/a%2Fb/pods/..%2F..%2Fnodes%3Fx%3Dy%23z");
  EXPECT_EQ(escape("ä %\n"), "%C3%A4%20%25%0A");
}

TEST(Resource, QueryLeavesOutWhatIsEmptyAndEscapesTheRest) {
  EXPECT_EQ(Query().str(), "");
  EXPECT_EQ(
      Query().add("continue", "").add("limit", "5").add("labelSelector", "a=b,c in (d)").str(),
      "?limit=5&labelSelector=a%3Db%2Cc%20in%20%28d%29");
}

TEST(Resource, ApiVersionHasTheGroupBeforeTheVersion) {
  EXPECT_EQ(kPods.api_version(), "v1");
  EXPECT_EQ(kProcessHubs.api_version(), "processhub.io/v1alpha1");
}

}  // namespace
}  // namespace processhub::kube
