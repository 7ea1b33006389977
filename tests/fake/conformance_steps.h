// The parts of the table of conformance.h. They are one conversation: each goes on from what
// the one before has left.
#pragma once

#include <string>
#include <vector>

#include "fake/conformance.h"

namespace processhub::testing {

// Bodies; `meta`: the members of metadata.
[[nodiscard]] inline std::string gated_pod(const std::string& meta) {
  return R"({"apiVersion": "v1", "kind": "Pod", "metadata": {)" + meta +
         R"(}, "spec": {"containers": [{"name": "c", "image": "i"}],)"
         R"( "schedulingGates": [{"name": "test.io/hold"}]}})";
}
[[nodiscard]] inline std::string binding(const std::string& meta) {
  return R"({"apiVersion": "v1", "kind": "Binding", "metadata": {)" + meta +
         R"(}, "target": {"kind": "Node", "name": "${NODE}"}})";
}
[[nodiscard]] inline std::string lease(const std::string& meta) {
  return R"({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {)" + meta +
         R"(}, "spec": {"holderIdentity": "me", "leaseDurationSeconds": 15}})";
}
[[nodiscard]] inline std::string child(const std::string& meta, const std::string& phase = {}) {
  return R"({"apiVersion": "processhub.io/v1alpha1", "kind": "ProcessHubChild", "metadata": {)" +
         meta + R"(}, "spec": {"hub": "h"})" +
         (phase.empty() ? "" : R"(, "status": {"phase": ")" + phase + R"("})") + "}";
}

[[nodiscard]] std::vector<Step> create_steps();
[[nodiscard]] std::vector<Step> patch_steps();
[[nodiscard]] std::vector<Step> list_steps();
[[nodiscard]] std::vector<Step> custom_steps();
[[nodiscard]] std::vector<Step> delete_steps();
[[nodiscard]] std::vector<Step> evict_steps();
[[nodiscard]] std::vector<Step> watch_steps();

}  // namespace processhub::testing
