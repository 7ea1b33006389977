// When a hub is locked, by each strategy of partition tolerance, and when to look again.
#include "plan/quorum.h"

#include <gmock/gmock.h>

#include "unit/plan/builders.h"

namespace processhub::plan {
namespace {

using api::PartitionToleranceKind;
using testing::at;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::seconds;
using ::testing::SizeIs;

class QuorumTest : public ::testing::Test {
 protected:
  using KnownNode = QuorumInput::KnownNode;

  explicit QuorumTest(PartitionToleranceKind kind = PartitionToleranceKind::kDivergence) {
    spec_.strategy = kind;
  }

  // Of `known` nodes so many are present; all for a long time.
  const Quorum& see(int present, int known, WallTime now = at(0)) {
    std::vector<KnownNode> nodes;
    for (int i = 0; i < known; ++i) nodes.push_back({.present = i < present, .since = at(-100000)});
    return see(std::move(nodes), now);
  }
  const Quorum& see(std::vector<KnownNode> nodes, WallTime now) {
    const auto known = static_cast<int>(nodes.size());
    last_ = next_quorum({.spec = spec_,
                         .known = known,
                         .nodes = std::move(nodes),
                         .previous = started_ ? nullptr : &last_,
                         .max_seen = status_max_seen_,
                         .now = now,
                         .cluster_size = reset_});
    started_ = false;
    status_max_seen_ = last_.max_seen;  // as the hub's status is written
    return last_;
  }
  void restart() {
    started_ = true;
    last_ = {};
  }

  api::PartitionToleranceSpec spec_;
  Quorum last_;
  bool started_ = true;
  int status_max_seen_ = 0;
  std::optional<int> reset_;
};

TEST_F(QuorumTest, DivergenceNeverLocks) {
  for (const auto& [present, known] : {std::pair{0, 0}, {0, 5}, {5, 5}}) {
    const Quorum& quorum = see(present, known);
    EXPECT_FALSE(quorum.locked);
    EXPECT_EQ(quorum.required, 0);
    EXPECT_EQ(quorum.present, present);
    EXPECT_EQ(quorum.known, known);
    EXPECT_EQ(quorum.max_seen, 0);
    EXPECT_EQ(quorum.reason, "Divergence");
    EXPECT_EQ(quorum.message, "");
    EXPECT_EQ(quorum.look_again, std::nullopt);
  }
}

TEST_F(QuorumTest, WithoutAKnownNodeEveryOtherStrategyLocks) {
  for (const auto kind :
       {PartitionToleranceKind::kStaticQuorum, PartitionToleranceKind::kDynamicQuorum,
        PartitionToleranceKind::kMajorityQuorum}) {
    spec_.strategy = kind;
    restart();
    EXPECT_TRUE(see(0, 0).locked);
    EXPECT_EQ(last_.reason, "NoNodes");
    EXPECT_THAT(last_.message, HasSubstr("add nodes, or change the selector"));
  }
}

// --- StaticQuorum ---

class StaticQuorum : public QuorumTest {
 protected:
  StaticQuorum() : QuorumTest(PartitionToleranceKind::kStaticQuorum) {
    spec_.static_quorum = {.size = 3, .startup_confirm = true};
  }
};

TEST_F(StaticQuorum, LocksWhileFewerThanSizeArePresent) {
  for (int present = 0; present <= 5; ++present) {
    EXPECT_EQ(see(present, 5).locked, present < 3) << present;
    EXPECT_EQ(last_.required, 3);
    EXPECT_EQ(last_.reason, present < 3 ? "TooFewNodes" : "QuorumHeld");
  }
  see(2, 5);
  EXPECT_EQ(last_.message,
            "2 of 5 nodes present, 3 required: partitionTolerance.staticQuorum.size. Bring nodes "
            "back, or lower size if they are gone for good.");
}

TEST_F(StaticQuorum, LocksWhereThereAreFewerNodesThanSize) {
  for (const bool confirm : {true, false}) {
    restart();
    spec_.static_quorum.startup_confirm = confirm;
    EXPECT_TRUE(see(2, 2).locked);
    EXPECT_EQ(last_.reason, "SizeExceedsNodes");
    EXPECT_THAT(last_.message, HasSubstr("is 3, but 2 nodes match"));
    EXPECT_THAT(last_.message, HasSubstr("lower size, or add nodes"));
    EXPECT_FALSE(see(3, 3).locked);
  }
  EXPECT_TRUE(see(1, 1).locked);
  EXPECT_THAT(last_.message, HasSubstr("but 1 node match"));
}

TEST_F(StaticQuorum, WithoutStartupConfirmFewerWillDoUntilThereWereEnough) {
  spec_.static_quorum.startup_confirm = false;
  EXPECT_FALSE(see(1, 5).locked);
  EXPECT_EQ(last_.required, 3);
  EXPECT_EQ(last_.reason, "QuorumHeld");
  EXPECT_THAT(last_.message, HasSubstr("until 3 have been present for the first time"));
  EXPECT_FALSE(see(2, 5).locked);
  EXPECT_EQ(last_.max_seen, 2);
  EXPECT_FALSE(see(3, 5).locked);
  EXPECT_TRUE(see(2, 5).locked);
  EXPECT_EQ(last_.max_seen, 3);
}

TEST_F(StaticQuorum, RemembersAcrossARestartThatThereWereEnough) {
  spec_.static_quorum.startup_confirm = false;
  see(4, 5);
  restart();
  EXPECT_TRUE(see(2, 5).locked);
  EXPECT_EQ(last_.max_seen, 4);
  status_max_seen_ = 0;  // another hub of that name
  restart();
  EXPECT_FALSE(see(2, 5).locked);
}

TEST_F(StaticQuorum, ForgetsThatWhenItIsReset) {
  spec_.static_quorum.startup_confirm = false;
  see(4, 5);
  reset_ = 1;
  EXPECT_FALSE(see(2, 5).locked);
  EXPECT_EQ(last_.max_seen, 2);  // so many are there now
}

// What the status does not say yet counts all the same.
TEST_F(StaticQuorum, CountsWhatWasSeenBeforeTheStatusWasWritten) {
  spec_.static_quorum.startup_confirm = false;
  see(3, 5);
  status_max_seen_ = 0;
  EXPECT_TRUE(see(2, 5).locked);
}

// --- DynamicQuorum ---

class DynamicQuorum : public QuorumTest {
 protected:
  DynamicQuorum() : QuorumTest(PartitionToleranceKind::kDynamicQuorum) {
    spec_.dynamic_quorum = {.percent = 60, .threshold = seconds(30)};
  }
};

TEST_F(DynamicQuorum, LocksWhileLessThanAPercentageOfTheMostIsLeft) {
  see(10, 10, at(0));
  EXPECT_EQ(last_.required, 6);
  EXPECT_FALSE(see(6, 10, at(1)).locked);
  EXPECT_TRUE(see(5, 10, at(2)).locked);
  EXPECT_EQ(last_.reason, "TooFewNodes");
  EXPECT_EQ(last_.message,
            "5 of 10 nodes present, 6 required: 60 % of the 10 that were within the last 30 s. "
            "Bring nodes back; those that are left will do once no others have been present for "
            "30 s.");
  EXPECT_FALSE(see(6, 10, at(3)).locked);
}

TEST_F(DynamicQuorum, RoundsUpAndRequiresAtLeastOne) {
  see(7, 7);
  EXPECT_EQ(last_.required, 5);  // 4.2
  restart();
  see(5, 5);
  EXPECT_EQ(last_.required, 3);  // exactly
  restart();
  EXPECT_TRUE(see(0, 5).locked);
  EXPECT_EQ(last_.required, 1);
  spec_.dynamic_quorum.percent = 100;
  restart();
  see(5, 5, at(0));
  EXPECT_TRUE(see(4, 5, at(1)).locked);
}

TEST_F(DynamicQuorum, LooksAgainWhenTheMostHaveLeftTheWindow) {
  see(10, 10, at(0));
  EXPECT_EQ(last_.look_again, std::nullopt);
  see(5, 10, at(100));
  EXPECT_EQ(last_.look_again, at(130));  // ten were there until 100
  EXPECT_TRUE(see(5, 10, at(130) - Duration(1)).locked);
  EXPECT_FALSE(see(5, 10, at(130)).locked);
  EXPECT_EQ(last_.required, 3);
  EXPECT_EQ(last_.look_again, std::nullopt);
}

TEST_F(DynamicQuorum, GoesDownStepByStepThroughTheWindow) {
  see(10, 10, at(0));
  see(8, 10, at(100));
  see(4, 10, at(110));
  EXPECT_TRUE(last_.locked);
  EXPECT_EQ(last_.look_again, at(130));
  EXPECT_TRUE(see(4, 10, at(130)).locked);  // of 8: 5
  EXPECT_EQ(last_.required, 5);
  EXPECT_EQ(last_.look_again, at(140));
  EXPECT_FALSE(see(4, 10, at(140)).locked);
  EXPECT_THAT(last_.history, SizeIs(1));
}

TEST_F(DynamicQuorum, KeepsOneEntryForEachChangeInTheWindow) {
  for (int second = 0; second < 1000; ++second) see(second % 10 == 0 ? 9 : 10, 10, at(second));
  EXPECT_LE(last_.history.size(), 7U);  // two changes in ten seconds
  EXPECT_TRUE(std::is_sorted(last_.history.begin(), last_.history.end(),
                             [](const auto& a, const auto& b) { return a.since < b.since; }));
  see(10, 10, at(2000));
  EXPECT_THAT(last_.history, SizeIs(1));
}

// The peak that comes again counts from its last end.
TEST_F(DynamicQuorum, CountsThePeakUntilItsLastEnd) {
  see(10, 10, at(0));
  see(5, 10, at(10));
  see(10, 10, at(20));
  see(5, 10, at(25));
  EXPECT_EQ(last_.look_again, at(55));
}

TEST_F(DynamicQuorum, AfterARestartKnowsFromTheNodesWhoWasThere) {
  const auto since = [](bool present, int second) {
    return KnownNode{.present = present, .since = at(second)};
  };
  // Of five, three have gone within the last 30 s, one before.
  const std::vector<KnownNode> nodes{since(true, -1000), since(false, 80), since(false, 85),
                                     since(false, 90), since(false, 60)};
  EXPECT_TRUE(see(nodes, at(100)).locked);
  EXPECT_EQ(last_.required, 3);  // of the four there were at 70
  EXPECT_THAT(last_.history, ElementsAre(Presence{at(70), 4}, Presence{at(80), 3},
                                         Presence{at(85), 2}, Presence{at(90), 1}));
  EXPECT_EQ(last_.look_again, at(110));
  // It goes on as if it had been there all the time.
  EXPECT_TRUE(see(nodes, at(110)).locked);  // of three: 2
  EXPECT_TRUE(see(nodes, at(115) - Duration(1)).locked);
  EXPECT_EQ(last_.look_again, at(115));
  see(nodes, at(115));
  EXPECT_EQ(last_.required, 2);  // of two: 1.2
  EXPECT_FALSE(see(nodes, at(120)).locked);
}

TEST_F(DynamicQuorum, AfterARestartANodeThatHasComeBackWasAwayBefore) {
  see({{.present = true, .since = at(90)}, {.present = true, .since = at(0)}}, at(100));
  EXPECT_THAT(last_.history, ElementsAre(Presence{at(70), 1}, Presence{at(90), 2}));
  restart();
  // A node's clock that is ahead of ours.
  see({{.present = true, .since = at(200)}, {.present = true, .since = at(0)}}, at(100));
  EXPECT_THAT(last_.history, ElementsAre(Presence{at(70), 1}, Presence{at(100), 2}));
  EXPECT_EQ(last_.present, 2);
}

TEST_F(DynamicQuorum, SurvivesAClockThatIsSetBack) {
  see(10, 10, at(100));
  see(5, 10, at(50));
  EXPECT_TRUE(last_.locked);
  EXPECT_TRUE(std::is_sorted(last_.history.begin(), last_.history.end(),
                             [](const auto& a, const auto& b) { return a.since < b.since; }));
}

TEST_F(DynamicQuorum, BeginsWithTheNodesTimesWhenItIsChosen) {
  spec_.strategy = PartitionToleranceKind::kDivergence;
  see(5, 5, at(0));
  spec_.strategy = PartitionToleranceKind::kDynamicQuorum;
  see({{.present = true, .since = at(0)}, {.present = false, .since = at(90)}}, at(100));
  EXPECT_THAT(last_.history, ElementsAre(Presence{at(70), 2}, Presence{at(90), 1}));
}

// --- MajorityQuorum ---

class MajorityQuorum : public QuorumTest {
 protected:
  MajorityQuorum() : QuorumTest(PartitionToleranceKind::kMajorityQuorum) {}
};

TEST_F(MajorityQuorum, RequiresMoreThanHalfOfTheKnown) {
  for (const auto& [known, required] : {std::pair{1, 1}, {2, 2}, {3, 2}, {4, 3}, {5, 3}, {6, 4}}) {
    for (int present = 0; present <= known; ++present) {
      EXPECT_EQ(see(present, known).locked, present < required) << present << " of " << known;
      EXPECT_EQ(last_.required, required);
      EXPECT_EQ(last_.reason, present < required ? "TooFewNodes" : "QuorumHeld");
    }
  }
  see(2, 5);
  EXPECT_EQ(last_.message,
            "2 of 5 nodes present, 3 required: more than half of 5, the Nodes that there are. "
            "Bring nodes back, or delete the Nodes that are gone for good.");
}

TEST_F(MajorityQuorum, ADeletedNodeIsAScaleDown) {
  EXPECT_TRUE(see(2, 5).locked);
  EXPECT_FALSE(see(2, 3).locked);
  EXPECT_EQ(last_.max_seen, 0);
}

TEST_F(MajorityQuorum, TakesTheInitialClusterSizeWhereThereAreFewer) {
  spec_.majority_quorum.initial_cluster_size = 5;
  EXPECT_TRUE(see(2, 2).locked);
  EXPECT_EQ(last_.required, 3);
  EXPECT_THAT(last_.message, HasSubstr("more than half of 5, "
                                       "partitionTolerance.majorityQuorum.initialClusterSize"));
  EXPECT_THAT(last_.message, HasSubstr("lower initialClusterSize"));
  EXPECT_FALSE(see(3, 3).locked);
  EXPECT_FALSE(see(4, 7).locked);
  EXPECT_EQ(last_.required, 4);
}

TEST_F(MajorityQuorum, WithTrackMaxSizeTakesTheMostThereEverWere) {
  spec_.majority_quorum.track_max_size = true;
  see(5, 5);
  EXPECT_TRUE(see(2, 2).locked);
  EXPECT_EQ(last_.max_seen, 5);
  EXPECT_EQ(last_.required, 3);
  EXPECT_THAT(last_.message, HasSubstr("more than half of 5, the most Nodes that there ever were"));
  EXPECT_THAT(last_.message, HasSubstr("processhub.io/reset-cluster-size: \"N\""));
  restart();
  EXPECT_TRUE(see(2, 2).locked);  // the status has kept it
}

TEST_F(MajorityQuorum, AResetCountsAtOnceAndStays) {
  spec_.majority_quorum.track_max_size = true;
  see(5, 5);
  reset_ = 2;
  EXPECT_FALSE(see(2, 2).locked);
  EXPECT_EQ(last_.max_seen, 2);
  reset_.reset();
  EXPECT_FALSE(see(2, 2).locked);
  see(4, 4);
  EXPECT_EQ(last_.max_seen, 4);  // and goes on from there
}

TEST_F(MajorityQuorum, AResetMayAlsoRaiseIt) {
  spec_.majority_quorum.track_max_size = true;
  see(2, 2);
  reset_ = 9;
  EXPECT_TRUE(see(2, 2).locked);
  EXPECT_EQ(last_.required, 5);
}

}  // namespace
}  // namespace processhub::plan
