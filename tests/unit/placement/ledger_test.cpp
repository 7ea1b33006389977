// Who has what, and a strategy whose members change.
#include "placement/ledger.h"

#include <gmock/gmock.h>
#include <random>

#include "placement/consistent_hashing.h"
#include "unit/placement/rings.h"

namespace processhub::placement {
namespace {

using testing::key;
using testing::members;
using testing::name;
using testing::zoned;

TEST(ConsistentHashingTest, AStrategyThatIsChangedIsTheOneThatIsMadeAnew) {
  std::mt19937_64 random(25);
  std::vector<Member> now = zoned({5, 7, 3});
  ConsistentHashing changed(now, {.virtual_nodes = 64});
  for (int round = 0; round < 60; ++round) {
    for (uint64_t changes = 1 + random() % 12; changes > 0; --changes) {
      const size_t which = random() % now.size();
      switch (random() % 4) {
        case 0:
          if (now.size() > 3) now.erase(now.begin() + static_cast<long>(which));
          break;
        case 1:
          now.push_back({.name = name("new", round * 100 + static_cast<int>(changes)),
                         .zone = random() % 2 == 0 ? "a" : "z"});
          break;
        case 2:
          now[which].weight = 1 + static_cast<int>(random() % 400);
          break;
        default:
          now[which].zone = std::string(1, static_cast<char>('a' + random() % 5));
      }
    }
    changed = changed.with(now);
    const ConsistentHashing fresh(now, {.virtual_nodes = 64});
    ASSERT_EQ(changed.members(), fresh.members());
    for (int child = 0; child < 50; ++child) {
      const std::string which = key(child);
      ASSERT_EQ(changed.belongs_to({.key = which, .replicas = 4}, {}),
                fresh.belongs_to({.key = which, .replicas = 4}, {}));
    }
  }
}

TEST(LedgerTest, AStrategyThatDoesNotRememberKeepsNothing) {
  Ledger ledger;
  ledger.use(std::make_shared<ConsistentHashing>(members(3), ConsistentHashingOptions{}), 1);
  ledger.add(key(1), {.seats = {{.node = name("node", 1)}}});
  ledger.settle();
  EXPECT_EQ(ledger.size(), 0U);
  EXPECT_TRUE(ledger.seats(key(1)).empty());
}

TEST(LedgerTest, AChildThatIsKnownIsNotAddedAgain) {
  Ledger ledger;
  ledger.use(std::make_shared<ConsistentHashing>(members(3),
                                                 ConsistentHashingOptions{.bound = BoundOptions{}}),
             1);
  ledger.add(key(1), {});
  ledger.settle();
  const auto seats = ledger.seats(key(1));
  ledger.add(key(1), {.seats = {{.node = NodeName("elsewhere")}}});
  EXPECT_EQ(ledger.seats(key(1)), seats);
  ledger.erase(key(1));
  ledger.erase(key(1));
  EXPECT_TRUE(ledger.seats(key(1)).empty());
}

}  // namespace
}  // namespace processhub::placement
