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
      {.name = "list by label", .path = kPods + "?labelSelector=app%3Dx", .outcome = ""},
      {.name = "list by label, ==", .path = kPods + "?labelSelector=app%3D%3Dy", .outcome = ""},
      {.name = "list by label, !=", .path = kPods + "?labelSelector=app%21%3Dx", .outcome = ""},
      {.name = "list by label, in",
       .path = kPods + "?labelSelector=app%20in%20%28x%2Cy%29",
       .outcome = ""},
      {.name = "list by label, notin",
       .path = kPods + "?labelSelector=app%20notin%20%28x%2Cz%29",
       .outcome = ""},
      {.name = "list by label, exists", .path = kPods + "?labelSelector=n", .outcome = ""},
      {.name = "list by label, absent", .path = kPods + "?labelSelector=%21app", .outcome = ""},
      {.name = "list by labels", .path = kPods + "?labelSelector=app%3Dx%2Cn%3D2", .outcome = ""},
      {.name = "list by a selector that cannot be read",
       .path = kPods + "?labelSelector=app%20in",
       .outcome = ""},
      {.name = "list by name", .path = kPods + "?fieldSelector=metadata.name%3Da", .outcome = ""},
      {.name = "list by node",
       .path = "/api/v1/pods?fieldSelector=spec.nodeName%3D${NODE}%2Cmetadata.namespace%3D${NS}",
       .outcome = ""},
      {.name = "list by phase",
       .path = kPods + "?fieldSelector=status.phase%3DRunning",
       .outcome = ""},
      {.name = "list by phase, !=",
       .path = kPods + "?fieldSelector=status.phase%21%3DRunning",
       .outcome = ""},
      {.name = "list by an unknown field",
       .path = kPods + "?fieldSelector=spec.foo%3D1",
       .outcome = ""},
      {.name = "first page", .path = kPods + "?limit=2", .outcome = "", .save = "page"},
      {.name = "second page", .path = kPods + "?limit=2&continue=${page.continue}", .outcome = ""},
      {.name = "a page of a token that is none",
       .path = kPods + "?limit=2&continue=abc",
       .outcome = ""},
      {.name = "page of a selection",
       .path = kPods + "?limit=1&labelSelector=app%3Dx",
       .outcome = "",
       .save = "page1"},
      {.name = "its last page",
       .path = kPods + "?limit=1&labelSelector=app%3Dx&continue=${page1.continue}",
       .outcome = ""},
      {.name = "a list from a version to come",
       .path = kPods + "?resourceVersion=999999999",
       .outcome = ""},
      {.name = "list, metadata alone",
       .path = kPods + "?labelSelector=app%3Dx",
       .outcome = "",
       .metadata_alone = true},
  };
}

}  // namespace processhub::testing
