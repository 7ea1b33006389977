// Defects that rings of other programs have had, each by its name: none of them is here.
// (A fifth, ReplicasMoveAlthoughNoNodeOfTheirsChanged, is among the properties.)
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
  EXPECT_EQ(hash64(answers), 0xaa582cc728b9989dULL);
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

}  // namespace
}  // namespace processhub::placement
