// Whatever happens to nodes, pods and specs: once nothing happens any more, the operator
// comes to rest, and then everything is as the ring says.
//
//   PROCESSHUB_SEED=123 unit_plan_fixpoint   runs one seed and tells all that happened.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <gtest/gtest.h>
#include <random>
#include <set>

#include "api/conditions.h"
#include "plan/child_status.h"
#include "plan/labels.h"
#include "plan/move_rules.h"
#include "plan/slots.h"
#include "unit/plan/world.h"

namespace processhub::plan {
namespace {

using kube::ConditionStatus;
using testing::World;

#ifdef __SANITIZE_ADDRESS__
constexpr int kSeeds = 300;
#else
constexpr int kSeeds = 3000;
#endif

class Story {
 public:
  explicit Story(uint64_t seed) : random_(seed), world_(1 + below(7), 1 + below(5)) {
    world_.hub->spec.migration.max_concurrent = {.value = 1 + below(2), .percent = false};
    choose_distribution();
    change_factor();
    if (below(3) == 0) world_.hub->spec.nodes.weight_label = "weight";
  }

  // Empty where all is well.
  std::string run() {
    const int events = 3 + below(12);
    for (int i = 0; i < events && world_.broken().empty(); ++i) {
      happen();
      if (!let_pass(below(4) == 0 ? 300 : below(25))) break;
    }
    if (world_.broken().empty()) come_to_rest();
    return world_.broken().empty() ? verdict() : world_.broken();
  }

  [[nodiscard]] std::string history() const { return world_.history(); }

 private:
  int below(int bound) { return static_cast<int>(random_() % static_cast<uint64_t>(bound)); }

  std::string any_node() {
    if (world_.nodes.empty()) return "";
    return std::next(world_.nodes.begin(), below(static_cast<int>(world_.nodes.size())))->first;
  }

  void choose_distribution() {
    api::DistributionSpec& spec = world_.hub->spec.distribution;
    spec.consistent_hashing.virtual_nodes = 32;
    switch (below(6)) {
      case 0:
        spec.consistent_hashing.bound = api::Bound::kStrict;
        spec.consistent_hashing.load_factor_percent = 100;
        break;
      case 1:
        spec.consistent_hashing.bound = api::Bound::kRelaxed;
        break;
      case 2:
        spec.strategy = api::DistributionStrategyKind::kGuided;
        list_nodes();
        break;
      case 3:
        spec.strategy = api::DistributionStrategyKind::kCentralizedLoadBalancer;
        break;
      default:
        break;
    }
  }

  void change_distribution() {
    auto hub = std::make_shared<api::ProcessHub>(*world_.hub);
    hub->meta.generation += 1;
    hub->spec.distribution = {};
    world_.hub = hub;
    choose_distribution();
    world_.note("another strategy");
    change_factor();
  }

  void pause(bool paused) {
    auto hub = std::make_shared<api::ProcessHub>(*world_.hub);
    hub->meta.generation += 1;
    hub->spec.paused = paused;
    world_.hub = hub;
    world_.note(paused ? "the hub is paused" : "the hub is not paused");
  }

  [[nodiscard]] bool is_guided() const {
    return world_.hub->spec.distribution.strategy == api::DistributionStrategyKind::kGuided;
  }

  // A list for one child or another, with nodes that there may not be.
  void list_nodes() {
    for (size_t child = 0; child < world_.children().size(); ++child) {
      std::set<int> chosen;
      std::vector<NodeName> list;
      for (int i = below(6); i >= 0; --i) {
        const int node = below(8);
        if (chosen.insert(node).second) list.emplace_back("node-" + std::to_string(node));
      }
      world_.list_nodes(child, std::move(list));
    }
    world_.note("the children list other nodes");
  }

  void change_factor() {
    auto hub = std::make_shared<api::ProcessHub>(*world_.hub);
    hub->meta.generation += 1;
    const int factor = is_guided() ? 1 + below(4) : below(5);
    hub->spec.redundancy.strategy = factor == 1 ? api::RedundancyStrategyKind::kSingularity
                                                : api::RedundancyStrategyKind::kReplication;
    hub->spec.redundancy.replication.factor =
        factor == 0 ? std::nullopt : std::optional<int>(factor);
    world_.hub = hub;
    world_.note("factor " + (factor == 0 ? "ClusterSize" : std::to_string(factor)));
  }

  // Something happens that the operator has no part in.
  void happen() {
    const std::string node = any_node();
    switch (below(18)) {
      case 0:
      case 1:
        if (!node.empty()) set_health(node, ConditionStatus::kUnknown, "lost");
        break;
      case 2:
        if (!node.empty()) set_health(node, ConditionStatus::kFalse, "not Ready");
        break;
      case 3:
      case 4: {
        for (const auto& [name, state] : world_.nodes) {
          if (state.ready == ConditionStatus::kTrue || below(2) == 0) continue;
          set_health(name, ConditionStatus::kTrue, "back");
        }
        break;
      }
      case 5:
        if (node.empty() || world_.nodes.size() == 1) break;
        world_.note(node + " is deleted");
        world_.remove_node(node);
        break;
      case 6: {
        const std::string name = "node-" + std::to_string(below(8));
        world_.note(name + " is registered anew");
        world_.add_node(name);
        break;
      }
      case 7:
        if (node.empty()) break;
        world_.nodes[node].unschedulable = !world_.nodes[node].unschedulable;
        world_.note(node + (world_.nodes[node].unschedulable ? " is cordoned" : " is uncordoned"));
        break;
      case 8:
        if (node.empty()) break;
        world_.nodes[node].meta.labels["weight"] = std::to_string(1 + below(300));
        world_.note("the weight of " + node + " changes");
        break;
      case 9:
        change_factor();
        break;
      case 10:
        world_.note("the template changes");
        world_.change_template();
        break;
      case 11:
        if (world_.pods().empty()) break;
        world_.note("a pod is deleted or fails");
        if (below(2) == 0) {
          world_.delete_pod(static_cast<size_t>(below(static_cast<int>(world_.pods().size()))));
        } else {
          world_.fail_pod(static_cast<size_t>(below(static_cast<int>(world_.pods().size()))));
        }
        break;
      case 12:
        world_.note("the operator will end after some more writes");
        world_.restart_after(below(4));
        break;
      case 13:
        if (node.empty()) break;
        world_.note(node + " has no room for new pods");
        world_.fill_node(node);
        break;
      case 14: {
        const bool seen = below(2) == 0;
        const auto had_no_room = world_.full;
        for (const std::string& name : had_no_room) {
          if (!world_.nodes.contains(name)) continue;
          world_.note(name + " has room again" + (seen ? ", as its Node says" : ""));
          world_.empty_node(name, seen);
        }
        break;
      }
      case 15:
        if (is_guided()) list_nodes();
        break;
      case 16:
        change_distribution();
        break;
      case 17:
        pause(!world_.hub->spec.paused);
        break;
      default:
        break;
    }
  }

  void set_health(const std::string& node, ConditionStatus ready, const char* word) {
    if (world_.nodes[node].ready == ready) return;
    world_.note(node + " is " + word);
    world_.set_health(node, ready);
  }

  // The operator works while so many seconds pass. False: it does not come to rest.
  bool let_pass(int seconds) {
    const WallTime end = world_.now() + std::chrono::seconds(seconds);
    while (world_.settle()) {
      const auto next = world_.next_instant();
      if (!next || *next > end) {
        world_.advance(end);
        return world_.settle();
      }
      world_.advance(*next);
    }
    return false;
  }

  // Nothing happens any more. Everything that a child does, it does at most a few times: more
  // is a circle.
  void come_to_rest() {
    pause(false);
    world_.note("nothing happens from here on");
    for (int instant = 0; world_.settle(); ++instant) {
      const auto next = world_.next_instant();
      if (!next) return;
      if (instant > 1000) {
        broken_ = "time alone changes things for ever";
        return;
      }
      world_.advance(*next);
    }
  }

  std::string verdict() {
    if (!broken_.empty()) return broken_;
    // A move that does not come to its end holds the others back, as it should.
    const auto& all = world_.children();
    const bool held = std::any_of(all.begin(), all.end(), [&](const auto& child) {
      return has_failed_update(child.status.excluded) ||
             !api::is_true(child.status.conditions, kReady) ||
             (cannot_be_scheduled(child) && api::is_true(child.status.conditions, kMigrating));
    });
    for (const api::ProcessHubChild& child : world_.children()) {
      const ChildPlan plan = world_.plan(child);
      if (!plan.actions.empty()) return child.meta.name + ": there is still something to do";
      if (plan.status != child.status)
        return child.meta.name + ": its status is not the stored one";
      if (plan.look_again) return child.meta.name + ": it would still look again";
      if (plan.wants_move && held) continue;
      if (plan.wants_move) return child.meta.name + ": it wants to move for ever";
      if (plan.moving && !is_stuck(child)) return child.meta.name + ": it moves for ever";
      if (std::string wrong = misplaced(child); !wrong.empty())
        return child.meta.name + ": " + wrong;
    }
    return "";
  }

  [[nodiscard]] std::vector<NodeName> wanted(const api::ProcessHubChild& child) const {
    return world_.nodes_for(child);
  }

  // Something keeps the child from what it should be, and it is not the operator.
  [[nodiscard]] bool is_stuck(const api::ProcessHubChild& child) const {
    if (world_.frame().membership.mass_loss) return true;
    const auto is_ready = [&](const NodeName& node) {
      return world_.frame().membership.nodes.at(node).health == NodeHealth::kReady;
    };
    const auto nodes = wanted(child);
    if (!std::all_of(nodes.begin(), nodes.end(), is_ready)) return true;
    if (cannot_be_scheduled(child)) return true;
    for (const kube::Pod* pod : world_.pods_of(child)) {
      const NodeState* node = world_.frame().membership.node(node_of(*pod));
      if (node != nullptr && node->health == NodeHealth::kUnknown && !pod->meta.deleted)
        return true;
    }
    return false;
  }

  [[nodiscard]] std::string misplaced(const api::ProcessHubChild& child) const {
    for (const api::Exclusion& exclusion : child.status.excluded) {
      if (exclusion.reason == kUpdateTimedOut) continue;
      const NodeState* node = world_.frame().membership.node(exclusion.node);
      const bool lost = exclusion.reason == kNodeLost;
      if (node == nullptr || (lost && node->health == NodeHealth::kReady)) {
        return "an exclusion has no end";
      }
    }
    const auto nodes = wanted(child);
    if (std::set(nodes.begin(), nodes.end()).size() != nodes.size()) return "two on one node";
    const auto replicas = static_cast<size_t>(world_.frame().redundancy->replication_factor());
    // In a MassLoss nodes that are not Ready are given to nobody who has no place there.
    const bool all_count = !world_.frame().membership.mass_loss;
    if (all_count && nodes.size() < std::min(replicas, usable_members(child))) {
      return "fewer than it could have";
    }
    if (cannot_be_scheduled(child)) return "";
    if (world_.frame().membership.mass_loss) return "";
    for (const NodeName& node : nodes) {
      const NodeHealth health = world_.frame().membership.nodes.at(node).health;
      if (health == NodeHealth::kUnknown) return "wants to be on a lost node";
      if (health == NodeHealth::kNotReady) return "wants to be on a node that is not Ready";
      int here = 0;
      for (const kube::Pod* pod : world_.pods_of(child)) {
        if (node_of(*pod) != node || !serves(*pod, world_.frame().membership)) continue;
        if (pod->meta.labels.at(kRevisionLabel) != world_.revision()) return "an old template runs";
        ++here;
      }
      if (here != 1) return std::to_string(here) + " pods serve on " + node.str();
    }
    return "";
  }

  // A pod of it waits for room, and the status says so.
  [[nodiscard]] bool cannot_be_scheduled(const api::ProcessHubChild& child) const {
    const auto* placed = api::find_condition(child.status.conditions, kPlaced);
    return placed != nullptr && placed->reason == "Unschedulable";
  }

  [[nodiscard]] size_t usable_members(const api::ProcessHubChild& child) const {
    const auto& members = world_.frame().membership;
    size_t usable = members.members.size();
    if (is_guided()) {
      usable = static_cast<size_t>(
          std::count_if(child.spec.nodes.begin(), child.spec.nodes.end(),
                        [&](const NodeName& node) { return members.member(node) != nullptr; }));
    }
    for (const api::Exclusion& exclusion : child.status.excluded) {
      if (exclusion.reason == kUpdateTimedOut) continue;  // of no node in truth
      const auto& list = child.spec.nodes;
      if (is_guided() && std::find(list.begin(), list.end(), exclusion.node) == list.end())
        continue;
      --usable;
    }
    return usable;
  }

  std::mt19937_64 random_;
  World world_;
  std::string broken_;
};

TEST(FixpointTest, OnceNothingHappensAnyMoreEverythingIsAsTheRingSays) {
  if (const char* seed = std::getenv("PROCESSHUB_SEED")) {
    Story story(std::strtoull(seed, nullptr, 10));
    const std::string wrong = story.run();
    std::puts(story.history().c_str());
    EXPECT_EQ(wrong, "");
    return;
  }
  int failed = 0;
  for (int seed = 1; seed <= kSeeds && failed < 3; ++seed) {
    Story story(static_cast<uint64_t>(seed));
    const std::string wrong = story.run();
    if (wrong.empty()) continue;
    ++failed;
    ADD_FAILURE() << "seed " << seed << ": " << wrong << "\nreplay: PROCESSHUB_SEED=" << seed
                  << " unit_plan_fixpoint";
  }
}

}  // namespace
}  // namespace processhub::plan
