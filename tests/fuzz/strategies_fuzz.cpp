// The strategies, for any legal input: children and members come, go and change, nodes are left
// out, the operator starts again. Whatever happened before, each child has as many distinct
// nodes as it can have, and asked again it keeps them.
#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "fuzz/input.h"

#include "placement/centralized_load_balancer.h"
#include "placement/consistent_hashing.h"
#include "placement/guided.h"
#include "placement/ledger.h"

namespace processhub::placement {
namespace {

using fuzz::Input;
using fuzz::require;

constexpr int kNames = 10;
constexpr int kChildren = 12;
constexpr int kSteps = 40;

class StrategiesFuzz {
 public:
  explicit StrategiesFuzz(Input input) : input_(input) {
    kind_ = input_.below(4);
    replicas_ = 1 + input_.below(4);
    bound_ = {.load_factor_percent = 100 + input_.below(100), .relaxed = input_.one_in(2)};
    use();
  }

  void run() {
    for (int step = 0; step < kSteps && !input_.ended(); ++step) {
      change();
      for (const std::string& child : children_) check(child);
      check_loads();
    }
  }

 private:
  static NodeName name(int number) { return NodeName("node-" + std::to_string(number)); }
  static std::string key(int number) { return "ns/hub/child-" + std::to_string(number); }

  void use() {
    std::vector<Member> members;
    members.reserve(members_.size());
    for (const auto& [node, member] : members_) members.push_back(member);
    switch (kind_) {
      case 0:
        strategy_ = std::make_shared<ConsistentHashing>(
            members, ConsistentHashingOptions{.virtual_nodes = 8});
        break;
      case 1:
        strategy_ = std::make_shared<ConsistentHashing>(
            members, ConsistentHashingOptions{.virtual_nodes = 8, .bound = bound_});
        break;
      case 2:
        strategy_ = std::make_shared<Guided>(members);
        break;
      default:
        strategy_ = std::make_shared<CentralizedLoadBalancer>(members, scores());
    }
    ledger_.use(strategy_, replicas_);
    ledger_.settle();
  }

  std::unordered_map<NodeName, NodeScore> scores() {
    std::unordered_map<NodeName, NodeScore> scores;
    for (const auto& [node, member] : members_) {
      if (input_.one_in(4)) continue;
      scores[node] = {.score = input_.below(100) / 100.0,
                      .replicas = static_cast<uint32_t>(input_.below(5)),
                      .ask = (1 + input_.below(10)) / 100.0};
    }
    return scores;
  }

  void change() {
    const NodeName node = name(input_.below(kNames));
    const std::string child = key(input_.below(kChildren));
    switch (input_.below(8)) {
      case 0:
      case 1:
        members_[node] = {.name = node,
                          .zone = std::string(input_.below(3), 'z'),
                          .weight = 1 + input_.below(400)};
        return use();
      case 2:
        members_.erase(node);
        return use();
      case 3:
        replicas_ = 1 + input_.below(4);
        return use();
      case 4:
        children_.insert(child);
        ledger_.add(child, {});
        return ledger_.settle();
      case 5:
        children_.erase(child);
        excluded_.erase(child);
        return ledger_.erase(child);
      case 6: {
        if (!children_.contains(child)) return;
        auto& excluded = excluded_[child];
        if (!excluded.erase(node)) excluded.insert(node);
        return ledger_.book(child, {.seats = ask(child).seats, .excluded = list(child)});
      }
      default:
        return restart();
    }
  }

  // Another operator: it knows the seats and what is left out.
  void restart() {
    std::map<std::string, std::vector<Seat>> had;
    for (const std::string& child : children_) had[child] = ledger_.seats(child);
    ledger_ = {};
    ledger_.use(strategy_, replicas_);
    for (const auto& [child, seats] : had) {
      ledger_.add(child, {.seats = seats, .excluded = list(child)});
    }
    ledger_.settle();
    for (const auto& [child, seats] : had) {
      require(nodes_of(ledger_.seats(child)) == nodes_of(seats), "a restart moves nobody");
    }
  }

  std::vector<NodeName> list(const std::string& child) const {
    const auto found = excluded_.find(child);
    if (found == excluded_.end()) return {};
    return {found->second.begin(), found->second.end()};
  }
  static std::set<NodeName> nodes_of(const std::vector<Seat>& seats) {
    std::set<NodeName> nodes;
    for (const Seat& seat : seats) nodes.insert(seat.node);
    return nodes;
  }

  static std::vector<std::pair<NodeName, NodeName>> homes_of(const std::vector<Seat>& seats) {
    std::vector<std::pair<NodeName, NodeName>> homes;
    homes.reserve(seats.size());
    for (const Seat& seat : seats) homes.emplace_back(seat.node, seat.home);
    return homes;
  }

  // Each child names every other node.
  [[nodiscard]] std::vector<NodeName> listed(const std::string& child) const {
    std::vector<NodeName> names;
    for (int i = child.back() % 2; i < kNames; i += 2) names.push_back(name(i));
    return names;
  }

  [[nodiscard]] Placement ask(const std::string& child) const {
    Ledger ledger = ledger_;
    const std::vector<Seat> seats = ledger.take(child);
    return strategy_->belongs_to({.key = child,
                                  .replicas = replicas_,
                                  .excluded = list(child),
                                  .listed = listed(child),
                                  .seats = seats},
                                 ledger.loads());
  }

  void check(const std::string& child) const {
    const Placement placed = ask(child);
    const auto names = listed(child);
    size_t usable = 0;
    for (const auto& [node, member] : members_) {
      const bool may = kind_ != 2 || std::find(names.begin(), names.end(), node) != names.end();
      const auto excluded = list(child);
      if (may && std::find(excluded.begin(), excluded.end(), node) == excluded.end()) ++usable;
    }
    require(placed.seats.size() == std::min(static_cast<size_t>(replicas_), usable),
            "as many nodes as there can be");
    require(nodes_of(placed.seats).size() == placed.seats.size(), "each on a node of its own");
    for (const Seat& seat : placed.seats) {
      require(members_.contains(seat.node), "on members alone");
      require(seat.home != seat.node, "a home is elsewhere");
    }
    if (strategy_->remembers()) {
      require(nodes_of(placed.seats) == nodes_of(ledger_.seats(child)), "it keeps what it has");
      require(homes_of(placed.seats) == homes_of(ledger_.seats(child)), "it says the same again");
    }
  }

  void check_loads() const {
    if (!strategy_->remembers()) return;
    std::map<NodeName, uint32_t> count;
    for (const std::string& child : children_) {
      for (const Seat& seat : ledger_.seats(child)) ++count[seat.node];
    }
    for (const auto& [node, member] : members_) {
      require(ledger_.loads().at(*strategy_->index_of(node)) == count[node], "loads are counted");
    }
  }

  Input input_;
  int kind_;
  int replicas_;
  BoundOptions bound_;
  std::map<NodeName, Member> members_;
  std::set<std::string> children_;
  std::map<std::string, std::set<NodeName>> excluded_;
  std::shared_ptr<const DistributionStrategy> strategy_;
  Ledger ledger_;
};

}  // namespace
}  // namespace processhub::placement

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  processhub::placement::StrategiesFuzz(processhub::fuzz::Input({data, size})).run();
  return 0;
}
