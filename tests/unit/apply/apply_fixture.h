// An executor over a client whose API server is the test.
#pragma once

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "support/fake_executor.h"
#include "support/scripted_transport.h"

#include "apply/plan_executor.h"
#include "plan/pod.h"

namespace processhub::apply {

using nlohmann::json;

inline json node_object(const std::string& name, const std::string& ready,
                        const std::string& uid = "") {
  return {{"kind", "Node"},
          {"metadata", {{"name", name}, {"uid", uid.empty() ? "uid-" + name : uid}}},
          {"status", {{"conditions", {{{"type", "Ready"}, {"status", ready}}}}}}};
}

class ApplyFixture : public ::testing::Test {
 protected:
  ApplyFixture() {
    child_.meta.ns = "shop";
    child_.meta.name = "orders";
    child_.meta.uid = Uid("uid-orders");
  }

  // A pod of the child as the API server holds it. Bound where it is pinned.
  json pod_object(const std::string& node, int slot, int incarnation) {
    const std::string name = plan::pod_name(child_, slot, incarnation);
    return {{"kind", "Pod"},
            {"metadata",
             {{"name", name},
              {"namespace", "shop"},
              {"uid", "uid-" + name},
              {"resourceVersion", "7"},
              {"labels", {{"processhub.io/child", "orders"}}},
              {"annotations",
               {{"processhub.io/slot", std::to_string(slot)},
                {"processhub.io/incarnation", std::to_string(incarnation)}}},
              {"ownerReferences",
               {{{"kind", "ProcessHubChild"},
                 {"name", "orders"},
                 {"uid", "uid-orders"},
                 {"controller", true}}}}}},
            {"spec",
             {{"nodeName", node},
              {"affinity",
               {{"nodeAffinity",
                 {{"requiredDuringSchedulingIgnoredDuringExecution",
                   {{"nodeSelectorTerms",
                     {{{"matchFields",
                        {{{"key", "metadata.name"},
                          {"operator", "In"},
                          {"values", {node}}}}}}}}}}}}}}}}};
  }
  static json deleted(json object) {
    object["metadata"]["deletionTimestamp"] = "2026-01-02T12:00:00Z";
    return object;
  }

  plan::CreatePod create(const std::string& node, int slot = 0, int incarnation = 1) {
    return {.child = child_.key(),
            .owner = child_.meta.uid,
            .pod = {"shop", plan::pod_name(child_, slot, incarnation)},
            .node = NodeName(node),
            .slot = slot,
            .incarnation = incarnation,
            .body = std::make_shared<const json>(pod_object(node, slot, incarnation))};
  }
  plan::DeletePod remove(const std::string& pod, std::optional<plan::NodeIsDown> only_if = {}) {
    return {.child = child_.key(),
            .pod = {"shop", pod},
            .node = NodeName("a"),
            .uid = Uid("uid-" + pod),
            .only_if = std::move(only_if)};
  }
  plan::PutStatus status(std::vector<plan::NodeIsDown> only_if = {}) {
    return {.child = child_.key(),
            .uid = child_.meta.uid,
            .version = ResourceVersion("41"),
            .status = {.ready = "1/1"},
            .only_if = std::move(only_if)};
  }

  void run(std::vector<plan::Action> actions) {
    executor_under_test_.run(std::move(actions),
                             [this](Result<void> result) { results_.push_back(result); });
    executor_.settle();
  }
  // The request that waits, "GET /api/v1/nodes/a": without its query.
  std::string asked() {
    exchange_ = transport_.request();
    return exchange_->line();
  }
  void answer(int code, const json& body = json::object()) {
    exchange_->answer(code, body.dump());
    executor_.settle();
  }
  void refuse(int code, const std::string& reason) {
    answer(code, {{"kind", "Status"},
                  {"status", "Failure"},
                  {"code", code},
                  {"reason", reason},
                  {"message", reason}});
  }
  [[nodiscard]] json body() const { return json::parse(exchange_->request().body); }

  // Ended once, with nothing more asked for.
  [[nodiscard]] bool succeeded() const {
    return results_.size() == 1 && results_[0].has_value() && transport_.requests_waiting() == 0;
  }
  [[nodiscard]] std::optional<ErrorKind> failed() const {
    if (results_.size() != 1 || results_[0] || transport_.requests_waiting() != 0) return {};
    return results_[0].error().kind;
  }

  api::ProcessHubChild child_;
  testing::FakeClock clock_;
  testing::FakeExecutor executor_{clock_};
  testing::ScriptedTransport transport_{executor_};
  kube::Client client_{transport_, executor_, kube::unguarded()};
  std::vector<std::string> applied_;  // versions, in order
  std::vector<ChildKey> asking_;      // whose pods were asked
  PlanExecutor executor_under_test_{client_, transport_, executor_,
                                    [this](const plan::Action&, const auto& result) {
                                      if (result) applied_.push_back(result->version.str());
                                    },
                                    [this](const ChildKey& child) { asking_.push_back(child); }};
  std::vector<Result<void>> results_;
  std::shared_ptr<testing::Exchange> exchange_;
};

}  // namespace processhub::apply
