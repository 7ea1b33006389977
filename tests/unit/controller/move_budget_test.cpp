#include "controller/move_budget.h"

#include <gmock/gmock.h>

namespace processhub::controller {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

ChildKey child(const char* name) { return {"shop", name}; }

TEST(MoveBudgetTest, GrantsAsManyPlacesAsItHas) {
  MoveBudget budget;
  EXPECT_TRUE(budget.may_move(child("a")));
  budget.took(child("a"));
  EXPECT_FALSE(budget.may_move(child("b")));
  EXPECT_TRUE(budget.may_move(child("a")));  // it has its place
  budget.set_limit(2);
  EXPECT_TRUE(budget.may_move(child("b")));
}

TEST(MoveBudgetTest, ASmallerLimitTakesNoPlaceAway) {
  MoveBudget budget;
  budget.set_limit(2);
  budget.took(child("a"));
  budget.took(child("b"));
  budget.set_limit(1);
  EXPECT_TRUE(budget.may_move(child("a")));
  budget.left(child("a"));
  EXPECT_FALSE(budget.may_move(child("c")));
  EXPECT_THAT(budget.take_next(), IsEmpty());
}

TEST(MoveBudgetTest, APlaceThatIsFreeGoesToTheFirstWhoWaits) {
  MoveBudget budget;
  budget.took(child("a"));
  budget.waits(child("c"));
  budget.waits(child("b"));
  EXPECT_THAT(budget.take_next(), IsEmpty());
  budget.left(child("a"));
  EXPECT_THAT(budget.take_next(), ElementsAre(child("b")));
  EXPECT_THAT(budget.take_next(), ElementsAre(child("c")));  // each is told once
  EXPECT_THAT(budget.take_next(), IsEmpty());
}

TEST(MoveBudgetTest, WhoWaitsHasNoPlaceAndWhoLeftWaitsNoMore) {
  MoveBudget budget;
  budget.took(child("a"));
  budget.waits(child("a"));
  EXPECT_EQ(budget.moving(), 0U);
  budget.left(child("a"));
  EXPECT_THAT(budget.take_next(), IsEmpty());
}

}  // namespace
}  // namespace processhub::controller
