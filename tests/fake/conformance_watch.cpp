// Of the conversation with an API server (conformance.h): watches of what the deletes and the
// writes before them did.
#include "fake/conformance_steps.h"

namespace processhub::testing {
namespace {

using kube::Method;

const std::string kPods = "/api/v1/namespaces/${NS}/pods";
const std::string kHubs = "/apis/processhub.io/v1alpha1/namespaces/${NS}/processhubs";
const std::string kChildren = "/apis/processhub.io/v1alpha1/namespaces/${NS}/processhubchildren";

}  // namespace

std::vector<Step> watch_steps() {
  return {
      {.name = "watch from a version",
       .path = kPods + "?watch=true&resourceVersion=${begin.rv}&fieldSelector=metadata.name%3Dw&"
                       "timeoutSeconds=1",
       .outcome = "ADDED w, MODIFIED w, MODIFIED w, MODIFIED w, MODIFIED w, DELETED w"},
      {.name = "watch of a selection",
       .path =
           kPods + "?watch=true&resourceVersion=${begin.rv}&labelSelector=w%3D1&timeoutSeconds=1",
       .outcome = "ADDED w, MODIFIED w, DELETED w, ADDED w, MODIFIED w, DELETED w"},
      {.name = "watch of a bound pod",
       .path = kPods + "?watch=true&resourceVersion=${begin.rv}&fieldSelector=metadata.name%"
                       "3Dbound&timeoutSeconds=1",
       .outcome = "MODIFIED bound, MODIFIED bound, MODIFIED bound, MODIFIED bound, MODIFIED bound, "
                  "DELETED bound"},
      {.name = "watch of all namespaces",
       .path = "/api/v1/"
               "pods?watch=true&resourceVersion=${begin.rv}&labelSelector=w%3D1&fieldSelector="
               "metadata.namespace%3D${NS}&timeoutSeconds=1",
       .outcome = "ADDED w, MODIFIED w, DELETED w, ADDED w, MODIFIED w, DELETED w"},
      {.name = "watch of children",
       .path = kChildren + "?watch=true&fieldSelector=metadata.name%3Dd&resourceVersion=${begin.rv}"
                           "&timeoutSeconds=1",
       .outcome = "DELETED d"},
      {.name = "watch of hubs",
       .path = kHubs + "?watch=true&resourceVersion=${begin.rv}&timeoutSeconds=1",
       .outcome = "MODIFIED h, DELETED h"},
      {.name = "watch without a version",
       .path = kPods + "?watch=true&labelSelector=app%3Dx&timeoutSeconds=1",
       .outcome = "ADDED a, ADDED b"},
      {.name = "watch from version 0",
       .path = kPods + "?watch=true&resourceVersion=0&labelSelector=app%3Dx&timeoutSeconds=1",
       .outcome = "ADDED a, ADDED b"},
      {.name = "watch with bookmarks",
       .path = kPods + "?watch=true&allowWatchBookmarks=true&resourceVersion=${begin.rv}&"
                       "labelSelector=w%3D1&timeoutSeconds=4",
       .outcome = "ADDED w, MODIFIED w, DELETED w, ADDED w, MODIFIED w, DELETED w, BOOKMARK"},
      {.name = "watch from a version that cannot be read",
       .path = kPods + "?watch=true&resourceVersion=abc&timeoutSeconds=1",
       .outcome = "500 "},
      {.name = "watch by an unknown field",
       .path = kPods + "?watch=true&fieldSelector=spec.foo%3D1&timeoutSeconds=1",
       .outcome = "400 BadRequest"},
      {.name = "delete of the node",
       .method = Method::kDelete,
       .path = "/api/v1/nodes/${NODE}",
       .outcome = "200 Success"},
      {.name = "a Service's way",
       .path = "/api/v1/namespaces/${NS}/services",
       .outcome = "200 ServiceList []"},
  };
}

}  // namespace processhub::testing
