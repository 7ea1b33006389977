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
       .outcome = "201 Node",
       .save = "node",
       .shared = true},
      {.name = "a pod",
       .method = Method::kPost,
       .path = kPods,
       .body = gated_pod(R"("name": "a", "labels": {"app": "x", "n": "1"})"),
       .outcome =
           R"(201 Pod first gen=1 /status/phase=Pending /metadata/labels={"app":"x","n":"1"})",
       .save = "a0",
       .show = {"/status/phase", "/metadata/labels"}},
      {.name = "the same name",
       .method = Method::kPost,
       .path = kPods,
       .body = gated_pod(R"("name": "a")"),
       .outcome = "409 AlreadyExists"},
      {.name = "no name",
       .method = Method::kPost,
       .path = kPods,
       .body =
           R"({"apiVersion": "v1", "kind": "Pod", "metadata": {},
               "spec": {"containers": [{"name": "c", "image": "i"}]}})",
       .outcome = "422 Invalid metadata.name"},
      {.name = "another namespace in the body",
       .method = Method::kPost,
       .path = kPods,
       .body = gated_pod(R"("name": "b", "namespace": "default")"),
       .outcome = "400 BadRequest"},
      {.name = "another kind in the body",
       .method = Method::kPost,
       .path = kPods,
       .body = R"({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "b"}})",
       .outcome = "400 BadRequest"},
      {.name = "with a resourceVersion",
       .method = Method::kPost,
       .path = kPods,
       .body = gated_pod(R"("name": "b", "resourceVersion": "5")"),
       .outcome = "500 "},
      {.name = "no JSON",
       .method = Method::kPost,
       .path = kPods,
       .body = "{",
       .outcome = "400 BadRequest"},
      {.name = "a trial",
       .method = Method::kPost,
       .path = kPods + "?dryRun=All",
       .body = gated_pod(R"("name": "b")"),
       .outcome = "201 Pod first gen=1"},
      {.name = "a trial leaves nothing", .path = kPods + "/b", .outcome = "404 NotFound"},
      {.name = "a trial of a name that is taken",
       .method = Method::kPost,
       .path = kPods + "?dryRun=All",
       .body = gated_pod(R"("name": "a")"),
       .outcome = "409 AlreadyExists"},
      {.name = "its answer's metadata alone",
       .method = Method::kPost,
       .path = kPods,
       .body =
           R"({"metadata": {"name": "b", "labels": {"app": "x", "n": "2"}},
                    "spec": {"containers": [{"name": "c", "image": "i"}], "schedulerName": "nobody",
                             "schedulingGates": [{"name": "test.io/hold"}]}})",
       .outcome = "201 PartialObjectMetadata first gen=1 /spec=null",
       .save = "b0",
       .show = {"/spec"},
       .metadata_alone = true},
      {.name = "a pod that says its node",
       .method = Method::kPost,
       .path = kPods,
       .body =
           R"({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "bound",
               "labels": {"app": "y"}}, "spec": {"containers": [{"name": "c", "image": "i"}],
               "nodeName": "${NODE}"}})",
       .outcome = "201 Pod first gen=1 /spec/schedulerName=default-scheduler "
                  "/spec/restartPolicy=Always /spec/terminationGracePeriodSeconds=30",
       .save = "bound0",
       .show = {"/spec/schedulerName", "/spec/restartPolicy",
                "/spec/terminationGracePeriodSeconds"}},
      {.name = "to the collection of all namespaces",
       .method = Method::kPost,
       .path = "/api/v1/pods",
       .body = gated_pod(R"("name": "z")"),
       .outcome = "405 MethodNotAllowed"},
      {.name = "get", .path = kPods + "/a", .outcome = "200 Pod same gen=1"},
      {.name = "get, metadata alone",
       .path = kPods + "/a",
       .outcome = "200 PartialObjectMetadata same gen=1",
       .metadata_alone = true},
      {.name = "get what is not there", .path = kPods + "/none", .outcome = "404 NotFound"},
      {.name = "a resource that the server lacks",
       .path = "/apis/metrics.k8s.io/v1beta1/nodes",
       .outcome = "404 no object"},
      {.name = "get of /status", .path = kPods + "/a/status", .outcome = "200 Pod same gen=1"},
      {.name = "a lease that is not there", .path = kLeases + "/none", .outcome = "404 NotFound"},
  };
}

}  // namespace processhub::testing
