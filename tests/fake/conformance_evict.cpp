// Of the conversation with an API server (conformance.h): evictions, and the budgets that are
// asked about them.
#include "fake/conformance_steps.h"

namespace processhub::testing {
namespace {

using kube::Method;

const std::string kPods = "/api/v1/namespaces/${NS}/pods";
const std::string kBudgets = "/apis/policy/v1/namespaces/${NS}/poddisruptionbudgets";

const std::vector<std::string> kCause = {"/details/causes/0/reason", "/details/causes/0/message"};
const std::vector<std::string> kBudgetStatus = {
    "/status/disruptionsAllowed", "/status/currentHealthy", "/status/desiredHealthy",
    "/status/expectedPods", "/status/conditions/0/reason"};

std::string eviction(const std::string& name, const std::string& options = {}) {
  return R"({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": ")" + name +
         R"("})" + (options.empty() ? "" : R"(, "deleteOptions": {)" + options + "}") + "}";
}

std::string budget(const std::string& name, const std::string& spec) {
  return R"({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": ")" +
         name + R"("}, "spec": {"selector": {"matchLabels": {"evict": "held"}}, )" + spec + "}}";
}

// A pod on the node, which no kubelet looks after.
Step bound(const std::string& name, const std::string& label) {
  return {.name = "a pod to be evicted: " + name,
          .method = Method::kPost,
          .path = kPods,
          .body = R"({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": ")" + name +
                  R"(", "labels": {"evict": ")" + label +
                  R"("}}, "spec": {"containers": [{"name": "c", "image": "i"}],)" +
                  R"( "nodeName": "${NODE}"}})",
          .outcome = "201 Pod first gen=1",
          .save = name};
}

Step ready(const std::string& name, bool on = true) {
  return {
      .name = name + (on ? " is Ready" : " is not Ready"),
      .method = Method::kPatch,
      .path = kPods + "/" + name + "/status",
      .body = R"({"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": ")" +
              std::string(on ? "True" : "False") + R"("}]}})",
      .outcome = "200 Pod new gen=1"};
}

Step evict(const std::string& what, const std::string& name, const std::string& outcome,
           const std::string& options = {}, std::vector<std::string> show = {}) {
  return {.name = "eviction: " + what,
          .method = Method::kPost,
          .path = kPods + "/" + name + "/eviction",
          .body = eviction(name, options),
          .outcome = outcome,
          .show = std::move(show)};
}

// As a kubelet does.
Step ended(const std::string& name) {
  return {.name = name + " has ended",
          .method = Method::kDelete,
          .path = kPods + "/" + name,
          .body = R"({"gracePeriodSeconds": 0})",
          .outcome = "200 Pod new gen=2 deleting=0"};
}

Step counted(const std::string& what, const std::string& name, const std::string& outcome) {
  return {.name = "what the controller has counted: " + what,
          .path = kBudgets + "/" + name,
          .outcome = outcome,
          .show = kBudgetStatus,
          .shared = true,
          .patient = true};
}

Step make_budget(const std::string& name, const std::string& spec) {
  return {.name = "a budget: " + spec,
          .method = Method::kPost,
          .path = kBudgets,
          .body = budget(name, spec),
          .outcome = "201 PodDisruptionBudget gen=1",
          .shared = true};
}

Step drop_budget(const std::string& name) {
  return {.name = "the budget " + name + " goes",
          .method = Method::kDelete,
          .path = kBudgets + "/" + name,
          .outcome = "200 Success"};
}

std::vector<Step> without_budget() {
  return {
      evict("of what is not there", "none", "404 NotFound"),
      bound("e", "free"),
      {.name = "eviction: another name in the body",
       .method = Method::kPost,
       .path = kPods + "/e/eviction",
       .body = eviction("a"),
       .outcome = "400 BadRequest"},
      {.name = "eviction: no name in the body",
       .method = Method::kPost,
       .path = kPods + "/e/eviction",
       .body = R"({"apiVersion": "policy/v1", "kind": "Eviction"})",
       .outcome = "400 BadRequest"},
      {.name = "eviction: another kind in the body",
       .method = Method::kPost,
       .path = kPods + "/e/eviction",
       .body = gated_pod(R"("name": "e")"),
       .outcome = "400 BadRequest"},
      {.name = "eviction: get", .path = kPods + "/e/eviction", .outcome = "405 MethodNotAllowed"},
      {.name = "eviction: patch",
       .method = Method::kPatch,
       .path = kPods + "/e/eviction",
       .body = "{}",
       .outcome = "405 MethodNotAllowed"},
      {.name = "eviction: a trial in the query",
       .method = Method::kPost,
       .path = kPods + "/e/eviction?dryRun=All",
       .body = eviction("e"),
       .outcome = "201 Success"},
      evict("a trial in the body", "e", "201 Success", R"("dryRun": ["All"])"),
      {.name = "after these trials", .path = kPods + "/e", .outcome = "200 Pod same gen=1"},
      evict("an old version, of a pod that does not run", "e", "409 Conflict",
            R"("preconditions": {"resourceVersion": "${a0.rv}"})"),
      ready("e"),
      evict("wrong uid", "e", "409 Conflict", R"("preconditions": {"uid": "${a0.uid}"})"),
      evict("old version", "e", "409 Conflict",
            R"("preconditions": {"resourceVersion": "${e.rv}"})"),
      {.name = "after these refusals", .path = kPods + "/e", .outcome = "200 Pod same gen=1"},
      evict("no budget", "e", "201 Success", R"("preconditions": {"uid": "${e.uid}"})"),
      {.name = "it goes in its time",
       .path = kPods + "/e",
       .outcome = "200 Pod new gen=2 deleting=30 /status/conditions/1/type=DisruptionTarget "
                  "/status/conditions/1/reason=EvictionByEvictionAPI",
       .show = {"/status/conditions/1/type", "/status/conditions/1/reason"}},
      evict("of what is on its way already", "e", "201 Success"),
      {.name = "it goes on going",
       .path = kPods + "/e",
       .outcome = "200 Pod same gen=2 deleting=30"},
      evict("a shorter time", "e", "201 Success", R"("gracePeriodSeconds": 7)"),
      {.name = "it goes sooner", .path = kPods + "/e", .outcome = "200 Pod new gen=2 deleting=7"},
      ended("e"),
      evict("of what is gone", "e", "404 NotFound"),
  };
}

// As the budget of a hub.
std::vector<Step> held() {
  return {
      bound("f", "held"),
      ready("f"),
      bound("g", "held"),
      ready("g"),
      bound("h", "held"),
      make_budget("hold",
                  R"("minAvailable": 2147483647, "unhealthyPodEvictionPolicy": "AlwaysAllow")"),
      evict("a budget that may not have been counted yet", "f",
            "429 TooManyRequests /details/causes/0/reason=DisruptionBudget", {}, {kCause[0]}),
      counted("none may ever go", "hold",
              "200 PodDisruptionBudget gen=1 /status/disruptionsAllowed=0 /status/currentHealthy=2 "
              "/status/desiredHealthy=2147483647 /status/expectedPods=3 "
              "/status/conditions/0/reason=InsufficientPods"),
      evict("of a held pod", "f",
            "429 TooManyRequests /details/causes/0/reason=DisruptionBudget "
            "/details/causes/0/message=The disruption budget hold needs 2147483647 healthy pods "
            "and has 2 currently /details/retryAfterSeconds=null",
            {}, {kCause[0], kCause[1], "/details/retryAfterSeconds"}),
      evict("of a held pod, a trial", "f", "429 TooManyRequests", R"("dryRun": ["All"])"),
      evict("of a held pod, wrong uid", "f", "429 TooManyRequests",
            R"("preconditions": {"uid": "${a0.uid}"})"),
      evict("of a held pod that does not run yet", "h", "201 Success"),
      {.name = "that one goes in its time",
       .path = kPods + "/h",
       .outcome = "200 Pod new gen=2 deleting=30"},
      ended("h"),
      ready("f", false),
      evict("of a held pod that is not Ready", "f", "201 Success"),
      ended("f"),
      {.name = "the label is taken off",
       .method = Method::kPatch,
       .path = kPods + "/g",
       .body = R"({"metadata": {"labels": {"evict": "free"}}})",
       .outcome = "200 Pod new gen=1"},
      evict("of a pod that is held no more", "g", "201 Success"),
      ended("g"),
  };
}

std::vector<Step> budgeted() {
  return {
      {.name = "the budget lets all but one go",
       .method = Method::kPatch,
       .path = kBudgets + "/hold",
       .body = R"({"spec": {"minAvailable": 1, "unhealthyPodEvictionPolicy": null}})",
       .outcome = "200 PodDisruptionBudget gen=2",
       .shared = true},
      bound("i", "held"),
      ready("i"),
      bound("j", "held"),
      ready("j"),
      bound("k", "held"),
      ready("k"),
      counted("two may go", "hold",
              "200 PodDisruptionBudget gen=2 /status/disruptionsAllowed=2 /status/currentHealthy=3 "
              "/status/desiredHealthy=1 /status/expectedPods=3 "
              "/status/conditions/0/reason=SufficientPods"),
      evict("a trial of what is granted", "i", "201 Success", R"("dryRun": ["All"])"),
      evict("of what is granted", "i", "201 Success"),
      counted("one may go", "hold",
              "200 PodDisruptionBudget gen=2 /status/disruptionsAllowed=1 /status/currentHealthy=2 "
              "/status/desiredHealthy=1 /status/expectedPods=3 "
              "/status/conditions/0/reason=SufficientPods"),
      ended("i"),
      evict("granted, and then the uid is wrong", "j", "409 Conflict",
            R"("preconditions": {"uid": "${a0.uid}"})"),
      counted("its grant is spent", "hold",
              "200 PodDisruptionBudget gen=2 /status/disruptionsAllowed=0 /status/currentHealthy=1 "
              "/status/desiredHealthy=1 /status/expectedPods=2 "
              "/status/conditions/0/reason=InsufficientPods"),
      evict("of another", "k",
            "429 TooManyRequests /details/causes/0/message=The disruption budget hold needs 1 "
            "healthy pods and has 1 currently",
            {}, {kCause[1]}),
      ready("j", false),
      evict("of one that is not Ready, while enough are", "j", "201 Success"),
      ended("j"),
      ready("k", false),
      counted("nobody is Ready", "hold",
              "200 PodDisruptionBudget gen=2 /status/disruptionsAllowed=0 /status/currentHealthy=0 "
              "/status/desiredHealthy=1 /status/expectedPods=1 "
              "/status/conditions/0/reason=InsufficientPods"),
      evict("of one that is not Ready, while too few are", "k", "429 TooManyRequests"),
      make_budget("second", R"("maxUnavailable": 1)"),
      evict("two budgets", "k", "500 "),
      drop_budget("hold"),
      ready("k"),
      counted("pods of nobody", "second",
              "200 PodDisruptionBudget gen=1 /status/disruptionsAllowed=0 /status/currentHealthy=1 "
              "/status/desiredHealthy=0 /status/expectedPods=0 "
              "/status/conditions/0/reason=InsufficientPods"),
      evict("of a pod of nobody, by its share", "k",
            "429 TooManyRequests /details/causes/0/message=The disruption budget second does not "
            "allow evicting pods currently",
            {}, {kCause[1]}),
      drop_budget("second"),
      {.name = "k is of an owner without a scale",
       .method = Method::kPatch,
       .path = kPods + "/k",
       .body =
           R"({"metadata": {"ownerReferences": [{"apiVersion": "processhub.io/v1alpha1",
               "kind": "ProcessHubChild", "name": "c", "uid": "${c0.uid}", "controller": true}]}})",
       .outcome = "200 Pod new gen=1"},
      make_budget("third", R"("maxUnavailable": 1)"),
      counted("it cannot", "third",
              "200 PodDisruptionBudget gen=1 /status/disruptionsAllowed=0 /status/currentHealthy=0 "
              "/status/desiredHealthy=0 /status/expectedPods=0 "
              "/status/conditions/0/reason=SyncFailed"),
      evict("by a budget that cannot be counted", "k",
            "429 TooManyRequests /details/causes/0/message=The disruption budget third is still "
            "being processed by the server. /details/retryAfterSeconds=10",
            {}, {kCause[1], "/details/retryAfterSeconds"}),
      drop_budget("third"),
      {.name = "the last of them goes",
       .method = Method::kDelete,
       .path = kPods + "/k",
       .body = R"({"gracePeriodSeconds": 0})",
       .outcome = "200 Pod new gen=2 deleting=0"},
  };
}

}  // namespace

std::vector<Step> evict_steps() {
  std::vector<Step> all;
  for (const auto& part : {without_budget(), held(), budgeted()}) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

}  // namespace processhub::testing
