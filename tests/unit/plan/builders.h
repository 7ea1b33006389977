// Short ways to say what a test of the plan is about: nodes, pods, children, hubs.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "plan/child_placement.h"
#include "plan/child_plan.h"
#include "plan/frame.h"
#include "plan/membership.h"
#include "plan/pod.h"

namespace processhub::plan::testing {

using std::chrono::seconds;

// Noon of the test's day, and so many seconds after it.
[[nodiscard]] WallTime at(int64_t second);

// A Node that is Ready since long ago.
struct NodeBuilder {
  kube::Node node;

  explicit NodeBuilder(const std::string& name, const std::string& uid = "");
  NodeBuilder& ready(WallTime since);
  NodeBuilder& not_ready(WallTime since);
  NodeBuilder& unknown(WallTime since);
  NodeBuilder& cordoned();
  NodeBuilder& taint(const std::string& key, const std::string& effect,
                     const std::string& value = "");
  NodeBuilder& label(const std::string& key, const std::string& value);
};

[[nodiscard]] std::shared_ptr<api::ProcessHub> make_hub(const std::string& name = "hub");
[[nodiscard]] api::ProcessHubChild make_child(const std::string& name = "orders");

// Valid, of one container; the revision says which of several it is.
[[nodiscard]] PodTemplate make_template(const std::string& revision = "rev1");

// The Pod that the API server would hold after it got `body`.
[[nodiscard]] kube::Pod pod_of(const nlohmann::json& body, const std::string& uid);

// A cluster as one child's planner sees it: nodes, the hub, the child and its pods.
class Situation {
 public:
  std::shared_ptr<api::ProcessHub> hub = make_hub();
  api::ProcessHubChild child = make_child();
  PodTemplate pod_template = make_template();
  std::vector<kube::Node> nodes;
  std::vector<placement::Member> members;  // so far; empty: the start of the operator
  std::vector<kube::Pod> pods;
  NodeName not_reached;  // by the hub's detection, though its Node is Ready
  bool may_move = true;
  bool may_update = true;  // if it may move
  bool rollout_failed = false;
  int failures = 0;
  RoleAnswers answers;  // that pods have given
  std::vector<kube::Service> services;
  std::string service_problem;
  placement::Ledger ledger;  // of a hub whose strategy remembers; the test fills it
  WallTime now = at(0);

  explicit Situation(int node_count = 3);  // node-a, node-b, ...

  Situation& replicas(int factor);        // peers
  Situation& active_passive(int factor);  // one leads
  [[nodiscard]] kube::Node& node(const NodeName& name);
  void lose(const NodeName& name, WallTime since);  // Ready=Unknown
  void remove_node(const NodeName& name);

  // What the ring gives the child while nothing is lost or excluded.
  [[nodiscard]] std::vector<NodeName> ring_nodes(const std::vector<NodeName>& excluded = {});

  // A Ready pod as the operator makes it.
  kube::Pod& run(int slot, const NodeName& node, int incarnation = 1);
  // One Ready pod a slot where the ring wants it, its role in place, and the status that tells
  // of it.
  void settle();
  // As the executor would: the status is stored, roles are written and gates lifted; pods are
  // neither made nor deleted.
  void carry_out(const ChildPlan& plan);
  [[nodiscard]] kube::Pod* pod(int slot, int incarnation = 1);

  // Membership follows the nodes as they are now.
  ChildPlan plan();
  // The status of `plan` becomes the child's own.
  void store(const ChildPlan& plan) { child.status = plan.status; }
  [[nodiscard]] const HubFrame& frame() const { return *frame_; }

 private:
  void update_frame();
  std::shared_ptr<const HubFrame> frame_;
};

// One line for each action: "delete orders-0-xxxxx NodeLost if down node-a", for messages
// and for comparing at a glance. Pod names are told as slot.incarnation: "delete 0.1 NodeLost".
[[nodiscard]] std::vector<std::string> told(const ChildPlan& plan,
                                            const api::ProcessHubChild& child);

[[nodiscard]] const api::Condition& condition_of(const std::vector<api::Condition>& conditions,
                                                 const std::string& type);

}  // namespace processhub::plan::testing
