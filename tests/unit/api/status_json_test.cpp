#include "api/status_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "api/enums.h"
#include "api/limits.h"

namespace processhub::api {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using namespace std::chrono_literals;

Condition condition(const std::string& type, kube::ConditionStatus status) {
  return {.type = type,
          .status = status,
          .reason = "Because",
          .message = "for a reason",
          .observed_generation = 4,
          .last_transition = WallTime{1767366245s}};
}

HubStatus hub_status() {
  return {.observed_generation = 3,
          .nodes = {.members = 5, .ready = 4, .draining = 1},
          .children = {.total = 100,
                       .ready = 90,
                       .degraded = 5,
                       .migrating = 3,
                       .pending = 2,
                       .suspended = 4,
                       .updated = 70},
          .quorum = {.required = 3, .present = 2, .max_seen = 5, .locked = true},
          .placement = {.algorithm = "ring/v1",
                        .revision = "abcdefghij",
                        .max_load = 14,
                        .mean_load = "12.5"},
          .conditions = {condition("Degraded", kube::ConditionStatus::kFalse),
                         condition("Ready", kube::ConditionStatus::kTrue)}};
}

ChildStatus child_status() {
  return {.observed_generation = 2,
          .phase = Phase::kDegraded,
          .master_node = NodeName("n1"),
          .epoch = 1767366246,
          .active = ActiveReplica{.node = NodeName("n1"),
                                  .node_uid = Uid("u1"),
                                  .pod = "orders-0-abcde",
                                  .pod_uid = Uid("p1"),
                                  .since = WallTime{1767366245s},
                                  .handover_from = Uid("p0")},
          .replicas = {{.slot = 0,
                        .incarnation = 1,
                        .node = NodeName("n1"),
                        .node_uid = Uid("u1"),
                        .pod = "orders-0-abcde",
                        .pod_uid = Uid("p1"),
                        .role = "peer",
                        .revision = "abcdefghij",
                        .ready = true},
                       {.slot = 2, .incarnation = 7, .home = NodeName("n4"), .over_bound = true}},
          .node_names = "n1,n2",
          .ready = "1/2",
          .service_name = "orders",
          .excluded = {{NodeName("n3"), Uid("u3"), "NodeLost"},
                       {.node = NodeName("n4"),
                        .node_uid = Uid("u4"),
                        .reason = "Spill",
                        .slot = 0,
                        .fingerprint = "abc"}},
          .conditions = {condition("Ready", kube::ConditionStatus::kUnknown)}};
}

TEST(StatusJson, HubGoesThereAndBack) {
  EXPECT_EQ(parse_hub_status(to_json(hub_status())), hub_status());
  EXPECT_EQ(parse_hub_status(to_json(HubStatus{})), HubStatus{});
}

TEST(StatusJson, ChildGoesThereAndBack) {
  EXPECT_EQ(parse_child_status(to_json(child_status())), child_status());
  EXPECT_EQ(parse_child_status(to_json(ChildStatus{})), ChildStatus{});
  for (const auto& [name, phase] : kPhaseNames) {
    EXPECT_EQ(to_json(ChildStatus{.phase = phase})["phase"], name);
    EXPECT_EQ(parse_child_status({{"phase", name}}).phase, phase);
  }
}

TEST(StatusJson, LooksAsTheApiSays) {
  EXPECT_EQ(to_json(child_status()), json::parse(R"({
      "observedGeneration":2,"phase":"Degraded","masterNode":"n1","nodeNames":"n1,n2","ready":"1/2",
      "epoch":1767366246,"serviceName":"orders",
      "active":{"node":"n1","nodeUID":"u1","pod":"orders-0-abcde","podUID":"p1",
                "sinceTime":"2026-01-02T15:04:05Z","handoverFrom":"p0"},
      "replicas":[{"slot":0,"incarnation":1,"node":"n1","nodeUID":"u1","pod":"orders-0-abcde",
                   "podUID":"p1","role":"peer","revision":"abcdefghij","ready":true},
                  {"slot":2,"incarnation":7,"ready":false,"home":"n4","overBound":true}],
      "excluded":[{"node":"n3","nodeUID":"u3","reason":"NodeLost"},
                  {"node":"n4","nodeUID":"u4","reason":"Spill","slot":0,"fingerprint":"abc"}],
      "conditions":[{"type":"Ready","status":"Unknown","reason":"Because","message":"for a reason",
                     "observedGeneration":4,"lastTransitionTime":"2026-01-02T15:04:05Z"}]})"));
  EXPECT_EQ(to_json(hub_status())["children"], json::parse(R"(
      {"total":100,"ready":90,"degraded":5,"migrating":3,"pending":2,
       "suspended":4,"updated":70})"));
  EXPECT_EQ(to_json(hub_status())["quorum"],
            json::parse(R"({"required":3,"present":2,"maxSeen":5,"locked":true})"));
  // The column LOCKED says false, not nothing.
  EXPECT_EQ(to_json(HubStatus{})["quorum"],
            json::parse(R"({"required":0,"present":0,"locked":false})"));
  EXPECT_EQ(to_json(hub_status())["placement"], json::parse(R"(
      {"algorithm":"ring/v1","revision":"abcdefghij","maxLoad":14,"meanLoad":"12.5"})"));
}

TEST(StatusJson, LeavesOutWhatIsEmpty) {
  const json child = to_json(ChildStatus{});
  for (const char* field : {"epoch", "active", "serviceName", "phase", "masterNode"}) {
    EXPECT_FALSE(child.contains(field)) << field;
  }
  EXPECT_EQ(to_json(ChildStatus{.active = ActiveReplica{.node = NodeName("n1")}})["active"],
            json::parse(R"({"node":"n1"})"));
  // Beyond what the operator itself would ever write, somebody else has: it counts for nothing.
  EXPECT_EQ(parse_child_status(to_json(ChildStatus{.epoch = kMaxEpoch})).epoch, kMaxEpoch);
  EXPECT_EQ(parse_child_status(to_json(ChildStatus{.epoch = kMaxEpoch + 1})).epoch, 0);
}

TEST(StatusJson, SortsConditionsAndReplicas) {
  HubStatus hub;
  for (const char* type : {"b", "c", "a"}) {
    hub.conditions.push_back(condition(type, kube::ConditionStatus::kTrue));
  }
  const json written = to_json(hub);
  EXPECT_THAT((std::vector<json>{written["conditions"][0]["type"], written["conditions"][1]["type"],
                                 written["conditions"][2]["type"]}),
              ElementsAre("a", "b", "c"));
  ChildStatus child;
  child.replicas = {
      {.slot = 1, .incarnation = 1}, {.slot = 0, .incarnation = 2}, {.slot = 0, .incarnation = 1}};
  const ChildStatus read = parse_child_status(to_json(child));
  EXPECT_THAT(read.replicas, ElementsAre(child.replicas[2], child.replicas[1], child.replicas[0]));
}

TEST(StatusJson, LeavesOutWhatItCannotRead) {
  EXPECT_EQ(parse_hub_status("text"), HubStatus{});
  EXPECT_EQ(parse_child_status(json::array()), ChildStatus{});
  const ChildStatus status = parse_child_status(json::parse(R"({
      "phase":"Dancing","observedGeneration":"x","replicas":"none","ready":3,
      "excluded":[{"node":"n1","slot":"first"},{"node":"n2","slot":-1}],
      "conditions":[1,{"status":"True"},{"type":"Ready","status":"Maybe"}]})"));
  EXPECT_EQ(status.phase, std::nullopt);
  ASSERT_EQ(status.excluded.size(), 2U);
  EXPECT_EQ(status.excluded[0].slot, std::nullopt);
  EXPECT_EQ(status.excluded[1].slot, std::nullopt);
  ASSERT_EQ(status.conditions.size(), 1U);
  EXPECT_EQ(status.conditions[0].status, kube::ConditionStatus::kUnknown);
}

}  // namespace
}  // namespace processhub::api
