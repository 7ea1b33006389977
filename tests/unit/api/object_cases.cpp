#include "unit/api/object_cases.h"

#include "unit/api/failover_cases.h"
#include "unit/api/placement_cases.h"
#include "unit/api/service_cases.h"

namespace processhub::api::test {

using nlohmann::json;

namespace {

constexpr const char* kHub = "ProcessHub";
constexpr const char* kChild = "ProcessHubChild";
constexpr const char* kReserved = "must not contain keys under processhub.io/";
constexpr const char* kNoNames = "must not contain name, generateName or namespace";

std::vector<ObjectCase> hub_cases() {
  return {
      {"smallest-hub", kHub, R"({})"},
      {"full-hub", kHub, R"({"spec":{
          "nodes":{"selector":{"matchLabels":{"pool":"workers","example.com/x":""},
                   "matchExpressions":[{"key":"gpu","operator":"DoesNotExist"},
                                       {"key":"disk","operator":"In","values":["ssd","nvme"]}]},
                   "tolerations":[{"key":"dedicated","value":"hub","effect":"NoSchedule"},
                                  {"key":"spot","operator":"Exists"},
                                  {"key":"going","operator":"Exists","effect":"NoExecute",
                                   "tolerationSeconds":30}],
                   "weightLabel":"example.com/weight","joinAfterSeconds":0,"onCordon":"Keep"},
          "distribution":{"strategy":"ConsistentHashing",
                          "consistentHashing":{"virtualNodes":64,"bound":"Strict",
                                               "loadFactorPercent":110,"topologyKey":"rack"},
                          "centralizedLoadBalancer":{"maxHistorySize":5,
                                                     "weightDecayFactor":"0.25",
                                                     "pushIntervalSeconds":60}},
          "redundancy":{"strategy":"Replication",
                        "replication":{"factor":3,"model":"ActivePassive","signal":"All",
                                       "http":{"port":8080,"path":"/role?now",
                                               "timeoutSeconds":5,"retries":0}}},
          "migration":{"strategy":"ColdSwap","hotSwap":{"retentionSeconds":60,
                                  "handover":{"enabled":true,"port":8081,"path":"/state",
                                              "dataWaitSeconds":9,"confirm":true}},
                       "childTimeoutSeconds":30,"maxConcurrent":"25%"},
          "partitionTolerance":{"strategy":"MajorityQuorum",
                                "staticQuorum":{"size":3,"startupConfirm":true},
                                "dynamicQuorum":{"percent":60,"thresholdSeconds":90},
                                "majorityQuorum":{"initialClusterSize":5,"trackMaxSize":true}},
          "failover":{"detection":"NodeProbe","nodeLease":{"leaseTimeoutSeconds":45},
                      "nodeProbe":{"periodSeconds":2,"failureThreshold":5},
                      "fence":"NodeConfirmed","restartAfterSeconds":0,"replaceAfterSeconds":30,
                      "activeNotReadySeconds":7},
          "update":{"maxUnavailable":"20%"},
          "spillAfterSeconds":5,"pinning":"Bind",
          "disruption":{"hold":false},
          "service":{"enabled":true,
                     "ports":[{"name":"web","port":80,"targetPort":8080},
                              {"name":"dns","protocol":"UDP","port":80,"targetPort":"dns-udp",
                               "appProtocol":"kubernetes.io/h2c"}]},
          "template":{"metadata":{"labels":{"app":"x"},"annotations":{"a":"b"},
                                  "creationTimestamp":null},
                      "spec":{"restartPolicy":"Always","hostNetwork":true,
                              "initContainers":[{"name":"i","image":"i"}]}},
          "children":[{"name":"a"},{"name":"0","labels":{"team":"x","example.com/t":""},
                       "nodes":["node-b","node-a.example.com","0"],
                       "template":{"spec":{"containers":[{"name":"main","image":"y"}]}}}],
          "paused":true}})"},
      {"other-keys-hub", kHub, R"({"metadata":{"name":"9lives"}})"},

      {"no-spec", kHub, R"({"spec":null})", "spec", "Required value"},
      {"name-with-dot", kHub, R"({"metadata":{"name":"a.b"}})", "metadata.name",
       "must be a DNS label"},
      {"name-too-long", kHub,
       R"({"metadata":{"name":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}})",
       "metadata.name", "may not be more than 63"},
      {"unknown-field", kHub, R"({"spec":{"replicas":3}})", "spec.replicas", "unknown field",
       false},
      {"misspelt-section", kHub, R"({"spec":{"nodes":{"joinAfter":3}}})", "spec.nodes.joinAfter",
       "unknown field", false},

      {"match-label-value", kHub, R"({"spec":{"nodes":{"selector":{"matchLabels":{"a":"x y"}}}}})",
       "spec.nodes.selector.matchLabels", "should match"},
      {"match-label-key", kHub, R"({"spec":{"nodes":{"selector":{"matchLabels":{"a b":"x"}}}}})",
       "spec.nodes.selector.matchLabels", "keys must be label keys"},
      {"match-label-number", kHub, R"({"spec":{"nodes":{"selector":{"matchLabels":{"a":1}}}}})",
       "spec.nodes.selector.matchLabels", "must be of type string"},
      {"selector-operator", kHub,
       R"({"spec":{"nodes":{"selector":{"matchExpressions":[{"key":"a","operator":"Gt"}]}}}})",
       "spec.nodes.selector.matchExpressions[0].operator", "Unsupported value"},
      {"selector-no-operator", kHub,
       R"({"spec":{"nodes":{"selector":{"matchExpressions":[{"key":"a"}]}}}})",
       "spec.nodes.selector.matchExpressions[0].operator", "Required value"},
      {"selector-no-key", kHub,
       R"({"spec":{"nodes":{"selector":{"matchExpressions":[{"operator":"Exists"}]}}}})",
       "spec.nodes.selector.matchExpressions[0].key", "Required value"},
      {"selector-bad-key", kHub, R"({"spec":{"nodes":{"selector":{
          "matchExpressions":[{"key":"-a","operator":"Exists"}]}}}})",
       "spec.nodes.selector.matchExpressions[0].key", "should match"},
      {"selector-in-without-values", kHub,
       R"({"spec":{"nodes":{"selector":{"matchExpressions":[{"key":"a","operator":"In"}]}}}})",
       "spec.nodes.selector.matchExpressions[0]", "values needs at least one entry"},
      {"selector-exists-with-values", kHub, R"({"spec":{"nodes":{"selector":{
          "matchExpressions":[{"key":"a","operator":"Exists","values":["b"]}]}}}})",
       "spec.nodes.selector.matchExpressions[0]", "values needs at least one entry"},

      {"toleration-without-key", kHub,
       R"({"spec":{"nodes":{"tolerations":[{"operator":"Exists"}]}}})", "spec.nodes.tolerations[0]",
       "key is required: a toleration without key"},
      {"toleration-empty-key", kHub,
       R"({"spec":{"nodes":{"tolerations":[{"key":"","operator":"Exists"}]}}})",
       "spec.nodes.tolerations[0]", "key is required"},
      {"toleration-bad-key", kHub, R"({"spec":{"nodes":{"tolerations":[{"key":"a b"}]}}})",
       "spec.nodes.tolerations[0]", "key is not the key of a taint"},
      {"toleration-of-lost-nodes", kHub, R"({"spec":{"nodes":{"tolerations":[
          {"key":"node.kubernetes.io/unreachable","operator":"Exists","effect":"NoExecute"}]}}})",
       "spec.nodes.tolerations[0]", "the operator itself decides"},
      {"toleration-out-of-service", kHub, R"({"spec":{"nodes":{"tolerations":[
          {"key":"node.kubernetes.io/out-of-service","operator":"Exists"}]}}})",
       "spec.nodes.tolerations[0]", "the operator itself decides"},
      {"toleration-operator", kHub,
       R"({"spec":{"nodes":{"tolerations":[{"key":"a","operator":"In"}]}}})",
       "spec.nodes.tolerations[0].operator", "Unsupported value"},
      {"toleration-exists-with-value", kHub,
       R"({"spec":{"nodes":{"tolerations":[{"key":"a","operator":"Exists","value":"b"}]}}})",
       "spec.nodes.tolerations[0]", "value must be empty with operator Exists"},
      {"toleration-effect", kHub,
       R"({"spec":{"nodes":{"tolerations":[{"key":"a","effect":"No"}]}}})",
       "spec.nodes.tolerations[0].effect", "Unsupported value"},
      {"toleration-seconds", kHub, R"({"spec":{"nodes":{"tolerations":[
          {"key":"a","effect":"NoSchedule","tolerationSeconds":3}]}}})",
       "spec.nodes.tolerations[0]", "tolerationSeconds needs effect NoExecute"},
      {"weight-label", kHub, R"({"spec":{"nodes":{"weightLabel":"a b"}}})",
       "spec.nodes.weightLabel", "should match"},
      {"join-negative", kHub, R"({"spec":{"nodes":{"joinAfterSeconds":-1}}})",
       "spec.nodes.joinAfterSeconds", "greater than or equal to 0"},
      {"join-too-long", kHub, R"({"spec":{"nodes":{"joinAfterSeconds":86401}}})",
       "spec.nodes.joinAfterSeconds", "less than or equal to 86400"},
      {"join-text", kHub, R"({"spec":{"nodes":{"joinAfterSeconds":"10s"}}})",
       "spec.nodes.joinAfterSeconds", "must be of type integer"},
      {"on-cordon", kHub, R"({"spec":{"nodes":{"onCordon":"Evict"}}})", "spec.nodes.onCordon",
       "Unsupported value"},

      {"distribution-strategy", kHub, R"({"spec":{"distribution":{"strategy":"Random"}}})",
       "spec.distribution.strategy", "Unsupported value"},
      {"no-virtual-nodes", kHub,
       R"({"spec":{"distribution":{"consistentHashing":{"virtualNodes":0}}}})",
       "spec.distribution.consistentHashing.virtualNodes", "greater than or equal to 1"},
      {"too-many-virtual-nodes", kHub,
       R"({"spec":{"distribution":{"consistentHashing":{"virtualNodes":4097}}}})",
       "spec.distribution.consistentHashing.virtualNodes", "less than or equal to 4096"},
      {"topology-key", kHub,
       R"({"spec":{"distribution":{"consistentHashing":{"topologyKey":"a/b/c"}}}})",
       "spec.distribution.consistentHashing.topologyKey", "should match"},
      {"no-topology-key", kHub,
       R"({"spec":{"distribution":{"consistentHashing":{"topologyKey":""}}}})"},

      {"redundancy-strategy", kHub, R"({"spec":{"redundancy":{"strategy":"Singleton"}}})",
       "spec.redundancy.strategy", "Unsupported value"},
      {"replication-by-default", kHub, R"({"spec":{"redundancy":{"strategy":"Replication"}}})"},
      {"unused-section", kHub, R"({"spec":{"redundancy":{"replication":{"factor":5}}}})"},
      {"factor-cluster-size", kHub,
       R"({"spec":{"redundancy":{"replication":{"factor":"ClusterSize"}}}})"},
      {"factor-zero", kHub, R"({"spec":{"redundancy":{"replication":{"factor":0}}}})",
       "spec.redundancy.replication.factor", "factor must be an integer from 1"},
      {"factor-huge", kHub, R"({"spec":{"redundancy":{"replication":{"factor":10001}}}})",
       "spec.redundancy.replication.factor", "factor must be an integer from 1"},
      {"factor-text", kHub, R"({"spec":{"redundancy":{"replication":{"factor":"3"}}}})",
       "spec.redundancy.replication.factor", "factor must be an integer from 1"},
      {"factor-fraction", kHub, R"({"spec":{"redundancy":{"replication":{"factor":1.5}}}})",
       "spec.redundancy.replication.factor", "must be of type integer"},
      {"model", kHub, R"({"spec":{"redundancy":{"replication":{"model":"LeaderFollower"}}}})",
       "spec.redundancy.replication.model", "Unsupported value"},

      {"migration-strategy", kHub, R"({"spec":{"migration":{"strategy":"BlueGreen"}}})",
       "spec.migration.strategy", "Unsupported value"},
      {"max-concurrent-number", kHub, R"({"spec":{"migration":{"maxConcurrent":1}}})"},
      {"max-concurrent-all", kHub, R"({"spec":{"migration":{"maxConcurrent":"100%"}}})"},
      {"max-concurrent-zero", kHub, R"({"spec":{"migration":{"maxConcurrent":0}}})",
       "spec.migration.maxConcurrent", "maxConcurrent must be an integer of at least 1"},
      {"max-concurrent-zero-percent", kHub, R"({"spec":{"migration":{"maxConcurrent":"0%"}}})",
       "spec.migration.maxConcurrent", "maxConcurrent must be"},
      {"max-concurrent-101-percent", kHub, R"({"spec":{"migration":{"maxConcurrent":"101%"}}})",
       "spec.migration.maxConcurrent", "maxConcurrent must be"},
      {"max-concurrent-05-percent", kHub, R"({"spec":{"migration":{"maxConcurrent":"05%"}}})",
       "spec.migration.maxConcurrent", "maxConcurrent must be"},
      {"max-concurrent-half-percent", kHub, R"({"spec":{"migration":{"maxConcurrent":"0.5%"}}})",
       "spec.migration.maxConcurrent", "maxConcurrent must be"},
      {"max-concurrent-text", kHub, R"({"spec":{"migration":{"maxConcurrent":"10"}}})",
       "spec.migration.maxConcurrent", "maxConcurrent must be"},
      {"max-unavailable-number", kHub, R"({"spec":{"update":{"maxUnavailable":5}}})"},
      {"max-unavailable-percent", kHub, R"({"spec":{"update":{"maxUnavailable":"25%"}}})"},
      {"max-unavailable-zero", kHub, R"({"spec":{"update":{"maxUnavailable":0}}})",
       "spec.update.maxUnavailable", "maxUnavailable must be an integer of at least 1"},
      {"max-unavailable-101-percent", kHub, R"({"spec":{"update":{"maxUnavailable":"101%"}}})",
       "spec.update.maxUnavailable", "maxUnavailable must be"},
      {"pinning", kHub, R"({"spec":{"pinning":"Nail"}})", "spec.pinning", "Unsupported value"},
      {"pinning-node-name", kHub, R"({"spec":{"pinning":"NodeName"}})"},
      {"pinning-node-name-fenced", kHub,
       R"({"spec":{"pinning":"NodeName","failover":{"fence":"NodeConfirmed"}}})", "spec.pinning",
       "pinning must not be NodeName with failover.fence NodeConfirmed"},
      {"pinning-bind-fenced", kHub,
       R"({"spec":{"pinning":"Bind","failover":{"fence":"NodeConfirmed"}}})"},

      {"restart-negative", kHub, R"({"spec":{"failover":{"restartAfterSeconds":-1}}})",
       "spec.failover.restartAfterSeconds", "greater than or equal to 0"},
      {"restart-too-long", kHub, R"({"spec":{"failover":{"restartAfterSeconds":86401}}})",
       "spec.failover.restartAfterSeconds", "less than or equal to 86400"},
      {"replace-negative", kHub, R"({"spec":{"failover":{"replaceAfterSeconds":-1}}})",
       "spec.failover.replaceAfterSeconds", "greater than or equal to 0"},
      {"replace-too-long", kHub, R"({"spec":{"failover":{"replaceAfterSeconds":604801}}})",
       "spec.failover.replaceAfterSeconds", "less than or equal to 604800"},
      {"paused-text", kHub, R"({"spec":{"paused":"yes"}})", "spec.paused",
       "must be of type boolean"},
  };
}

std::vector<ObjectCase> hub_template_cases() {
  return {
      {"no-template", kHub, R"({"spec":{"template":null}})", "spec.template", "Required value"},
      {"template-without-spec", kHub, R"({"spec":{"template":{"spec":null}}})",
       "spec.template.spec", "Required value"},
      {"template-without-containers", kHub, R"({"spec":{"template":{"spec":{"containers":null}}}})",
       "spec.template.spec.containers", "Required value"},
      {"template-no-containers", kHub, R"({"spec":{"template":{"spec":{"containers":[]}}}})",
       "spec.template.spec.containers", "at least 1 items"},
      {"container-without-name", kHub,
       R"({"spec":{"template":{"spec":{"containers":[{"image":"x"}]}}}})",
       "spec.template.spec.containers[0].name", "Required value"},
      {"container-twice", kHub,
       R"({"spec":{"template":{"spec":{"containers":[{"name":"a"},{"name":"a"}]}}}})",
       "spec.template.spec.containers[1]", "Duplicate value"},
      {"init-container-twice", kHub,
       R"({"spec":{"template":{"spec":{"initContainers":[{"name":"a"},{"name":"a"}]}}}})",
       "spec.template.spec.initContainers[1]", "Duplicate value"},
      {"containers-beside-spec", kHub, R"({"spec":{"template":{"containers":[{"name":"a"}]}}})",
       "spec.template.containers", "unknown field", false},
      {"restart-never", kHub, R"({"spec":{"template":{"spec":{"restartPolicy":"Never"}}}})",
       "spec.template.spec.restartPolicy", "restartPolicy must be Always or be left out"},
      {"restart-on-failure", kHub,
       R"({"spec":{"template":{"spec":{"restartPolicy":"OnFailure"}}}})",
       "spec.template.spec.restartPolicy", "restartPolicy must be Always"},
      {"node-name", kHub, R"({"spec":{"template":{"spec":{"nodeName":"n"}}}})",
       "spec.template.spec", "nodeName must not be set"},
      {"template-tolerates-everything", kHub,
       R"({"spec":{"template":{"spec":{"tolerations":[{"operator":"Exists"}]}}}})",
       "spec.template.spec.tolerations[0]", "a toleration must have a key"},
      {"template-outlasts-a-dead-node", kHub,
       R"({"spec":{"template":{"spec":{"tolerations":[
          {"key":"a","operator":"Exists"},
          {"key":"node.kubernetes.io/out-of-service","operator":"Exists"}]}}}})",
       "spec.template.spec.tolerations[1]", "pods must go from a node"},
      {"template-tolerations", kHub,
       R"({"spec":{"template":{"spec":{"tolerations":[
          {"key":"gpu","operator":"Exists","effect":"NoSchedule"},
          {"key":"a","value":"b"}]}}}})"},
      {"template-toleration-without-key", kHub,
       R"({"spec":{"template":{"spec":{"tolerations":[{"value":"b"}]}}}})",
       "spec.template.spec.tolerations[0]", "a toleration must have a key"},
      {"template-name", kHub, R"({"spec":{"template":{"metadata":{"name":"x"}}}})",
       "spec.template.metadata", kNoNames},
      {"template-generate-name", kHub, R"({"spec":{"template":{"metadata":{"generateName":"x"}}}})",
       "spec.template.metadata", kNoNames},
      {"template-namespace", kHub, R"({"spec":{"template":{"metadata":{"namespace":"x"}}}})",
       "spec.template.metadata", kNoNames},
      {"template-reserved-label", kHub,
       R"({"spec":{"template":{"metadata":{"labels":{"processhub.io/role":"active"}}}}})",
       "spec.template.metadata.labels", kReserved},
      {"template-number-label", kHub, R"({"spec":{"template":{"metadata":{"labels":{"a":1}}}}})",
       "spec.template.metadata.labels", "must be of type string"},

      {"children-no-list", kHub, R"({"spec":{"children":"a"}})", "spec.children",
       "must be of type array"},
      {"inline-child-without-name", kHub, R"({"spec":{"children":[{"labels":{"a":"b"}}]}})",
       "spec.children[0].name", "Required value"},
      {"inline-child-with-dot", kHub, R"({"spec":{"children":[{"name":"a.b"}]}})",
       "spec.children[0].name", "must be a DNS label"},
      {"inline-child-upper-case", kHub, R"({"spec":{"children":[{"name":"Orders"}]}})",
       "spec.children[0].name", "must be a DNS label"},
      {"inline-child-long-name", kHub, R"({"spec":{"children":[{"name":
          "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}]}})",
       "spec.children[0].name", "may not be more than 63"},
      {"inline-child-twice", kHub, R"({"spec":{"children":[{"name":"a"},{"name":"a"}]}})",
       "spec.children[1]", "Duplicate value"},
      {"inline-child-reserved-label", kHub,
       R"({"spec":{"children":[{"name":"a","labels":{"processhub.io/hub":"x"}}]}})",
       "spec.children[0].labels", kReserved},
      {"inline-child-reserved-subdomain", kHub,
       R"({"spec":{"children":[{"name":"a","labels":{"x.processhub.io/y":"x"}}]}})",
       "spec.children[0].labels", kReserved},
      {"inline-child-label-key", kHub,
       R"({"spec":{"children":[{"name":"a","labels":{"a b":"x"}}]}})", "spec.children[0].labels",
       "keys must be label keys"},
      {"inline-child-label-value", kHub,
       R"({"spec":{"children":[{"name":"a","labels":{"a":"x y"}}]}})", "spec.children[0].labels",
       "should match"},
      {"inline-child-restart", kHub,
       R"({"spec":{"children":[{"name":"a","template":{"spec":{"restartPolicy":"Never"}}}]}})",
       "spec.children[0].template.spec.restartPolicy", "restartPolicy must be Always"},
      {"inline-child-node-name", kHub,
       R"({"spec":{"children":[{"name":"a","template":{"spec":{"nodeName":"n"}}}]}})",
       "spec.children[0].template.spec", "nodeName must not be set"},
      {"inline-child-template-name", kHub,
       R"({"spec":{"children":[{"name":"a","template":{"metadata":{"name":"n"}}}]}})",
       "spec.children[0].template.metadata", kNoNames},
      {"inline-child-template-label", kHub, R"({"spec":{"children":[{"name":"a",
          "template":{"metadata":{"labels":{"processhub.io/role":"n"}}}}]}})",
       "spec.children[0].template.metadata.labels", kReserved},
  };
}

std::vector<ObjectCase> child_cases() {
  return {
      {"smallest-child", kChild, R"({})"},
      {"full-child", kChild, R"({"metadata":{"labels":{"a":"b"}},"spec":{"template":{
          "$patch":"replace","metadata":{"labels":{"x":"y"}},
          "spec":{"$setElementOrder/containers":[{"name":"b"},{"name":"a"}],
                  "containers":[{"name":"b","$patch":"delete"},{"$patch":"replace"},
                                {"name":"a","image":"b"}],
                  "volumes":[{"name":"v","$retainKeys":["name","emptyDir"],"emptyDir":{}}]}}}})"},
      {"child-without-spec", kChild, R"({"spec":null})", "spec", "Required value"},
      {"child-without-hub", kChild, R"({"spec":{"hub":null}})", "spec.hub", "Required value"},
      {"child-empty-hub", kChild, R"({"spec":{"hub":""}})", "spec.hub", "at least 1 chars"},
      {"child-hub-with-dot", kChild, R"({"spec":{"hub":"a.b"}})", "spec.hub",
       "hub must be the name of a ProcessHub"},
      {"child-hub-in-namespace", kChild, R"({"spec":{"hub":"other/hub"}})", "spec.hub",
       "hub must be the name of a ProcessHub"},
      {"child-hub-too-long", kChild,
       R"({"spec":{"hub":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}})",
       "spec.hub", "may not be more than 63"},
      {"child-name-with-dot", kChild, R"({"metadata":{"name":"a.b"}})", "metadata.name",
       "must be a DNS label"},
      {"child-name-too-long", kChild,
       R"({"metadata":{"name":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}})",
       "metadata.name", "may not be more than 63"},
      {"child-unknown-field", kChild, R"({"spec":{"image":"x"}})", "spec.image", "unknown field",
       false},
      {"child-containers-beside-spec", kChild, R"({"spec":{"template":{"containers":[]}}})",
       "spec.template.containers", "unknown field", false},
      {"child-template-patch", kChild, R"({"spec":{"template":{"$patch":"delete"}}})",
       "spec.template.$patch", "Unsupported value"},
      {"child-restart", kChild, R"({"spec":{"template":{"spec":{"restartPolicy":"Never"}}}})",
       "spec.template.spec.restartPolicy", "restartPolicy must be Always"},
      {"child-node-name", kChild, R"({"spec":{"template":{"spec":{"nodeName":"n"}}}})",
       "spec.template.spec", "nodeName must not be set"},
      {"child-template-name", kChild, R"({"spec":{"template":{"metadata":{"name":"n"}}}})",
       "spec.template.metadata", kNoNames},
      {"child-template-label", kChild,
       R"({"spec":{"template":{"metadata":{"labels":{"processhub.io/child":"n"}}}}})",
       "spec.template.metadata.labels", kReserved},
      {"child-containers-no-list", kChild, R"({"spec":{"template":{"spec":{"containers":{}}}}})",
       "spec.template.spec.containers", "must be of type array"},
  };
}

}  // namespace

const std::vector<ObjectCase>& object_cases() {
  static const std::vector<ObjectCase> cases = [] {
    std::vector<ObjectCase> all = hub_cases();
    for (const auto& more : {placement_cases(), failover_cases(), service_cases(),
                             hub_template_cases(), child_cases()}) {
      all.insert(all.end(), more.begin(), more.end());
    }
    return all;
  }();
  return cases;
}

json object_of(const ObjectCase& a_case) {
  json object{{"apiVersion", "processhub.io/v1alpha1"},
              {"kind", a_case.kind},
              {"metadata", {{"name", a_case.name}, {"namespace", "default"}}}};
  if (object["kind"] == kHub) {
    object["spec"]["template"]["spec"]["containers"] =
        json::array({{{"name", "main"}, {"image", "example.com/app:1"}}});
  } else {
    object["spec"]["hub"] = "hub";
  }
  object.merge_patch(json::parse(a_case.patch));
  return object;
}

}  // namespace processhub::api::test
