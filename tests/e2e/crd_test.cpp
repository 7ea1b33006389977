// The CRDs on a real API server: what is refused and with which words, what is accepted,
// what is filled in. The server is that of KUBECONFIG; run it as
//   tests/cluster/cluster run -- ctest --test-dir build/release -R e2e_crd
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "api/parse.h"
#include "api/status_json.h"
#include "unit/api/kubectl_merge.h"
#include "unit/api/object_cases.h"

namespace processhub::api {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::StartsWith;
namespace fs = std::filesystem;

struct Output {
  int status = 0;
  std::string text;  // standard and error output together
};

class Crd : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    const auto kubectl = test::find_kubectl();
    if (!kubectl || std::getenv("KUBECONFIG") == nullptr) return;
    kubectl_ = *kubectl;
    folder_ = fs::temp_directory_path() / ("crd-test-" + std::to_string(getpid()));
    fs::create_directories(folder_);
    ns_ = "crd-test-" + std::to_string(getpid());
    const std::string crds = std::string(PROCESSHUB_SOURCE_DIR) + "/crds";
    ASSERT_EQ(run("apply --server-side --force-conflicts -f " + crds).status, 0);
    ASSERT_EQ(run("wait --for=condition=Established --timeout=30s -f " + crds).status, 0);
    ASSERT_EQ(run("create namespace " + ns_).status, 0);
  }
  static void TearDownTestSuite() {
    if (kubectl_.empty()) return;
    run("delete namespace --wait=false " + ns_);
    fs::remove_all(folder_);
  }
  void SetUp() override {
    if (kubectl_.empty()) GTEST_SKIP() << "needs KUBECONFIG, and kubectl in PATH";
  }

  static Output run(const std::string& arguments) {
    Output output;
    const std::string command = "'" + kubectl_ + "' " + arguments + " 2>&1";
    FILE* pipe = popen(command.c_str(), "r");
    if (pipe == nullptr) return {.status = -1, .text = "cannot start kubectl"};
    std::array<char, 4096> buffer{};
    while (const size_t count = fread(buffer.data(), 1, buffer.size(), pipe)) {
      output.text.append(buffer.data(), count);
    }
    output.status = pclose(pipe);
    return output;
  }

  // kubectl COMMAND -f OBJECT
  static Output with_object(const std::string& command, json object) {
    object["metadata"]["namespace"] = ns_;
    const fs::path file = folder_ / "object.json";
    std::ofstream(file) << object;
    return run(command + " -f " + file.string());
  }

  static Output in_namespace(const std::string& command) {
    return run("-n " + ns_ + " " + command);
  }

  static json get(const std::string& resource, const std::string& name) {
    const Output output = in_namespace("get " + resource + " " + name + " -o json");
    return json::parse(output.text, nullptr, /*allow_exceptions=*/false);
  }

  static json object(const char* name, const char* kind, const char* patch = "{}") {
    return test::object_of({.name = name, .kind = kind, .patch = patch});
  }

  static inline std::string kubectl_ = {};
  static inline std::string ns_ = {};
  static inline fs::path folder_ = {};
};

TEST_F(Crd, JudgesEveryCase) {
  for (const test::ObjectCase& a_case : test::object_cases()) {
    SCOPED_TRACE(a_case.name);
    const Output output = with_object("create --dry-run=server", test::object_of(a_case));
    if (a_case.field == nullptr) {
      EXPECT_EQ(output.status, 0) << output.text;
      continue;
    }
    EXPECT_NE(output.status, 0) << output.text;
    EXPECT_THAT(output.text, HasSubstr(a_case.field));
    EXPECT_THAT(output.text, HasSubstr(a_case.words));
  }
}

TEST_F(Crd, FillsInTheDefaultsThatTheOperatorAssumes) {
  const json sections = json::parse(R"({"spec":{"nodes":{},
      "distribution":{"consistentHashing":{},"centralizedLoadBalancer":{}},
      "redundancy":{"replication":{"http":{"port":8080}}},"migration":{"hotSwap":{}},
      "partitionTolerance":{"staticQuorum":{},"dynamicQuorum":{},"majorityQuorum":{}},
      "failover":{"nodeLease":{},"nodeProbe":{}},"service":{"ports":[{"port":80}]}}})");
  json bare = object("defaults", "ProcessHub");
  json written = bare;
  written.merge_patch(sections);
  const Output output = with_object("create --dry-run=server -o json", written);
  ASSERT_EQ(output.status, 0) << output.text;
  const json served = json::parse(output.text);
  EXPECT_EQ(served["spec"]["nodes"],
            json::parse(R"({"joinAfterSeconds":10,"onCordon":"Migrate"})"));
  EXPECT_EQ(served["spec"]["distribution"], json::parse(R"({"strategy":"ConsistentHashing",
      "consistentHashing":{"virtualNodes":512,"bound":"None","loadFactorPercent":125,
                           "topologyKey":"topology.kubernetes.io/zone"},
      "centralizedLoadBalancer":{"maxHistorySize":30,"weightDecayFactor":"0.9",
                                 "pushIntervalSeconds":10}})"));
  EXPECT_EQ(served["spec"]["spillAfterSeconds"], 30);
  EXPECT_EQ(served["spec"]["redundancy"]["replication"],
            json::parse(R"({"factor":2,"model":"ActiveActive","signal":"None",
                "http":{"port":8080,"path":"/processhub/role","timeoutSeconds":2,"retries":3}})"));
  EXPECT_EQ(served["spec"]["partitionTolerance"], json::parse(R"({"strategy":"Divergence",
      "staticQuorum":{"startupConfirm":false},"dynamicQuorum":{"thresholdSeconds":30},
      "majorityQuorum":{"initialClusterSize":1,"trackMaxSize":false}})"));
  EXPECT_EQ(served["spec"]["failover"], json::parse(R"({"detection":"NodeReady",
      "nodeLease":{"leaseTimeoutSeconds":20},
      "nodeProbe":{"periodSeconds":1,"failureThreshold":3},"fence":"None",
      "restartAfterSeconds":10,"replaceAfterSeconds":120,"activeNotReadySeconds":5})"));
  EXPECT_EQ(served["spec"]["service"],
            json::parse(R"({"enabled":false,"ports":[{"port":80,"protocol":"TCP"}]})"));
  EXPECT_EQ(served["spec"]["migration"],
            json::parse(R"({"strategy":"ColdSwap","hotSwap":{"retentionSeconds":5},
                "childTimeoutSeconds":600,"maxConcurrent":"10%"})"));
  bare["spec"]["redundancy"] = sections["spec"]["redundancy"];
  bare["spec"]["service"] = sections["spec"]["service"];
  const auto by_server = parse_hub(served);
  const auto by_operator = parse_hub(bare);
  ASSERT_TRUE(by_server && by_operator);
  EXPECT_EQ(by_server->problem, std::nullopt);
  EXPECT_EQ(by_server->spec.nodes, by_operator->spec.nodes);
  EXPECT_EQ(by_server->spec.distribution, by_operator->spec.distribution);
  EXPECT_EQ(by_server->spec.redundancy, by_operator->spec.redundancy);
  EXPECT_EQ(by_server->spec.migration, by_operator->spec.migration);
  EXPECT_EQ(by_server->spec.partition_tolerance, by_operator->spec.partition_tolerance);
  EXPECT_EQ(by_server->spec.failover, by_operator->spec.failover);
  EXPECT_EQ(by_server->spec.service, by_operator->spec.service);
  EXPECT_EQ(by_server->spec.spill_after, by_operator->spec.spill_after);
}

TEST_F(Crd, KeepsTheHubOfAChild) {
  ASSERT_EQ(with_object("create", object("moved", "ProcessHubChild")).status, 0);
  const auto patch = [](const std::string& change) {
    return in_namespace("patch phc moved --type=merge -p '" + change + "'");
  };
  const Output moved = patch(R"({"spec":{"hub":"other"}})");
  EXPECT_NE(moved.status, 0);
  EXPECT_THAT(moved.text, HasSubstr("spec.hub"));
  EXPECT_THAT(moved.text, HasSubstr("hub cannot be changed"));
  EXPECT_NE(patch(R"({"spec":{"hub":null}})").status, 0);
  EXPECT_NE(patch(R"({"spec":null})").status, 0);
  EXPECT_EQ(patch(R"({"spec":{"template":{"spec":{"hostname":"x"}}}})").status, 0);
}

TEST_F(Crd, LetsTheNodesOfAChildChange) {
  ASSERT_EQ(with_object("create",
                        object("guided", "ProcessHubChild", R"({"spec":{"nodes":["n2","n1"]}})"))
                .status,
            0);
  const Output output =
      in_namespace(R"(patch phc guided --type=merge -p '{"spec":{"nodes":["n3","n1"]}}')");
  EXPECT_EQ(output.status, 0) << output.text;
  EXPECT_EQ(get("phc", "guided")["spec"]["nodes"], json({"n3", "n1"}));
}

TEST_F(Crd, RefusesTooManyAndTooLongNodes) {
  json child = object("wide", "ProcessHubChild");
  for (int i = 0; i < 256; ++i) child["spec"]["nodes"].push_back("n" + std::to_string(i));
  EXPECT_EQ(with_object("create --dry-run=server", child).status, 0);
  child["spec"]["nodes"].push_back("one-more");
  EXPECT_THAT(with_object("create --dry-run=server", child).text,
              HasSubstr("spec.nodes: Too many: 257: must have at most 256 items"));
  child["spec"]["nodes"] = {std::string(254, 'a')};
  EXPECT_THAT(with_object("create --dry-run=server", child).text,
              HasSubstr("spec.nodes[0]: Too long"));
}

// A hub that is Guided cannot be made one that the rules would refuse, one step at a time.
TEST_F(Crd, JudgesGuidedOnUpdatesToo) {
  ASSERT_EQ(with_object("create", object("led", "ProcessHub",
                                         R"({"spec":{"distribution":{"strategy":"Guided"},
                                             "children":[{"name":"a","nodes":["n1"]}]}})"))
                .status,
            0);
  const auto patch = [](const std::string& spec) {
    return in_namespace("patch phub led --type=merge -p '{\"spec\":" + spec + "}'");
  };
  const Output more_replicas = patch(R"({"redundancy":{"strategy":"Replication"}})");
  EXPECT_NE(more_replicas.status, 0);
  EXPECT_THAT(more_replicas.text, HasSubstr("add nodes to the children that have fewer"));
  EXPECT_NE(patch(R"({"children":[{"name":"a"}]})").status, 0);
  EXPECT_EQ(patch(R"({"redundancy":{"strategy":"Replication","replication":{"factor":1}}})").status,
            0);
  EXPECT_EQ(patch(R"({"distribution":{"strategy":"ConsistentHashing"},
                      "redundancy":{"replication":{"factor":"ClusterSize"}}})")
                .status,
            0);
  const Output back = patch(R"({"distribution":{"strategy":"Guided"}})");
  EXPECT_NE(back.status, 0);
  EXPECT_THAT(back.text, HasSubstr("must not be ClusterSize with distribution.strategy Guided"));
}

TEST_F(Crd, RefusesTooManyPorts) {
  json hub = object("ports", "ProcessHub");
  for (int i = 1; i <= 64; ++i) {
    hub["spec"]["service"]["ports"].push_back({{"name", "p" + std::to_string(i)}, {"port", i}});
  }
  EXPECT_EQ(with_object("create --dry-run=server", hub).status, 0);
  hub["spec"]["service"]["ports"].push_back({{"name", "more"}, {"port", 65}});
  EXPECT_THAT(with_object("create --dry-run=server", hub).text,
              HasSubstr("spec.service.ports: Too many: 65: must have at most 64 items"));
}

TEST_F(Crd, KeepsNullsAndDirectivesOfAChildsTemplate) {
  json child = object("directives", "ProcessHubChild");
  child["spec"]["template"] = json::parse(R"({
      "metadata":{"labels":{"a":null},"annotations":{"b":null}},
      "spec":{"hostname":null,"nodeSelector":null,"initContainers":null,
              "$setElementOrder/containers":[{"name":"a"},{"name":"b"}],
              "containers":[{"name":"a","$patch":"delete"},{"name":"b","image":null,
                             "env":[{"name":"X","value":null}]}],
              "volumes":[{"name":"v","$retainKeys":["name","emptyDir"],"emptyDir":{}}]}})");
  ASSERT_EQ(with_object("create", child).status, 0);
  EXPECT_EQ(get("phc", "directives")["spec"]["template"], child["spec"]["template"]);
  json bare = object("null-metadata", "ProcessHubChild");
  bare["spec"]["template"] = {{"metadata", nullptr}};
  ASSERT_EQ(with_object("create", bare).status, 0);
  EXPECT_EQ(get("phc", "null-metadata")["spec"]["template"], bare["spec"]["template"]);
}

TEST_F(Crd, TakesTheStatusThatTheOperatorWrites) {
  const Condition condition{.type = "Ready",
                            .status = kube::ConditionStatus::kTrue,
                            .reason = "AllReady",
                            .observed_generation = 1,
                            .last_transition = WallTime{std::chrono::seconds(1767366245)}};
  const ChildStatus child_status{
      .observed_generation = 1,
      .phase = Phase::kRunning,
      .master_node = NodeName("n1"),
      .epoch = 1767366246,
      .active = ActiveReplica{.node = NodeName("n2"),
                              .node_uid = Uid("u2"),
                              .pod = "orders-0-abcde",
                              .pod_uid = Uid("p1"),
                              .since = WallTime{std::chrono::seconds(1767366245)}},
      .replicas = {{.slot = 0,
                    .incarnation = 1,
                    .node = NodeName("n1"),
                    .node_uid = Uid("u1"),
                    .pod = "orders-0-abcde",
                    .pod_uid = Uid("p1"),
                    .role = "peer",
                    .ready = true},
                   {.slot = 0, .incarnation = 2, .home = NodeName("n4")}},
      .node_names = "n1",
      .ready = "1/2",
      .service_name = "orders",
      .excluded = {{NodeName("n3"), Uid("u3"), "NodeLost"},
                   {NodeName("n3"), Uid("u4"), "NodeLost"},
                   {.node = NodeName("n3"),
                    .node_uid = Uid("u4"),
                    .reason = "Spill",
                    .slot = 0,
                    .fingerprint = "abc"}},
      .conditions = {condition}};
  const HubStatus hub_status{
      .observed_generation = 1,
      .nodes = {.members = 5, .ready = 4, .draining = 1},
      .children = {.total = 9, .ready = 8, .degraded = 1, .updated = 7},
      .quorum = {.required = 3, .present = 2, .max_seen = 5, .locked = true},
      .placement = {.algorithm = "ring/v1", .revision = "abc", .max_load = 3, .mean_load = "1.8"},
      .conditions = {condition}};
  ASSERT_EQ(with_object("create", object("told", "ProcessHubChild")).status, 0);
  ASSERT_EQ(with_object("create", object("told", "ProcessHub")).status, 0);
  json child = get("phc", "told");
  json hub = get("phub", "told");
  child["status"] = to_json(child_status);
  hub["status"] = to_json(hub_status);
  for (const json& written : {child, hub}) {
    const Output output = with_object("replace --subresource=status --validate=strict", written);
    EXPECT_EQ(output.status, 0) << output.text;
  }
  EXPECT_EQ(parse_child(get("phc", "told"))->status, child_status);
  EXPECT_EQ(parse_hub(get("phub", "told"))->status, hub_status);

  EXPECT_THAT(
      in_namespace("get phub told").text,
      StartsWith(
          "NAME   STRATEGY            REDUNDANCY    NODES   CHILDREN   READY   UPDATED   "
          "LOCKED   AGE\ntold   ConsistentHashing   Singularity   5       9          8       "
          "7         true "));
  EXPECT_THAT(in_namespace("get phc told").text,
              StartsWith("NAME   HUB   PHASE     ACTIVE   NODES   READY   EPOCH        AGE\n"
                         "told   hub   Running   n2       n1      1/2     1767366246   "));
}

TEST_F(Crd, RefusesAStatusThatCannotBe) {
  ASSERT_EQ(with_object("create", object("odd", "ProcessHubChild")).status, 0);
  struct {
    const char* status;
    const char* words;
  } const cases[] = {
      {R"({"phase":"Dancing"})", "status.phase: Unsupported value"},
      {R"({"epoch":-1})", "status.epoch"},
      {R"({"active":{"sinceTime":"yesterday"}})", "status.active.sinceTime"},
      {R"({"replicas":[{"slot":0}]})", "status.replicas[0].incarnation: Required value"},
      {R"({"replicas":[{"slot":-1,"incarnation":1}]})", "status.replicas[0].slot"},
      {R"({"replicas":[{"slot":0,"incarnation":1},{"slot":0,"incarnation":1}]})",
       "status.replicas[1]: Duplicate value"},
      {R"({"excluded":[{"node":"a","nodeUID":"b","reason":"c"},
                       {"node":"a","nodeUID":"b","reason":"c"}]})",
       "status.excluded[1]: Duplicate value"},
      {R"({"excluded":[{"node":"a","nodeUID":"b","reason":"Spill","slot":-1}]})",
       "status.excluded[0].slot"},
      {R"({"conditions":[{"type":"Ready"}]})", "status.conditions[0].status: Required value"},
      {R"({"conditions":[{"type":"Ready","status":"Maybe","reason":"A","message":"",
                          "lastTransitionTime":"2026-01-02T15:04:05Z"}]})",
       "status.conditions[0].status: Unsupported value"},
      {R"({"conditions":[{"type":"Ready","status":"True","reason":"","message":"",
                          "lastTransitionTime":"2026-01-02T15:04:05Z"}]})",
       "status.conditions[0].reason"},
      {R"({"conditions":[{"type":"Ready","status":"True","reason":"A","message":"",
                          "lastTransitionTime":"yesterday"}]})",
       "lastTransitionTime"},
  };
  for (const auto& a_case : cases) {
    const Output output =
        in_namespace("patch phc odd --subresource=status --type=merge -p '{\"status\":" +
                     std::string(a_case.status) + "}'");
    EXPECT_NE(output.status, 0) << a_case.status;
    EXPECT_THAT(output.text, HasSubstr(a_case.words));
  }
}

TEST_F(Crd, LeavesTheStatusToItsSubresource) {
  json hub = object("early", "ProcessHub");
  hub["status"] = {{"observedGeneration", 7}};
  ASSERT_EQ(with_object("create", hub).status, 0);
  EXPECT_FALSE(get("phub", "early").contains("status"));
}

TEST_F(Crd, FindsChildrenByHub) {
  ASSERT_EQ(
      with_object("create", object("mine", "ProcessHubChild", R"({"spec":{"hub":"selected"}})"))
          .status,
      0);
  EXPECT_EQ(in_namespace("get phc --field-selector spec.hub=selected -o name").text,
            "processhubchild.processhub.io/mine\n");
}

TEST_F(Crd, HasItsNames) {
  ASSERT_EQ(with_object("create", object("named", "ProcessHub")).status, 0);
  ASSERT_EQ(with_object("create", object("named", "ProcessHubChild")).status, 0);
  for (const char* name : {"processhub", "processhubs", "phub"}) {
    EXPECT_EQ(in_namespace("get " + std::string(name) + " named -o name").text,
              "processhub.processhub.io/named\n");
  }
  for (const char* name : {"processhubchild", "processhubchildren", "phc"}) {
    EXPECT_EQ(in_namespace("get " + std::string(name) + " named -o name").text,
              "processhubchild.processhub.io/named\n");
  }
  const std::string all = in_namespace("get processhub-all -o name").text;
  EXPECT_THAT(all, HasSubstr("processhub.processhub.io/named"));
  EXPECT_THAT(all, HasSubstr("processhubchild.processhub.io/named"));
}

TEST_F(Crd, ExplainsItsFields) {
  EXPECT_THAT(run("explain phub.spec.migration.maxConcurrent").text,
              HasSubstr("How many children may move at once"));
  EXPECT_THAT(run("explain phc.spec.hub").text, HasSubstr("in the same namespace"));
}

TEST_F(Crd, TakesAThousandChildren) {
  json hub = object("thousand", "ProcessHub", R"({"spec":{"distribution":{"strategy":"Guided"}}})");
  for (int i = 0; i < 1000; ++i) {
    hub["spec"]["children"].push_back(
        {{"name", "tenant-" + std::to_string(i)},
         {"nodes", {"node-" + std::to_string(i), "node-x"}},
         {"labels", {{"team", "payments"}, {"example.com/tier", "gold"}}},
         {"template",
          {{"spec",
            {{"containers",
              json::array({{{"name", "main"},
                            {"env", json::array({{{"name", "TENANT"},
                                                  {"value", std::to_string(i)}}})}}})}}}}}});
  }
  const Output created = with_object("apply --server-side", hub);
  EXPECT_EQ(created.status, 0) << created.text.substr(0, 2000);
  hub["spec"]["children"].push_back({{"name", "one-more"}, {"nodes", {"node-x"}}});
  const Output refused = with_object("apply --server-side", hub);
  EXPECT_NE(refused.status, 0);
  EXPECT_THAT(refused.text.substr(0, 2000), HasSubstr("must have at most 1000 items"));
}

}  // namespace
}  // namespace processhub::api
