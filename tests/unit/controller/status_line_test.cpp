#include "controller/status_line.h"

#include <gmock/gmock.h>
#include <string>
#include <vector>

namespace processhub::controller {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const StatusWish kAtRest{.at_rest = true};
const StatusWish kChanging{};

class StatusLineTest : public ::testing::Test {
 protected:
  StatusLine::Turn ask(const std::string& name, StatusWish wish) {
    return line_.ask({"ns", name}, wish, now_);
  }
  void ended(const std::string& name) { line_.ended({"ns", name}); }
  void settled(const std::string& name) { line_.settled({"ns", name}); }
  std::vector<std::string> woken() { return std::exchange(woken_, {}); }
  // So many children begin to start.
  void start(int count) {
    for (int i = 0; i < count; ++i) {
      static_cast<void>(ask("start-" + std::to_string(i), {.starting = true}));
    }
  }

  std::vector<std::string> woken_;
  StatusLine line_{[this](const ChildKey& child) { woken_.push_back(child.name); }};
  SteadyTime now_{};
};

TEST_F(StatusLineTest, OfAChildAtRestItIsWrittenAtOnce) { EXPECT_TRUE(ask("a", kAtRest).now); }

TEST_F(StatusLineTest, WhatStillChangesIsWrittenAfterAWhile) {
  const auto turn = ask("a", kChanging);
  EXPECT_FALSE(turn.now);
  EXPECT_EQ(turn.again, now_ + seconds(2));
  now_ += milliseconds(1999);
  EXPECT_FALSE(ask("a", kChanging).now);
  now_ += milliseconds(1);
  EXPECT_TRUE(ask("a", kChanging).now);
}

TEST_F(StatusLineTest, TheWhileBeginsAnewOnceTheStatusWasWritten) {
  static_cast<void>(ask("a", kChanging));
  settled("a");
  now_ += seconds(2);
  EXPECT_EQ(ask("a", kChanging).again, now_ + seconds(2));
}

TEST_F(StatusLineTest, TwoAreWrittenAtATimeAndTheNextIsWokenInItsOrderAndOnce) {
  EXPECT_TRUE(ask("a", kAtRest).now);
  EXPECT_TRUE(ask("b", kAtRest).now);
  EXPECT_FALSE(ask("c", kAtRest).now);
  EXPECT_FALSE(ask("d", kAtRest).now);
  EXPECT_FALSE(ask("c", kAtRest).now);
  EXPECT_TRUE(ask("a", kAtRest).now) << "who has a place keeps it";
  EXPECT_THAT(woken(), IsEmpty());
  ended("a");
  EXPECT_THAT(woken(), ElementsAre("c"));
  EXPECT_TRUE(ask("c", kAtRest).now);
  ended("b");
  EXPECT_THAT(woken(), ElementsAre("d"));
  ended("c");
  EXPECT_THAT(woken(), IsEmpty());
}

TEST_F(StatusLineTest, GoesOnWhenTheOneThatWasWokenDoesNotWrite) {
  EXPECT_TRUE(ask("a", kAtRest).now);
  EXPECT_TRUE(ask("b", kAtRest).now);
  EXPECT_FALSE(ask("c", kAtRest).now);
  EXPECT_FALSE(ask("d", kAtRest).now);
  ended("a");
  ASSERT_THAT(woken(), ElementsAre("c"));
  settled("c");
  ended("c");
  EXPECT_THAT(woken(), ElementsAre("d")) << "c had nothing new to say";
}

TEST_F(StatusLineTest, NobodyIsWokenWhileAllPlacesAreTaken) {
  EXPECT_TRUE(ask("a", kAtRest).now);
  EXPECT_TRUE(ask("b", kAtRest).now);
  EXPECT_FALSE(ask("c", kAtRest).now);
  ended("elsewhere");
  EXPECT_THAT(woken(), IsEmpty());
}

TEST_F(StatusLineTest, WhileManyStartTheirStatusesWaitForThePods) {
  start(51);
  const auto turn = ask("start-0", {.at_rest = true, .starting = true});  // 50 are on their way
  EXPECT_TRUE(turn.now);
  static_cast<void>(ask("start-51", {.starting = true}));
  const auto held = ask("start-1", {.starting = true});
  EXPECT_FALSE(held.now);
  EXPECT_EQ(held.again, now_ + seconds(10));
  now_ += seconds(10);
  EXPECT_TRUE(ask("start-1", {.starting = true}).now) << "but not for ever";
}

TEST_F(StatusLineTest, ThoseHeldAreWokenWhenFewAreLeftOnTheirWay) {
  start(52);
  static_cast<void>(ask("start-0", {.at_rest = true, .starting = true}));
  EXPECT_THAT(woken(), IsEmpty());
  static_cast<void>(ask("start-1", {.at_rest = true, .starting = true}));
  EXPECT_THAT(woken(), ::testing::Contains("start-0"));
}

TEST_F(StatusLineTest, APodThatIsAboutToBeMadeIsOnItsWay) {
  for (int i = 0; i < 51; ++i) line_.starts({"ns", "start-" + std::to_string(i)}, now_);
  EXPECT_FALSE(ask("another", {.at_rest = true, .starting = true}).now);
  settled("start-0");
  EXPECT_THAT(woken(), ElementsAre("another"));
}

TEST_F(StatusLineTest, AChildThatGoesIsNoLongerOnItsWay) {
  start(52);
  settled("start-0");
  EXPECT_THAT(woken(), IsEmpty());
  settled("start-1");
  EXPECT_THAT(woken(), ElementsAre("start-50", "start-51"));
}

TEST_F(StatusLineTest, OthersDoNotWaitForThoseThatStart) {
  start(100);
  EXPECT_TRUE(ask("running", kAtRest).now);
  EXPECT_EQ(ask("lost", kChanging).again, now_ + seconds(2));
}

}  // namespace
}  // namespace processhub::controller
