// Replicas are spread over zones as evenly as the zones' sizes allow.
#include <algorithm>
#include <gmock/gmock.h>
#include <map>

#include "placement/ring.h"
#include "unit/placement/rings.h"

namespace processhub::placement {
namespace {

using testing::as_set;
using testing::key;
using testing::name;
using ::testing::SizeIs;
using testing::zoned;

// Replicas in each zone, by the names that zoned() gives.
std::vector<int> in_zones(const Assignment& placed, size_t zones) {
  std::vector<int> count(zones, 0);
  for (const NodeName& node : placed.nodes) ++count[static_cast<size_t>(node.str()[5] - 'a')];
  return count;
}

// No zone has two more than another that still has a node to give.
bool is_even(const std::vector<int>& count, const std::vector<int>& sizes) {
  const int most = *std::max_element(count.begin(), count.end());
  for (size_t zone = 0; zone < sizes.size(); ++zone) {
    if (count[zone] < most - 1 && count[zone] < sizes[zone]) return false;
  }
  return true;
}

struct Case {
  std::vector<int> sizes;
  int most_replicas;
};
void PrintTo(const Case& zones, std::ostream* out) {
  *out << "zones of " << ::testing::PrintToString(zones.sizes) << ", up to " << zones.most_replicas
       << " replicas";
}

class Zones : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(Sizes, Zones,
                         ::testing::Values(Case{{3, 3, 3}, 9}, Case{{1, 9}, 10},
                                           Case{{5, 5, 20}, 30}, Case{{10}, 10},
                                           Case{{1, 1, 1, 1, 1}, 5}, Case{{2, 3, 4}, 7}));

TEST_P(Zones, ReplicasAreSpreadAsEvenlyAsTheSizesAllow) {
  const auto& [sizes, most] = GetParam();
  const Ring ring(zoned(sizes), 64);
  for (int child = 0; child < 100; ++child) {
    for (int replicas = 1; replicas <= most; ++replicas) {
      const Assignment placed = ring.place(key(child), replicas, {});
      ASSERT_THAT(as_set(placed), SizeIs(replicas));
      const auto count = in_zones(placed, sizes.size());
      ASSERT_TRUE(is_even(count, sizes)) << ::testing::PrintToString(count) << " of " << replicas;
    }
  }
}

TEST(ZonesTest, ASmallZoneGivesWhatItHasAndTheRestIsSaid) {
  const Ring ring(zoned({1, 9}), 64);
  for (int child = 0; child < 100; ++child) {
    const Assignment three = ring.place(key(child), 3, {});
    EXPECT_EQ(in_zones(three, 2), (std::vector{1, 2}));
    EXPECT_FALSE(three.zone_relaxed);  // 3 over 2 zones is 1 and 2
    const Assignment four = ring.place(key(child), 4, {});
    EXPECT_EQ(in_zones(four, 2), (std::vector{1, 3}));
    EXPECT_TRUE(four.zone_relaxed);
  }
}

TEST(ZonesTest, NodesWithoutAZoneAreOneZone) {
  std::vector<Member> some = zoned({3, 3});
  for (int i = 0; i < 3; ++i) some.push_back({.name = name("node-c", i)});
  const Ring ring(some, 64);
  for (int child = 0; child < 100; ++child) {
    EXPECT_EQ(in_zones(ring.place(key(child), 3, {}), 3), (std::vector{1, 1, 1}));
  }
}

// An exclusion does not change how many zones there are: the other zones do not take
// more than their share for it until nothing else is left.
TEST(ZonesTest, AZoneThatIsExcludedStillCounts) {
  const Ring ring(zoned({3, 3, 1}), 64);
  const std::vector<NodeName> excluded{name("node-c", 0)};
  for (int child = 0; child < 100; ++child) {
    const Assignment two = ring.place(key(child), 2, excluded);
    EXPECT_EQ(in_zones(two, 3), (std::vector{1, 1, 0}));
    EXPECT_FALSE(two.zone_relaxed);
    const Assignment three = ring.place(key(child), 3, excluded);
    EXPECT_THAT(three.nodes, SizeIs(3));
    EXPECT_TRUE(three.zone_relaxed);
  }
}

}  // namespace
}  // namespace processhub::placement
