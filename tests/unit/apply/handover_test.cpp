// One pod is asked to give its state to another.
#include <gmock/gmock.h>

#include "unit/apply/apply_fixture.h"

namespace processhub::apply {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;

class HandoverActionTest : public ApplyFixture {
 protected:
  plan::GiveState give(bool confirm = false) {
    return {.child = child_.key(),
            .hub = "workers",
            .from = {.name = "orders-0-a", .uid = Uid("uid-a")},
            .from_ip = "10.0.0.1",
            .to = {.name = "orders-0-b", .uid = Uid("uid-b")},
            .to_ip = "fd00::2",
            .epoch = 8,
            .spec = {.enabled = true, .port = 8080, .confirm = confirm}};
  }
};

TEST_F(HandoverActionTest, TheOldPodIsToldWhereToSendItsState) {
  run({give()});
  EXPECT_EQ(asked(), "POST /processhub/handover");
  EXPECT_EQ(exchange_->request().server, "http://10.0.0.1:8080");
  EXPECT_EQ(json::parse(exchange_->request().body),
            (json{{"type", "handover.send"},
                  {"hub", "workers"},
                  {"child", "orders"},
                  {"epoch", 8},
                  {"to", "http://[fd00::2]:8080/processhub/handover"}}));
  answer(200);
  EXPECT_TRUE(succeeded());
}

TEST_F(HandoverActionTest, WithConfirmTheNewPodIsAskedToo) {
  run({give(true)});
  static_cast<void>(asked());
  answer(200);
  EXPECT_EQ(asked(), "POST /processhub/handover");
  EXPECT_EQ(exchange_->request().server, "http://[fd00::2]:8080");
  EXPECT_EQ(
      json::parse(exchange_->request().body),
      (json{{"type", "handover.confirm"}, {"hub", "workers"}, {"child", "orders"}, {"epoch", 8}}));
  answer(200);
  EXPECT_TRUE(succeeded());
}

// Whatever comes of it, the plan goes on.
TEST_F(HandoverActionTest, ARefusalIsTriedAgainUntilTheTimeIsOver) {
  run({give()});
  static_cast<void>(asked());
  answer(503, "not yet");
  executor_.advance(milliseconds(100));
  static_cast<void>(asked());
  answer(503, "not yet");
  executor_.advance(seconds(3));
  ASSERT_EQ(results_.size(), 1U);
  EXPECT_TRUE(results_[0].has_value());
  ASSERT_EQ(problems_.size(), 1U);
  EXPECT_THAT(problems_[0], HasSubstr("pod orders-0-a, asked "));
  EXPECT_THAT(problems_[0], HasSubstr("it answered 503"));
}

TEST_F(HandoverActionTest, ASilentPodIsNotWaitedForLonger) {
  run({give()});
  static_cast<void>(asked());
  executor_.advance(milliseconds(2999));
  EXPECT_TRUE(results_.empty());
  executor_.advance(milliseconds(1));
  EXPECT_TRUE(succeeded());
  exchange_->fail(ErrorKind::kTimeout);  // too late: nobody minds
  executor_.settle();
  EXPECT_EQ(results_.size(), 1U);
}

}  // namespace
}  // namespace processhub::apply
