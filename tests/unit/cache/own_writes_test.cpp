#include "cache/own_writes.h"

#include <gmock/gmock.h>

#include "support/fake_executor.h"

namespace processhub::cache {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

ResourceVersion version(int number) { return ResourceVersion(std::to_string(number)); }

class OwnWritesTest : public ::testing::Test {
 protected:
  OwnWritesTest() {
    own_.follow("pods", pods_);
    own_.follow("nodes", nodes_);
    pods_.pass(version(10));
    nodes_.pass(version(10));
  }

  testing::FakeClock clock_;
  testing::FakeExecutor executor_{clock_};
  std::vector<std::string> freed_;
  OwnWrites<std::string> own_{executor_, [this](const std::string& key) { freed_.push_back(key); },
                              30s};
  Store<kube::Pod> pods_;
  Store<kube::Node> nodes_;
};

TEST_F(OwnWritesTest, AKeyWaitsUntilTheStoreHasPassedItsWrite) {
  EXPECT_TRUE(own_.passed("k"));
  own_.wrote("k", "pods", version(12));
  EXPECT_FALSE(own_.passed("k"));
  EXPECT_TRUE(own_.passed("other"));
  pods_.pass(version(11));
  EXPECT_FALSE(own_.passed("k"));
  EXPECT_THAT(freed_, IsEmpty());
  pods_.pass(version(12));
  EXPECT_TRUE(own_.passed("k"));
  EXPECT_THAT(freed_, ElementsAre("k"));
}

TEST_F(OwnWritesTest, AKeyThatNobodyAskedAboutIsFreedSilently) {
  own_.wrote("k", "pods", version(12));
  pods_.pass(version(12));
  EXPECT_THAT(freed_, IsEmpty());
  EXPECT_EQ(own_.waiting(), 0U);
}

TEST_F(OwnWritesTest, WhatTheStoreHasPassedAlreadyIsNotWaitedFor) {
  pods_.pass(version(20));
  own_.wrote("k", "pods", version(20));
  EXPECT_TRUE(own_.passed("k"));
}

TEST_F(OwnWritesTest, WaitsForTheGreatestVersionOfEachResource) {
  own_.wrote("k", "pods", version(14));
  own_.wrote("k", "pods", version(12));
  own_.wrote("k", "nodes", version(13));
  EXPECT_FALSE(own_.passed("k"));
  pods_.pass(version(13));
  nodes_.pass(version(13));
  EXPECT_FALSE(own_.passed("k"));
  pods_.pass(version(14));
  EXPECT_TRUE(own_.passed("k"));
  EXPECT_THAT(freed_, ElementsAre("k"));
}

TEST_F(OwnWritesTest, ADeletionThatTheStoreSeesFreesTheKey) {
  own_.wrote("k", "pods", version(12));
  EXPECT_FALSE(own_.passed("k"));
  pods_.remove(PodKey{"ns", "p"}, version(12));
  EXPECT_THAT(freed_, ElementsAre("k"));
}

TEST_F(OwnWritesTest, AListFreesTheKey) {
  own_.wrote("k", "pods", version(12));
  EXPECT_FALSE(own_.passed("k"));
  pods_.replace_begin();
  pods_.replace_end(version(15));
  EXPECT_THAT(freed_, ElementsAre("k"));
}

TEST_F(OwnWritesTest, NothingHoldsAKeyLongerThanTheLimit) {
  own_.wrote("k", "pods", version(12));
  EXPECT_FALSE(own_.passed("k"));
  executor_.advance(20s);
  own_.wrote("k", "nodes", version(12));  // the limit counts from the last write
  executor_.advance(29s);
  EXPECT_FALSE(own_.passed("k"));
  executor_.advance(1s);
  EXPECT_TRUE(own_.passed("k"));
  EXPECT_THAT(freed_, ElementsAre("k"));
  EXPECT_EQ(own_.given_up(), 1U);
  pods_.pass(version(12));
  nodes_.pass(version(12));
  EXPECT_THAT(freed_, ElementsAre("k"));
}

TEST_F(OwnWritesTest, AFreedKeyHasNoLimitLeftToRun) {
  own_.wrote("k", "pods", version(12));
  pods_.pass(version(12));
  executor_.advance(60s);
  EXPECT_EQ(own_.given_up(), 0U);
  EXPECT_EQ(executor_.delayed(), 0U);
}

TEST_F(OwnWritesTest, ForgottenKeysAndUnknownResourcesAreNotWaitedFor) {
  own_.wrote("k", "pods", version(12));
  own_.forget("k");
  EXPECT_TRUE(own_.passed("k"));
  own_.wrote("k", "secrets", version(12));
  own_.wrote("k", "pods", ResourceVersion("opaque"));
  EXPECT_TRUE(own_.passed("k"));
  pods_.pass(version(12));
  executor_.advance(60s);
  EXPECT_THAT(freed_, IsEmpty());
}

TEST_F(OwnWritesTest, KeysAreFreedInTheOrderOfTheirWrites) {
  own_.wrote("late", "pods", version(13));
  own_.wrote("early", "pods", version(12));
  EXPECT_FALSE(own_.passed("late"));
  EXPECT_FALSE(own_.passed("early"));
  pods_.pass(version(20));
  EXPECT_THAT(freed_, ElementsAre("early", "late"));
}

TEST_F(OwnWritesTest, AFreedKeyMayWriteAgainAtOnce) {
  OwnWrites<std::string>* tracker = nullptr;
  OwnWrites<std::string> own(executor_, [&](const std::string& key) {
    tracker->wrote(key, "pods", version(30));
    EXPECT_FALSE(tracker->passed(key));
  });
  tracker = &own;
  Store<kube::Pod> pods;
  own.follow("pods", pods);
  own.wrote("k", "pods", version(12));
  EXPECT_FALSE(own.passed("k"));
  pods.pass(version(12));
  EXPECT_FALSE(own.passed("k"));
}

}  // namespace
}  // namespace processhub::cache
