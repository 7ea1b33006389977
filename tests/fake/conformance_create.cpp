// Of the conversation with an API server (conformance.h): making and reading objects.
#include "fake/conformance_steps.h"

namespace processhub::testing {
namespace {

using kube::Method;

const std::string kPods = "/api/v1/namespaces/${NS}/pods";
const std::string kLeases = "/apis/coordination.k8s.io/v1/namespaces/${NS}/leases";

}  // namespace

std::vector<Step> create_steps() {
  return {
      {.name = "node",
       .method = Method::kPost,
       .path = "/api/v1/nodes",
       .body = R"({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "${NODE}"}})",
       .outcome = "",
       .save = "node"},
      {.name = "a pod",
       .method = Method::kPost,
       .path = kPods,
       .body =
           R"({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "labels": {"app": "x", "n": "1"}}, "spec": {"containers": [{"name": "c", "image": "i"}], "schedulingGates": [{"name": "test.io/hold"}]}})",
       .outcome = "",
       .save = "a0",
       .show = {"/status/phase", "/metadata/labels"}},
      {.name = "the same name",
       .method = Method::kPost,
       .path = kPods,
       .body =
           R"({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {"containers": [{"name": "c", "image": "i"}], "schedulingGates": [{"name": "test.io/hold"}]}})",
       .outcome = ""},
      {.name = "no name",
       .method = Method::kPost,
       .path = kPods,
       .body =
           R"({"apiVersion": "v1", "kind": "Pod", "metadata": {}, "spec": {"containers": [{"name": "c", "image": "i"}]}})",
       .outcome = ""},
      {.name = "another namespace in the body",
       .method = Method::kPost,
       .path = kPods,
       .body =
           R"({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "b", "namespace": "default"}, "spec": {"containers": [{"name": "c", "image": "i"}], "schedulingGates": [{"name": "test.io/hold"}]}})",
       .outcome = ""},
      {.name = "another kind in the body",
       .method = Method::kPost,
       .path = kPods,
       .body = R"({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "b"}})",
       .outcome = ""},
      {.name = "with a resourceVersion",
       .method = Method::kPost,
       .path = kPods,
       .body =
           R"({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "b", "resourceVersion": "5"}, "spec": {"containers": [{"name": "c", "image": "i"}], "schedulingGates": [{"name": "test.io/hold"}]}})",
       .outcome = ""},
      {.name = "no JSON", .method = Method::kPost, .path = kPods, .body = "{", .outcome = ""},
      {.name = "a trial",
       .method = Method::kPost,
       .path = kPods + "?dryRun=All",
       .body =
           R"({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "b"}, "spec": {"containers": [{"name": "c", "image": "i"}], "schedulingGates": [{"name": "test.io/hold"}]}})",
       .outcome = ""},
      {.name = "a trial leaves nothing", .path = kPods + "/b", .outcome = ""},
      {.name = "a trial of a name that is taken",
       .method = Method::kPost,
       .path = kPods + "?dryRun=All",
       .body =
           R"({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {"containers": [{"name": "c", "image": "i"}], "schedulingGates": [{"name": "test.io/hold"}]}})",
       .outcome = ""},
      {.name = "its answer's metadata alone",
       .method = Method::kPost,
       .path = kPods,
       .body =
           R"({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "b", "labels": {"app": "x", "n": "2"}}, "spec": {"containers": [{"name": "c", "image": "i"}], "schedulingGates": [{"name": "test.io/hold"}]}})",
       .outcome = "",
       .save = "b0",
       .show = {"/spec"},
       .metadata_alone = true},
      {.name = "a pod that says its node",
       .method = Method::kPost,
       .path = kPods,
       .body =
           R"({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "bound", "labels": {"app": "y"}}, "spec": {"containers": [{"name": "c", "image": "i"}], "nodeName": "${NODE}"}})",
       .outcome = "",
       .save = "bound0",
       .show = {"/spec/schedulerName", "/spec/restartPolicy",
                "/spec/terminationGracePeriodSeconds"}},
      {.name = "to the collection of all namespaces",
       .method = Method::kPost,
       .path = "/api/v1/pods",
       .body =
           R"({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "z"}, "spec": {"containers": [{"name": "c", "image": "i"}], "schedulingGates": [{"name": "test.io/hold"}]}})",
       .outcome = ""},
      {.name = "get", .path = kPods + "/a", .outcome = ""},
      {.name = "get, metadata alone", .path = kPods + "/a", .outcome = "", .metadata_alone = true},
      {.name = "get what is not there", .path = kPods + "/none", .outcome = ""},
      {.name = "a resource that the server lacks",
       .path = "/apis/metrics.k8s.io/v1beta1/nodes",
       .outcome = ""},
      {.name = "get of /status", .path = kPods + "/a/status", .outcome = ""},
      {.name = "a lease that is not there", .path = kLeases + "/none", .outcome = ""},
  };
}

}  // namespace processhub::testing
