// A cluster in miniature: nodes, pods that become Ready and end, children whose statuses
// are stored, and an operator that plans one child at a time and does at once what the
// plan says, as apply::PlanExecutor does. For properties that hold whatever happens.
//
// Time passes only in advance(); nothing is random here but by the test's own choice.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "controller/move_budget.h"
#include "unit/plan/builders.h"

namespace processhub::plan::testing {

class World {
 public:
  struct PodState {
    kube::Pod pod;
    WallTime due = {};  // when it becomes Ready, or, being deleted, when it ends
  };

  World(int nodes, int children);

  // --- what the test does to it ---
  std::map<std::string, kube::Node> nodes;
  std::set<std::string> full = {};  // nodes without room
  std::shared_ptr<api::ProcessHub> hub = make_hub();
  void set_health(const std::string& node, kube::ConditionStatus ready);
  void add_node(const std::string& name);  // under a new uid each time
  void remove_node(const std::string& name);
  void change_template();
  void delete_pod(size_t which);  // somebody does
  void fail_pod(size_t which);    // it ends by itself
  // The scheduler finds no room on a node for new pods, or does again; `seen`: the Node shows it.
  void fill_node(const std::string& name);
  void empty_node(const std::string& name, bool seen);
  // The list of a Guided child.
  void list_nodes(size_t child, std::vector<NodeName> nodes);
  // After so many more writes the operator starts again: nothing but the API is remembered.
  void restart_after(int writes);

  // Lets the operator work until it does nothing more without time passing. False: it never
  // stops, which is a failure.
  [[nodiscard]] bool settle();
  // The next instant at which anything happens by itself; nullopt: nothing ever will.
  [[nodiscard]] std::optional<WallTime> next_instant() const;
  void advance(WallTime to);

  // --- what is true ---
  [[nodiscard]] WallTime now() const { return now_; }
  [[nodiscard]] const std::vector<api::ProcessHubChild>& children() const { return children_; }
  [[nodiscard]] const std::map<std::string, PodState>& pods() const { return pods_; }
  [[nodiscard]] const HubFrame& frame() const { return *frame_; }
  [[nodiscard]] const std::string& revision() const { return template_.revision; }
  [[nodiscard]] std::vector<const kube::Pod*> pods_of(const api::ProcessHubChild& child) const;
  // Where the child belongs as things are.
  [[nodiscard]] std::vector<NodeName> nodes_for(const api::ProcessHubChild& child) const;
  [[nodiscard]] ChildPlan plan(const api::ProcessHubChild& child, bool may_move,
                               bool may_update) const;
  // The same with the places that the budget has.
  [[nodiscard]] ChildPlan plan(const api::ProcessHubChild& child) const {
    return plan(child, budget_.may_move(child.key(), MoveKind::kOfNodes),
                budget_.may_move(child.key(), MoveKind::kUpdate));
  }
  [[nodiscard]] int limit() const;
  // The first rule that was broken, with what was done; empty while all is well.
  [[nodiscard]] const std::string& broken() const { return broken_; }
  // What happened, one line each.
  [[nodiscard]] std::string history() const;
  void note(std::string line);

 private:
  void update_frame();
  void update_ledger(const HubFrame* before);
  bool work(api::ProcessHubChild& child);  // whether anything was written
  bool carry_out(api::ProcessHubChild& child, const Action& action);
  [[nodiscard]] bool holds(const NodeIsDown& fact) const;
  [[nodiscard]] bool ends_pods(const kube::Pod& pod) const;
  void set_role(const SetRole& action);
  void create(const CreatePod& action);
  void start_deletion(PodState& state);
  void check(const api::ProcessHubChild& child);
  void check_balancer(const api::ProcessHubChild& child, const kube::Pod& moved, Reason reason);
  void check_move(const api::ProcessHubChild& child, const DeletePod& removal);
  void restart();
  void break_rule(const std::string& what);

  WallTime now_ = at(0);
  std::vector<api::ProcessHubChild> children_;
  std::map<std::string, PodState> pods_;  // by name
  PodTemplate template_ = make_template("rev1");
  std::shared_ptr<const HubFrame> frame_;
  placement::Ledger ledger_;
  controller::MoveBudget budget_;
  bool looked_at_ = false;          // whether statuses have been counted since the last start
  std::optional<int> writes_left_;  // until the next start
  std::optional<WallTime> look_again_;
  int next_uid_ = 1;
  int next_revision_ = 2;
  std::string broken_;
  std::vector<std::string> history_;
};

}  // namespace processhub::plan::testing
