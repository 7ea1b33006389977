#include "controller/move_budget.h"

#include <gmock/gmock.h>

namespace processhub::controller {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Move = MoveBudget::Move;

ChildKey child(const char* name) { return {"shop", name}; }

TEST(MoveBudgetTest, GrantsAsManyPlacesAsItHas) {
  MoveBudget budget;
  EXPECT_TRUE(budget.may_move(child("a"), Move::kOfNodes));
  budget.took(child("a"), Move::kOfNodes);
  EXPECT_FALSE(budget.may_move(child("b"), Move::kOfNodes));
  EXPECT_TRUE(budget.may_move(child("a"), Move::kOfNodes));  // it has its place
  budget.set_limits(2, 1);
  EXPECT_TRUE(budget.may_move(child("b"), Move::kOfNodes));
}

TEST(MoveBudgetTest, ASmallerLimitTakesNoPlaceAway) {
  MoveBudget budget;
  budget.set_limits(2, 1);
  budget.took(child("a"), Move::kOfNodes);
  budget.took(child("b"), Move::kOfNodes);
  budget.set_limits(1, 1);
  EXPECT_TRUE(budget.may_move(child("a"), Move::kOfNodes));
  budget.left(child("a"));
  EXPECT_FALSE(budget.may_move(child("c"), Move::kOfNodes));
  EXPECT_THAT(budget.take_next(), IsEmpty());
}

TEST(MoveBudgetTest, APlaceThatIsFreeGoesToTheFirstWhoWaits) {
  MoveBudget budget;
  budget.took(child("a"), Move::kOfNodes);
  budget.waits(child("c"), Move::kOfNodes);
  budget.waits(child("b"), Move::kOfNodes);
  EXPECT_THAT(budget.take_next(), IsEmpty());
  budget.left(child("a"));
  EXPECT_THAT(budget.take_next(), ElementsAre(child("b")));
  EXPECT_THAT(budget.take_next(), ElementsAre(child("c")));  // each is told once
  EXPECT_THAT(budget.take_next(), IsEmpty());
}

TEST(MoveBudgetTest, WhoWaitsHasNoPlaceAndWhoLeftWaitsNoMore) {
  MoveBudget budget;
  budget.took(child("a"), Move::kOfNodes);
  budget.waits(child("a"), Move::kOfNodes);
  EXPECT_EQ(budget.moving(), 0U);
  budget.left(child("a"));
  EXPECT_THAT(budget.take_next(), IsEmpty());
}

TEST(MoveBudgetTest, NewTemplatesHaveFewerPlacesWithinTheSameBudget) {
  MoveBudget budget;
  budget.set_limits(3, 1);
  budget.took(child("a"), Move::kUpdate);
  EXPECT_FALSE(budget.may_move(child("b"), Move::kUpdate));
  EXPECT_TRUE(budget.may_move(child("b"), Move::kOfNodes));
  budget.waits(child("b"), Move::kUpdate);
  budget.waits(child("c"), Move::kOfNodes);
  EXPECT_THAT(budget.take_next(), ElementsAre(child("c")));  // it does not wait behind b
  budget.took(child("c"), Move::kOfNodes);
  budget.left(child("a"));
  EXPECT_THAT(budget.take_next(), ElementsAre(child("b")));

  budget.set_limits(2, 5);
  budget.took(child("d"), Move::kOfNodes);
  EXPECT_FALSE(budget.may_move(child("b"), Move::kUpdate));  // no more than all moves together
}

TEST(MoveBudgetTest, NoUpdateBeginsWhileOneHasFailed) {
  MoveBudget budget;
  budget.set_limits(3, 3);
  budget.took(child("a"), Move::kUpdate);
  budget.failed(child("a"), true);
  budget.left(child("a"));
  EXPECT_FALSE(budget.may_move(child("b"), Move::kUpdate));
  EXPECT_TRUE(budget.may_move(child("b"), Move::kOfNodes));
  budget.waits(child("a"), Move::kUpdate);
  budget.waits(child("b"), Move::kUpdate);
  EXPECT_THAT(budget.take_next(), ElementsAre(child("a"))) << "it is tried before the others";
  EXPECT_TRUE(budget.may_move(child("a"), Move::kUpdate));
  budget.failed(child("a"), false);
  EXPECT_THAT(budget.take_next(), ElementsAre(child("b")));

  budget.failed(child("a"), true);
  budget.forget(child("a"));  // it was deleted
  EXPECT_TRUE(budget.may_move(child("b"), Move::kUpdate));
}

TEST(MoveBudgetTest, WhoHasANewTemplateAndIsNotReadyKeepsItsPlace) {
  MoveBudget budget;
  budget.set_limits(3, 1);
  budget.took(child("a"), Move::kUpdate);
  budget.serves(child("a"), false);
  budget.left(child("a"));  // it was Ready for a moment
  EXPECT_TRUE(budget.may_move(child("b"), Move::kUpdate));
  budget.serves(child("a"), false);
  EXPECT_FALSE(budget.may_move(child("b"), Move::kUpdate));
  budget.serves(child("z"), false);  // as it has been for weeks
  budget.serves(child("a"), true);
  EXPECT_TRUE(budget.may_move(child("b"), Move::kUpdate));
}

}  // namespace
}  // namespace processhub::controller
