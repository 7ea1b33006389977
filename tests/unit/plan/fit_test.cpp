// Whether a node takes a pod that the operator binds itself.
#include "plan/fit.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "unit/plan/builders.h"

namespace processhub::plan {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using testing::NodeBuilder;

std::string why(const char* spec, const kube::Node& node) {
  return why_unfit(json::parse(spec), node).value_or("");
}

kube::Node sized(kube::StringMap allocatable) {
  kube::Node node = NodeBuilder("node-a").node;
  node.allocatable = std::move(allocatable);
  return node;
}

TEST(FitTest, APodThatAsksForNothingFits) {
  EXPECT_EQ(why("{}", NodeBuilder("node-a").node), "");
  EXPECT_EQ(why(R"({"containers":[{"name":"a"}],"affinity":{"nodeAffinity":{}}})",
                NodeBuilder("node-a").node),
            "");
}

TEST(FitTest, TaintsAreToleratedOrKeepItAway) {
  const kube::Node node = NodeBuilder("node-a").taint("team", "NoSchedule", "eu").node;
  EXPECT_EQ(why("{}", node), "the pod does not tolerate the taint team=eu:NoSchedule");
  for (const char* tolerations :
       {R"([{"key":"team","operator":"Exists"}])", R"([{"key":"team","value":"eu"}])",
        R"([{"operator":"Exists"}])",
        R"([{"key":"team","operator":"Equal","value":"eu","effect":"NoSchedule"}])"}) {
    EXPECT_EQ(why((std::string(R"({"tolerations":)") + tolerations + "}").c_str(), node), "")
        << tolerations;
  }
  for (const char* tolerations :
       {R"([{"key":"team","value":"us"}])", R"([{"key":"other","operator":"Exists"}])",
        R"([{"key":"team","operator":"Exists","effect":"NoExecute"}])"}) {
    EXPECT_NE(why((std::string(R"({"tolerations":)") + tolerations + "}").c_str(), node), "")
        << tolerations;
  }
  EXPECT_NE(why("{}", NodeBuilder("node-a").taint("gone", "NoExecute").node), "");
  EXPECT_EQ(why("{}", NodeBuilder("node-a").taint("rather-not", "PreferNoSchedule").node), "");
}

TEST(FitTest, TheNodeSelectorHasToMatch) {
  const kube::Node node = NodeBuilder("node-a").label("disk", "ssd").node;
  EXPECT_EQ(why(R"({"nodeSelector":{"disk":"ssd"}})", node), "");
  EXPECT_EQ(why(R"({"nodeSelector":{"disk":"hdd"}})", node),
            "it lacks the label disk=hdd of the pod's nodeSelector");
  EXPECT_NE(why(R"({"nodeSelector":{"gpu":""}})", node), "");
}

TEST(FitTest, OneTermOfTheAffinityHasToMatchInAllThatItSays) {
  const kube::Node node =
      NodeBuilder("node-a").label("disk", "ssd").label("cores", "8").label("word", "x").node;
  const auto with = [&](const std::string& terms) {
    return why((R"({"affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":
                    {"nodeSelectorTerms":)" +
                terms + "}}}}")
                   .c_str(),
               node);
  };
  const auto label = [&](const std::string& requirement) {
    return with(R"([{"matchExpressions":[)" + requirement + "]}]");
  };
  EXPECT_EQ(label(R"({"key":"disk","operator":"In","values":["hdd","ssd"]})"), "");
  EXPECT_EQ(label(R"({"key":"disk","operator":"In","values":["hdd"]})"),
            "it does not match the pod's required node affinity");
  EXPECT_NE(label(R"({"key":"disk","operator":"NotIn","values":["ssd"]})"), "");
  EXPECT_EQ(label(R"({"key":"none","operator":"NotIn","values":["ssd"]})"), "");
  EXPECT_EQ(label(R"({"key":"disk","operator":"Exists"})"), "");
  EXPECT_NE(label(R"({"key":"none","operator":"Exists"})"), "");
  EXPECT_EQ(label(R"({"key":"none","operator":"DoesNotExist"})"), "");
  EXPECT_NE(label(R"({"key":"disk","operator":"DoesNotExist"})"), "");
  EXPECT_EQ(label(R"({"key":"cores","operator":"Gt","values":["7"]})"), "");
  EXPECT_NE(label(R"({"key":"cores","operator":"Gt","values":["8"]})"), "");
  EXPECT_EQ(label(R"({"key":"cores","operator":"Lt","values":["9"]})"), "");
  EXPECT_NE(label(R"({"key":"word","operator":"Gt","values":["1"]})"), "") << "no number";
  EXPECT_NE(label(R"({"key":"disk","operator":"Nearly","values":["ssd"]})"), "") << "unknown";
  EXPECT_EQ(
      with(R"([{"matchFields":[{"key":"metadata.name","operator":"In","values":["node-a"]}]}])"),
      "");
  EXPECT_NE(
      with(R"([{"matchFields":[{"key":"metadata.name","operator":"In","values":["node-b"]}]}])"),
      "");
  EXPECT_EQ(with(R"([{},{"matchExpressions":[{"key":"disk","operator":"Exists"}]}])"), "");
  EXPECT_NE(with(R"([{}])"), "") << "an empty term matches nothing";
  EXPECT_NE(with(R"([{"matchExpressions":[{"key":"disk","operator":"Exists"}],
      "matchFields":[{"key":"metadata.name","operator":"In","values":["node-b"]}]}])"),
            "");
}

TEST(FitTest, ItAsksForNoMoreThanTheNodeHas) {
  const kube::Node node = sized({{"cpu", "2"}, {"memory", "1Gi"}});
  EXPECT_EQ(
      why(R"({"containers":[{"resources":{"requests":{"cpu":"1500m","memory":"1Gi"}}}]})", node),
      "");
  EXPECT_EQ(why(R"({"containers":[{"resources":{"requests":{"cpu":"1500m"}}},
                                  {"resources":{"requests":{"cpu":"600m"}}}]})",
                node),
            "the pod requests more cpu than the node has (2)");
  EXPECT_THAT(why(R"({"containers":[{"resources":{"limits":{"memory":"2Gi"}}}]})", node),
              HasSubstr("memory"))
      << "what is limited alone is requested";
  EXPECT_EQ(why(R"({"containers":[{"resources":{"limits":{"memory":"2Gi"},
                                                "requests":{"memory":"1Mi"}}}]})",
                node),
            "");
  EXPECT_EQ(why(R"({"containers":[{"resources":{"requests":{"cpu":2}}}],
                    "initContainers":[{"resources":{"requests":{"cpu":"2"}}}]})",
                node),
            "")
      << "init containers run before";
  EXPECT_NE(why(R"({"containers":[{"resources":{"requests":{"cpu":2}}}],
                    "initContainers":[{"restartPolicy":"Always",
                                       "resources":{"requests":{"cpu":"1m"}}}]})",
                node),
            "")
      << "a sidecar runs beside";
  EXPECT_THAT(why(R"({"containers":[{"resources":{"limits":{"vendor.example/gpu":1}}}]})", node),
              HasSubstr("vendor.example/gpu than the node has (0)"));
}

TEST(FitTest, WhatIsNoPodSpecIsNoReasonToCrash) {
  const kube::Node node = NodeBuilder("node-a").node;
  for (const char* spec :
       {R"([])", R"({"containers":7,"tolerations":"x","nodeSelector":[1]})",
        R"({"containers":[7,{"resources":[]},{"resources":{"requests":{"cpu":"many"}}}]})",
        R"({"affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":7}}})"}) {
    EXPECT_EQ(why(spec, node), "") << spec;
  }
}

}  // namespace
}  // namespace processhub::plan
