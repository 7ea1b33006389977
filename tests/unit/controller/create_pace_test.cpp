#include "controller/create_pace.h"

#include <gtest/gtest.h>

#include "support/fake_executor.h"

namespace processhub::controller {
namespace {

using namespace std::chrono_literals;

TEST(CreatePace, APodThatIsGoneAtOnceIsMadeEverMoreSlowly) {
  testing::FakeClock clock;
  CreatePace pace;
  const ChildKey child{"ns", "orders"};
  const SteadyTime now = clock.steady_now();
  for (int i = 0; i < 3; ++i) {
    EXPECT_LE(pace.not_before(child, "orders-0-a"), now);
    pace.made(child, "orders-0-a", now);
  }
  EXPECT_EQ(pace.not_before(child, "orders-0-a"), now + 1s);
  pace.made(child, "orders-0-a", now);
  EXPECT_EQ(pace.not_before(child, "orders-0-a"), now + 2s);
  for (int i = 0; i < 40; ++i) pace.made(child, "orders-0-a", now);
  EXPECT_EQ(pace.not_before(child, "orders-0-a"), now + 60s);
  EXPECT_LE(pace.not_before(child, "orders-1-b"), now) << "each pod for itself";
  pace.forget(child);
  EXPECT_LE(pace.not_before(child, "orders-0-a"), now);
}

}  // namespace
}  // namespace processhub::controller
