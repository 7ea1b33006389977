// The models of what else acts on a cluster's objects: scheduler, kubelets, node controller,
// garbage collector.
#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/fake_clock.h"

#include "fake/admin.h"
#include "fake/disruption_controller.h"
#include "fake/garbage_collector.h"
#include "fake/kubelet.h"
#include "fake/node_controller.h"
#include "fake/object_rules.h"
#include "fake/scheduler.h"
#include "fake/taints.h"
#include "kube/json_text.h"

namespace processhub::testing {
namespace {

using namespace std::chrono_literals;
using kube::kNodes;
using kube::kPods;
using nlohmann::json;

class World : public ::testing::Test {
 protected:
  // Everybody in turn, until nobody has anything to do.
  void settle() {
    for (int rounds = 0; rounds < 1000; ++rounds) {
      const bool did = scheduler.step() | a.step() | b.step() | nodes.step() | collector.step() |
                       disruption.step();
      if (!did) return;
    }
    FAIL() << "it never settles";
  }
  // Time passes, second by second.
  void pass(std::chrono::seconds time) {
    for (; time > 0s; time -= 1s) {
      clock.move(1s);
      settle();
    }
  }
  void given_nodes() {
    a.join();
    b.join();
    settle();
  }
  json pod(const std::string& name) const {
    const ObjectPtr found = server.store().find(kind_of(kPods), "shop/" + name);
    return found ? *found : json();
  }
  std::string ready(const std::string& name) const { return condition_of(pod(name), "Ready"); }
  std::string node_ready(const std::string& name) const {
    return condition_of(*server.store().find(kind_of(kNodes), name), "Ready");
  }
  Uid uid(const std::string& name) const { return Uid(kube::meta_text(pod(name), "uid")); }

  FakeClock clock;
  ApiServer server{clock};
  Admin admin{server};
  Scheduler scheduler{server};
  Kubelet a{server, clock, "a", {.zone = "north"}};
  Kubelet b{server, clock, "b", {.zone = "south", .address = "10.0.0.2"}};
  NodeController nodes{server, clock};
  GarbageCollector collector{server};
  DisruptionController disruption{server, clock};
};

TEST_F(World, ANodeIsTaintedUntilItIsReady) {
  a.join();
  EXPECT_TRUE(has_taint(*admin.get(kNodes, "", "a"), "node.kubernetes.io/not-ready", "NoSchedule"));
  settle();
  EXPECT_EQ(node_ready("a"), "True");
  EXPECT_TRUE(list_at(*admin.get(kNodes, "", "a"), "/spec/taints").empty());
}

TEST_F(World, APinnedPodRunsOnItsNode) {
  given_nodes();
  admin.create(kPods, pinned_pod("shop", "p", "b"));
  settle();
  EXPECT_EQ(pod("p").at("spec").at("nodeName"), "b");
  EXPECT_EQ(pod("p").at("status").at("phase"), "Running");
  EXPECT_EQ(ready("p"), "True");
  EXPECT_EQ(b.running().size(), 1);
  // The server tells the pod about the node's topology as it is bound.
  EXPECT_EQ(pod("p").at("metadata").at("labels").at("topology.kubernetes.io/zone"), "south");
}

TEST_F(World, APodThatFitsNowhereIsUnschedulable) {
  given_nodes();
  admin.create(kPods, pinned_pod("shop", "p", "c"));
  admin.merge(kNodes, "", "a", {{"spec", {{"unschedulable", true}}}});
  admin.create(kPods, pinned_pod("shop", "q", "a"));
  settle();
  for (const char* name : {"p", "q"}) {
    EXPECT_EQ(condition_of(pod(name), "PodScheduled"), "False") << name;
    EXPECT_EQ(pod(name).at("status").at("conditions")[0].at("reason"), "Unschedulable") << name;
  }
  EXPECT_TRUE(
      has_taint(*admin.get(kNodes, "", "a"), "node.kubernetes.io/unschedulable", "NoSchedule"));
  admin.merge(kNodes, "", "a", {{"spec", {{"unschedulable", nullptr}}}});
  settle();
  EXPECT_EQ(ready("q"), "True");
}

TEST_F(World, AGateHoldsAPodBack) {
  given_nodes();
  json gated = pinned_pod("shop", "p", "a");
  gated["spec"]["schedulingGates"] = {{{"name", "x.io/y"}}};
  admin.create(kPods, gated);
  settle();
  EXPECT_FALSE(pod("p").at("spec").contains("nodeName"));
  EXPECT_EQ(pod("p").at("status").at("conditions")[0].at("reason"), "SchedulingGated");
  admin.merge(kPods, "shop", "p", {{"spec", {{"schedulingGates", nullptr}}}});
  settle();
  EXPECT_EQ(ready("p"), "True");
}

TEST_F(World, ANodeTakesSoManyPods) {
  Kubelet c(server, clock, "c", {.pods = "1"});
  c.join();
  while (c.step() || nodes.step()) {
  }
  admin.create(kPods, pinned_pod("shop", "p", "c"));
  admin.create(kPods, pinned_pod("shop", "q", "c"));
  settle();
  EXPECT_EQ(pod("p").at("spec").at("nodeName"), "c");
  EXPECT_FALSE(pod("q").at("spec").contains("nodeName"));
}

TEST_F(World, ADeletedPodRunsUntilItsKubeletHasEndedIt) {
  given_nodes();
  admin.create(kPods, pinned_pod("shop", "p", "a"));
  settle();
  a.hold_ends(true);
  admin.remove(kPods, "shop", "p");
  settle();
  EXPECT_TRUE(is_deleting(pod("p")));
  EXPECT_TRUE(a.running().at(uid("p")).ending);
  a.hold_ends(false);
  settle();
  EXPECT_TRUE(a.running().empty());
  EXPECT_TRUE(pod("p").is_null());
}

TEST_F(World, ALostNodeIsMarkedAndComesBack) {
  given_nodes();
  json tolerant = pinned_pod("shop", "p", "a");
  tolerant["spec"]["tolerations"] = {{{"operator", "Exists"}}};
  admin.create(kPods, tolerant);
  settle();
  a.partition(true);
  pass(39s);
  EXPECT_EQ(node_ready("a"), "True");
  pass(12s);
  EXPECT_EQ(node_ready("a"), "Unknown");
  EXPECT_EQ(node_ready("b"), "True");
  EXPECT_EQ(ready("p"), "False");
  EXPECT_TRUE(
      has_taint(*admin.get(kNodes, "", "a"), "node.kubernetes.io/unreachable", "NoExecute"));
  admin.remove(kPods, "shop", "p");
  pass(400s);
  // Nobody ends it: it is bound, and its kubelet does not hear of it.
  EXPECT_TRUE(is_deleting(pod("p")));
  EXPECT_EQ(a.running().size(), 1);
  EXPECT_FALSE(a.running().begin()->second.ending);
  a.partition(false);
  settle();
  EXPECT_TRUE(pod("p").is_null());
  EXPECT_TRUE(a.running().empty());
  EXPECT_EQ(node_ready("a"), "True");
}

TEST_F(World, ANodeThatIsAwayTooLongLosesPodsThatDoNotTolerateIt) {
  given_nodes();
  admin.create(kPods, pinned_pod("shop", "p", "a"));
  settle();
  a.crash();
  pass(340s);  // the 40 s of the Lease, and 300 s that every pod tolerates
  EXPECT_FALSE(is_deleting(pod("p")));
  pass(15s);
  EXPECT_TRUE(is_deleting(pod("p")));
}

TEST_F(World, PodsOfADeletedNodeAreRemovedLater) {
  given_nodes();
  admin.create(kPods, pinned_pod("shop", "p", "a"));
  settle();
  a.crash();
  admin.remove(kNodes, "", "a");
  pass(39s);
  EXPECT_FALSE(pod("p").is_null());
  pass(2s);
  EXPECT_TRUE(pod("p").is_null());
}

TEST_F(World, AMachineThatReplacesAnotherHasANodeOfItsOwn) {
  given_nodes();
  const std::string before = kube::meta_text(*admin.get(kNodes, "", "a"), "uid");
  a.replace();
  settle();
  EXPECT_NE(kube::meta_text(*admin.get(kNodes, "", "a"), "uid"), before);
  EXPECT_EQ(node_ready("a"), "True");
}

TEST_F(World, AfterACrashThePodsBeginAnew) {
  given_nodes();
  admin.create(kPods, pinned_pod("shop", "p", "a"));
  settle();
  a.crash();
  EXPECT_TRUE(a.running().empty());
  a.start();
  settle();
  EXPECT_EQ(a.running().size(), 1);
  EXPECT_EQ(ready("p"), "True");
}

TEST_F(World, APodBelievesTheRoleThatItsKubeletHasSeen) {
  given_nodes();
  const auto role = [](const char* text) {
    return json{{"metadata", {{"annotations", {{"processhub.io/role", text}}}}}};
  };
  admin.create(kPods, pinned_pod("shop", "p", "a"));
  admin.merge(kPods, "shop", "p", role("passive"));
  settle();
  EXPECT_EQ(a.running().at(uid("p")).role, "passive");
  a.hold_sight(true);
  admin.merge(kPods, "shop", "p", role("active"));
  settle();
  EXPECT_EQ(a.running().at(uid("p")).role, "passive");
  a.hold_sight(false);
  settle();
  EXPECT_EQ(a.running().at(uid("p")).role, "active");
}

TEST_F(World, APodMayBeUnready) {
  given_nodes();
  admin.create(kPods, pinned_pod("shop", "p", "a"));
  settle();
  a.set_ready(uid("p"), false);
  settle();
  EXPECT_EQ(ready("p"), "False");
}

class Budgets : public World {
 protected:
  void given_pods(const json& budget) {
    given_nodes();
    for (const char* name : {"p", "q"}) {
      json pod = pinned_pod("shop", name, "a");
      pod["metadata"]["labels"]["app"] = "x";
      admin.create(kPods, pod);
    }
    json spec = budget;
    spec["selector"]["matchLabels"]["app"] = "x";
    admin.create(kube::kPodDisruptionBudgets,
                 {{"metadata", {{"name", "budget"}, {"namespace", "shop"}}}, {"spec", spec}});
    settle();
  }
  int64_t allowed() const {
    return admin.get(kube::kPodDisruptionBudgets, "shop", "budget")
        ->at("status")
        .at("disruptionsAllowed");
  }
};

TEST_F(Budgets, AnEvictedPodEndsAsADeletedOneDoes) {
  given_pods({{"minAvailable", 1}});
  EXPECT_EQ(allowed(), 1);
  EXPECT_EQ(admin.evict("shop", "p").code, 201);
  EXPECT_TRUE(is_deleting(pod("p")));
  EXPECT_EQ(admin.evict("shop", "q").code, 429);
  settle();
  EXPECT_TRUE(pod("p").is_null());
  EXPECT_EQ(allowed(), 0);
  EXPECT_EQ(ready("q"), "True");
}

TEST_F(Budgets, WhatIsGrantedAndNotDeletedCountsAgainLater) {
  given_pods({{"minAvailable", 1}});
  EXPECT_EQ(admin.evict("shop", "p", {{"preconditions", {{"uid", "another"}}}}).code, 409);
  pass(119s);
  EXPECT_EQ(allowed(), 0);
  pass(3s);
  EXPECT_EQ(allowed(), 1);
}

TEST_F(Budgets, OneThatItsControllerHasNotSeenGrantsNothing) {
  given_pods({{"minAvailable", 1}});
  admin.merge(kube::kPodDisruptionBudgets, "shop", "budget", {{"spec", {{"minAvailable", 0}}}});
  EXPECT_EQ(admin.evict("shop", "p").code, 429);
  settle();
  EXPECT_EQ(allowed(), 2);
  EXPECT_EQ(admin.evict("shop", "p").code, 201);
}

class Owners : public World {
 protected:
  void SetUp() override {
    admin.create(kube::kProcessHubs, sample_hub("shop", "h"));
    admin.create(kube::kProcessHubChildren,
                 owned(sample_child("shop", "c", "h"), kube::kProcessHubs, "h"));
    admin.create(kPods, owned(sample_pod("shop", "p"), kube::kProcessHubChildren, "c"));
    settle();
  }
  json owned(json object, const kube::Resource& resource, const std::string& owner) const {
    const ObjectPtr found = admin.get(resource, "shop", owner);
    object["metadata"]["ownerReferences"] = {{{"apiVersion", resource.api_version()},
                                              {"kind", resource.kind},
                                              {"name", owner},
                                              {"uid", kube::meta_text(*found, "uid")},
                                              {"controller", true}}};
    return object;
  }
  bool has(const kube::Resource& resource, const std::string& name) const {
    return admin.get(resource, "shop", name) != nullptr;
  }
};

TEST_F(Owners, InTheBackgroundDependentsFollow) {
  admin.remove(kube::kProcessHubs, "shop", "h", {{"propagationPolicy", "Background"}});
  EXPECT_FALSE(has(kube::kProcessHubs, "h"));
  EXPECT_TRUE(has(kube::kProcessHubChildren, "c"));
  EXPECT_TRUE(collector.step());
  EXPECT_FALSE(has(kube::kProcessHubChildren, "c"));
  EXPECT_TRUE(has(kPods, "p"));
  settle();
  EXPECT_FALSE(has(kPods, "p"));
}

TEST_F(Owners, AnOwnerOfTheSameNameIsAnother) {
  admin.remove(kube::kProcessHubs, "shop", "h");
  admin.create(kube::kProcessHubs, sample_hub("shop", "h"));
  settle();
  EXPECT_FALSE(has(kube::kProcessHubChildren, "c"));
}

TEST_F(Owners, OrphansStay) {
  admin.remove(kube::kProcessHubChildren, "shop", "c", {{"propagationPolicy", "Orphan"}});
  EXPECT_TRUE(has(kube::kProcessHubChildren, "c"));
  settle();
  EXPECT_FALSE(has(kube::kProcessHubChildren, "c"));
  EXPECT_FALSE(pod("p").at("metadata").contains("ownerReferences"));
}

TEST_F(Owners, InTheForegroundTheOwnerGoesLast) {
  std::vector<std::string> gone;
  server.observe([&](const Change& change) {
    if (!change.after) gone.emplace_back(change.kind->resource.kind);
  });
  admin.remove(kube::kProcessHubs, "shop", "h", {{"propagationPolicy", "Foreground"}});
  settle();
  EXPECT_THAT(gone, ::testing::ElementsAre("Pod", "ProcessHubChild", "ProcessHub"));
}

}  // namespace
}  // namespace processhub::testing
