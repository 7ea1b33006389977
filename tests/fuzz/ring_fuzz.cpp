// The ring, for any legal input: members come, go and change in any order; after each step it
// equals the ring that is built anew, and places as the rules do by the letter.
#include <algorithm>
#include <map>
#include <vector>

#include "fuzz/input.h"

#include "placement/ring.h"
#include "unit/placement/rings.h"

namespace processhub::placement {
namespace {

using fuzz::Input;
using fuzz::require;

// So small that the slow comparison stays cheap.
constexpr size_t kMembers = 12;
constexpr size_t kVirtualNodes = 20;
constexpr int kSteps = 24;

class RingFuzz {
 public:
  explicit RingFuzz(Input input)
      : input_(input), virtual_nodes_(1 + input_.below(kVirtualNodes)), ring_({}, virtual_nodes_) {}

  void run() {
    for (int step = 0; step < kSteps && !input_.ended(); ++step) {
      change();
      compare_points();
      for (int children = 1 + input_.below(3); children > 0; --children) compare_child();
    }
  }

 private:
  NodeName any_name() {
    // Names that share all points, short ones, any bytes.
    switch (input_.below(3)) {
      case 0:
        return testing::equal_name(input_.below(10));
      case 1:
        return NodeName(std::string(1, static_cast<char>('a' + input_.below(4))));
      default:
        return NodeName(input_.text(input_.one_in(8) ? 300 : 20));
    }
  }

  Member any_member(NodeName name) {
    return {.name = std::move(name),
            .zone = input_.one_in(8) ? input_.text(4) : std::string(input_.below(4), 'z'),
            .weight = input_.one_in(4) ? 1 + input_.below(2000) : 100};
  }

  void add(const Member& member) {
    ring_.add(member);
    members_.emplace(member.name, member);
  }
  void remove(const NodeName& name) {
    ring_.remove(name);
    members_.erase(name);
  }
  NodeName some_member() {
    auto at = members_.begin();
    std::advance(at, input_.below(members_.size()));
    return at->first;
  }

  void change() {
    const bool may_grow = members_.size() < kMembers;
    if (!members_.empty() && (!may_grow || input_.one_in(3))) {
      const NodeName name = some_member();
      remove(name);
      if (input_.one_in(2)) add(any_member(name));  // another zone and weight
      return;
    }
    const NodeName name = any_name();
    if (!members_.contains(name)) add(any_member(name));
  }

  [[nodiscard]] std::vector<Member> members() const {
    std::vector<Member> result;
    result.reserve(members_.size());
    for (const auto& [name, member] : members_) result.push_back(member);
    return result;
  }

  void compare_points() const {
    const Ring fresh(members(), virtual_nodes_);
    require(testing::all_points(ring_) == testing::all_points(fresh), "the points of a fresh ring");
    require(ring_.zones() == fresh.zones(), "the zones of a fresh ring");
    for (const auto& [name, member] : members_) {
      const auto index = ring_.index_of(name);
      require(index && ring_.members()[*index] == member, "each member is found");
      require(ring_.zone_of(*index) < ring_.zones(), "a zone is below the number of zones");
    }
  }

  void compare_child() {
    const std::string key = input_.text(30);
    std::vector<NodeName> excluded;
    while (!members_.empty() && excluded.size() < kMembers && input_.one_in(3)) {
      excluded.push_back(some_member());
    }
    if (input_.one_in(8)) excluded.push_back(any_name());
    // Also more than are looked up one by one.
    const int replicas = input_.one_in(8) ? 200 : input_.below(members_.size() + 2);
    const Assignment placed = ring_.place(key, replicas, excluded);
    require(
        placed == testing::place_by_the_letter(members(), virtual_nodes_, key, replicas, excluded),
        "the rules by the letter");
  }

  Input input_;
  int virtual_nodes_;
  Ring ring_;
  std::map<NodeName, Member> members_;
};

}  // namespace
}  // namespace processhub::placement

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  processhub::placement::RingFuzz(processhub::fuzz::Input({data, size})).run();
  return 0;
}
