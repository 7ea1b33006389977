// Defects that rings of other programs have had, each by its name, and one that this one had:
// none of them is here.
// (A fifth, ReplicasMoveAlthoughNoNodeOfTheirsChanged, is among the properties.)
#include <cmath>
#include <gmock/gmock.h>
#include <map>
#include <set>

#include "base/hash.h"
#include "placement/ring.h"
#include "unit/placement/rings.h"

namespace processhub::placement {
namespace {

using testing::as_set;
using testing::key;
using testing::members;
using testing::name;
using ::testing::SizeIs;

// A walk that ends at the last point gives the children just before it too few nodes.
TEST(RingDefects, WalkThatDoesNotWrap) {
  const Ring ring(members(5), 3);
  const Point last = ring.point(ring.points() - 1);
  for (const uint64_t position : {last.position, last.position + 1, ~uint64_t{0}, uint64_t{0}}) {
    std::vector<Ring::Index> out(5);
    ASSERT_EQ(ring.walk(position, {}, out), 5U);
    EXPECT_THAT(std::set<Ring::Index>(out.begin(), out.end()), SizeIs(5));
    EXPECT_EQ(out[0], position == last.position ? last.member : ring.point(0).member);
    EXPECT_EQ(ring.first(position, [&](auto index) { return index != out[0]; }), out[1]);
  }
}

// A hash that is seeded by the process, or an order that comes from addresses: the answers of
// this process are those of the one in which the number below was written.
TEST(RingDefects, AnswerThatDiffersOnEachStart) {
  Ring ring(testing::zoned({40, 30, 50}), 100);
  for (int i = 0; i < 20; ++i) ring.remove(name("node-b", i));
  std::string answers;
  for (int child = 0; child < 2000; ++child) {
    for (const NodeName& node : ring.place(key(child), 3, {}).nodes) answers += node.str() + "\n";
  }
  EXPECT_EQ(hash64(answers), 0x6d673dccee2edcd8ULL);
}

// A table sized for a hundred nodes; a name's number as its place.
TEST(RingDefects, CrashPast100Nodes) {
  Ring ring(members(99), 512);
  for (int i = 99; i < 130; ++i) ring.add({.name = name("node", i)});
  EXPECT_THAT(as_set(ring.place(key(1), 130, {})), SizeIs(130));

  const Ring large(members(3000), 512);
  std::map<NodeName, int> count;
  for (int child = 0; child < 30'000; ++child) ++count[large.place(key(child), 1, {}).nodes[0]];
  EXPECT_GT(count.size(), 2950U);  // with 10 a node, e^-10 of them have none
  for (const int replicas : {17, 3000}) {
    EXPECT_THAT(as_set(large.place(key(1), replicas, {})), SizeIs(replicas));
  }
}

// No two points of the members are equal, and each member's share of the circle is within five
// standard deviations (of Beta(k, V - k)) of what is due to it.
void expect_points_of_their_own(const std::vector<std::string>& names) {
  constexpr int kVirtualNodes = 512;
  std::vector<Member> some;
  some.reserve(names.size());
  for (const std::string& name : names) some.push_back({.name = NodeName(name)});
  const Ring ring(some, kVirtualNodes);
  std::vector<double> shares(names.size(), 0);
  uint64_t before = ring.point(ring.points() - 1).position;
  for (size_t at = 0; at < ring.points(); ++at) {
    const Point point = ring.point(at);
    ASSERT_NE(point.position, before) << "a point that two members share";
    shares[point.member] += std::ldexp(static_cast<double>(point.position - before), -64);
    before = point.position;
  }
  const double due = 1 / static_cast<double>(names.size());
  const double deviation = std::sqrt(due * (1 - due) / (static_cast<double>(ring.points()) + 1));
  for (const double share : shares) ASSERT_NEAR(share, due, 5 * deviation);
}

// A hash whose seed is lost in short names: XXH3 mixes it into some of the bytes by exclusive or,
// so with the number of the point as the seed vm1 had most points of vm2, vm3 and vm4.
TEST(RingDefects, NamesThatDifferInOneByteShareNoPoints) {
  const auto numbered = [](const std::string& prefix, int last, const std::string& suffix = "") {
    std::vector<std::string> names;
    for (int i = 1; i <= last; ++i) names.push_back((prefix + std::to_string(i)).append(suffix));
    return names;
  };
  std::vector<std::string> letters;
  for (char letter = 'a'; letter <= 'z'; ++letter) letters.emplace_back(1, letter);
  std::vector<std::string> padded;
  for (int i = 1; i <= 500; ++i) padded.push_back(name("node", i).str());
  std::vector<std::string> racks;
  racks.reserve(180);
  for (int i = 0; i < 180; ++i) {
    racks.push_back("srv" + std::to_string(1 + i / 20) + name("", i % 20).str());
  }
  const std::vector<std::vector<std::string>> patterns{
      numbered("vm", 4),
      numbered("vm", 99),
      numbered("pi", 8),
      numbered("n", 999),
      numbered("", 999),
      numbered("srv", 9, "-01"),
      numbered("ip-10-0-0-", 254),
      numbered("ip-10-0-0-", 254, ".eu-west-1.compute.internal"),
      numbered("aks-pool1-12345678-vmss00000", 300),
      letters,
      padded,
      racks,
  };
  for (const auto& names : patterns) {
    SCOPED_TRACE(names.front() + " to " + names.back());
    ASSERT_NO_FATAL_FAILURE(expect_points_of_their_own(names));
  }
  for (size_t length = 1; length <= 64; ++length) {
    SCOPED_TRACE("names of " + std::to_string(length) + " bytes");
    const std::string usual(length, 'm');
    std::vector<std::string> names{usual};
    for (size_t at = 0; at < length; ++at) {
      for (const char other : {'a', 'l', '1'}) {
        names.push_back(usual);
        names.back()[at] = other;
      }
    }
    ASSERT_NO_FATAL_FAILURE(expect_points_of_their_own(names));
  }
}

}  // namespace
}  // namespace processhub::placement
