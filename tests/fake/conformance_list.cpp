// Of the conversation with an API server (conformance.h): lists by selectors, in pages, from
// versions.
#include "fake/conformance_steps.h"

namespace processhub::testing {
namespace {

using kube::Method;

const std::string kPods = "/api/v1/namespaces/${NS}/pods";

}  // namespace

std::vector<Step> list_steps() {
  return {
      {.name = "list by label",
       .path = kPods + "?labelSelector=app%3Dx",
       .outcome = "200 PodList [a b]"},
      {.name = "list by label, ==",
       .path = kPods + "?labelSelector=app%3D%3Dy",
       .outcome = "200 PodList [bound]"},
      {.name = "list by label, !=",
       .path = kPods + "?labelSelector=app%21%3Dx",
       .outcome = "200 PodList [bound tobind]"},
      {.name = "list by label, in",
       .path = kPods + "?labelSelector=app%20in%20%28x%2Cy%29",
       .outcome = "200 PodList [a b bound]"},
      {.name = "list by label, notin",
       .path = kPods + "?labelSelector=app%20notin%20%28x%2Cz%29",
       .outcome = "200 PodList [bound tobind]"},
      {.name = "list by label, exists",
       .path = kPods + "?labelSelector=n",
       .outcome = "200 PodList [b]"},
      {.name = "list by label, absent",
       .path = kPods + "?labelSelector=%21app",
       .outcome = "200 PodList [tobind]"},
      {.name = "list by labels",
       .path = kPods + "?labelSelector=app%3Dx%2Cn%3D2",
       .outcome = "200 PodList [b]"},
      {.name = "list by a selector that cannot be read",
       .path = kPods + "?labelSelector=app%20in",
       .outcome = "400 BadRequest"},
      {.name = "list by name",
       .path = kPods + "?fieldSelector=metadata.name%3Da",
       .outcome = "200 PodList [a]"},
      {.name = "list by node",
       .path = "/api/v1/pods?fieldSelector=spec.nodeName%3D${NODE}%2Cmetadata.namespace%3D${NS}",
       .outcome = "200 PodList [bound tobind]"},
      {.name = "list by phase",
       .path = kPods + "?fieldSelector=status.phase%3DRunning",
       .outcome = "200 PodList [bound]"},
      {.name = "list by phase, !=",
       .path = kPods + "?fieldSelector=status.phase%21%3DRunning",
       .outcome = "200 PodList [a b tobind]"},
      {.name = "list by an unknown field",
       .path = kPods + "?fieldSelector=spec.foo%3D1",
       .outcome = "400 BadRequest"},
      {.name = "first page",
       .path = kPods + "?limit=2",
       .outcome = "200 PodList [a b] more",
       .save = "page"},
      {.name = "second page",
       .path = kPods + "?limit=2&continue=${page.continue}",
       .outcome = "200 PodList [bound tobind]"},
      {.name = "a page of a token that is none",
       .path = kPods + "?limit=2&continue=abc",
       .outcome = "400 BadRequest"},
      {.name = "page of a selection",
       .path = kPods + "?limit=1&labelSelector=app%3Dx",
       .outcome = "200 PodList [a] more",
       .save = "page1"},
      {.name = "its last page",
       .path = kPods + "?limit=1&labelSelector=app%3Dx&continue=${page1.continue}",
       .outcome = "200 PodList [b] more"},
      {.name = "a list from a version to come",
       .path = kPods + "?resourceVersion=999999999",
       .outcome = "504 Timeout"},
      {.name = "list, metadata alone",
       .path = kPods + "?labelSelector=app%3Dx",
       .outcome = "406 NotAcceptable",
       .metadata_alone = true},
  };
}

}  // namespace processhub::testing
