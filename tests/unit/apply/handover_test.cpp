// One pod is asked to give its state to another.
#include <gmock/gmock.h>

#include "apply/state_giver.h"
#include "unit/apply/apply_fixture.h"

namespace processhub::apply {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;

class StateGiverTest : public ApplyFixture {
 protected:
  void give(bool confirm = false) {
    giver_.give({.child = child_.key(),
                 .hub = "workers",
                 .from = {.name = "orders-0-a", .uid = Uid("uid-a")},
                 .from_ip = "10.0.0.1",
                 .to = {.name = "orders-0-b", .uid = Uid("uid-b")},
                 .to_ip = "fd00::2",
                 .epoch = 8,
                 .spec = {.enabled = true, .port = 8080, .confirm = confirm}},
                [this](Result<void> result) { results_.push_back(std::move(result)); });
    executor_.settle();
  }
  StateGiver giver_{transport_, executor_, clock_};
};

TEST_F(StateGiverTest, TheOldPodIsToldWhereToSendItsState) {
  give();
  EXPECT_EQ(asked(), "POST /processhub/handover");
  EXPECT_EQ(exchange_->request().server, "http://10.0.0.1:8080");
  EXPECT_EQ(body(), (json{{"type", "handover.send"},
                          {"hub", "workers"},
                          {"child", "orders"},
                          {"pod", "orders-0-a"},
                          {"podUID", "uid-a"},
                          {"epoch", 8},
                          {"to", "http://[fd00::2]:8080/processhub/handover"}}));
  answer(200);
  EXPECT_TRUE(succeeded());
}

TEST_F(StateGiverTest, WithConfirmTheNewPodIsAskedInTheTimeThatIsLeft) {
  give(true);
  static_cast<void>(asked());
  executor_.advance(seconds(1));
  answer(200);
  EXPECT_EQ(asked(), "POST /processhub/handover");
  EXPECT_EQ(exchange_->request().server, "http://[fd00::2]:8080");
  EXPECT_EQ(exchange_->request().deadline, seconds(2));
  EXPECT_EQ(body(), (json{{"type", "handover.confirm"},
                          {"hub", "workers"},
                          {"child", "orders"},
                          {"pod", "orders-0-b"},
                          {"podUID", "uid-b"},
                          {"epoch", 8}}));
  answer(200);
  EXPECT_TRUE(succeeded());
}

TEST_F(StateGiverTest, ARefusalIsTriedAgainUntilTheTimeIsOver) {
  give();
  static_cast<void>(asked());
  answer(503, "not yet");
  executor_.advance(milliseconds(100));
  static_cast<void>(asked());
  answer(503, "not yet");
  executor_.advance(seconds(3));
  ASSERT_EQ(results_.size(), 1U);
  ASSERT_FALSE(results_[0].has_value());
  EXPECT_THAT(results_[0].error().message, HasSubstr("pod orders-0-a, asked "));
  EXPECT_THAT(results_[0].error().message, HasSubstr("it answered 503"));
}

TEST_F(StateGiverTest, ASilentPodIsNotWaitedForLonger) {
  give();
  static_cast<void>(asked());
  executor_.advance(milliseconds(2999));
  EXPECT_TRUE(results_.empty());
  executor_.advance(milliseconds(1));
  EXPECT_EQ(results_.size(), 1U);
  exchange_->fail(ErrorKind::kTimeout);  // too late: nobody minds
  executor_.settle();
  EXPECT_EQ(results_.size(), 1U);
}

// What comes of it is nothing to the plan.
TEST_F(StateGiverTest, APlanBeginsItAndGoesOn) {
  std::vector<int64_t> begun;
  PlanExecutor executor(
      client_, transport_, executor_, [](const auto&, const auto&) {}, {},
      [&](const plan::GiveState& one) { begun.push_back(one.epoch); });
  plan::GiveState give;
  give.epoch = 8;
  executor.run({give}, [this](Result<void> result) { results_.push_back(std::move(result)); });
  EXPECT_EQ(begun, std::vector<int64_t>{8});
  EXPECT_TRUE(succeeded());
}

}  // namespace
}  // namespace processhub::apply
