#include "base/names.h"

#include <gtest/gtest.h>

namespace processhub {
namespace {

// What a failing test shows.
TEST(Names, ArePrintedAsTheyAreWritten) {
  EXPECT_EQ(::testing::PrintToString(NodeName("node-a")), "node-a");
  EXPECT_EQ(::testing::PrintToString(PodKey{"shop", "orders-0"}), "shop/orders-0");
}

}  // namespace
}  // namespace processhub
