#include "plan/slots.h"

#include <algorithm>
#include <gmock/gmock.h>

#include "plan/labels.h"
#include "unit/plan/builders.h"

namespace processhub::plan {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

kube::Pod pod(int slot, const std::string& node, int incarnation = 1) {
  kube::Pod made;
  made.meta.name = "p-" + std::to_string(slot) + "-" + std::to_string(incarnation);
  made.meta.annotations = {{kSlotAnnotation, std::to_string(slot)},
                           {kIncarnationAnnotation, std::to_string(incarnation)}};
  made.pinned_node = NodeName(node);
  return made;
}

api::Replica replica(int slot, const std::string& node, int incarnation = 1) {
  return {.slot = slot, .incarnation = incarnation, .node = NodeName(node)};
}

class SlotsTest : public ::testing::Test {
 protected:
  // "0 a" slot 0 goes to a; "1 -" slot 1 has no node; "2 b#3" with incarnation 3.
  std::vector<std::string> assign(const std::vector<std::string>& desired) {
    std::vector<const kube::Pod*> views;
    for (const kube::Pod& p : pods_) views.push_back(&p);
    std::vector<NodeName> nodes;
    for (const std::string& name : desired) nodes.emplace_back(name);
    slots_ = assign_slots(status_, views, nodes);
    std::vector<std::string> text;
    for (const Slot& slot : slots_) {
      text.push_back(std::to_string(slot.number) + " " + (slot.target ? slot.target->str() : "-"));
      if (slot.incarnation != 1) text.back() += "#" + std::to_string(slot.incarnation);
    }
    return text;
  }

  api::ChildStatus status_;
  std::vector<kube::Pod> pods_;
  std::vector<Slot> slots_;
};

TEST_F(SlotsTest, NewSlotsTakeTheNodesInWalkOrder) {
  EXPECT_THAT(assign({"c", "a"}), ElementsAre("0 c", "1 a"));
  EXPECT_THAT(assign({}), IsEmpty());
}

TEST_F(SlotsTest, ASlotKeepsItsNodeWhateverTheOrderOfTheWalk) {
  pods_ = {pod(0, "a"), pod(1, "b"), pod(2, "c")};
  EXPECT_THAT(assign({"c", "b", "a"}), ElementsAre("0 a", "1 b", "2 c"));
}

TEST_F(SlotsTest, AFreedSlotTakesTheNewNode) {
  pods_ = {pod(0, "a"), pod(1, "b"), pod(2, "c")};
  EXPECT_THAT(assign({"d", "a", "c"}), ElementsAre("0 a", "1 d", "2 c"));
}

TEST_F(SlotsTest, FreedSlotsTakeNewNodesInWalkOrder) {
  pods_ = {pod(0, "a"), pod(1, "b"), pod(2, "c")};
  EXPECT_THAT(assign({"e", "b", "d"}), ElementsAre("0 e", "1 b", "2 d"));
}

TEST_F(SlotsTest, ANewSlotTakesTheLowestUnusedNumber) {
  pods_ = {pod(0, "a"), pod(3, "b")};
  EXPECT_THAT(assign({"a", "b", "c", "d"}), ElementsAre("0 a", "1 c", "2 d", "3 b"));
}

TEST_F(SlotsTest, WhenTheFactorFallsTheReplicasOutsideTheNewSetGo) {
  pods_ = {pod(0, "a"), pod(1, "b"), pod(2, "c")};
  EXPECT_THAT(assign({"c"}), ElementsAre("0 -", "1 -", "2 c"));
}

TEST_F(SlotsTest, OfTwoSlotsOnOneNodeTheLowerKeepsIt) {
  pods_ = {pod(0, "a"), pod(1, "a")};
  EXPECT_THAT(assign({"a", "b"}), ElementsAre("0 a", "1 b"));
}

TEST_F(SlotsTest, TheStatusRemembersASlotWhosePodIsNotThereYet) {
  status_.replicas = {replica(0, "a"), replica(4, "b", 3)};
  EXPECT_THAT(assign({"b", "a"}), ElementsAre("0 a", "4 b#3"));
}

TEST_F(SlotsTest, ARaisedIncarnationDecidesWhereTheSlotIs) {
  status_.replicas = {replica(0, "a"), replica(0, "b", 2)};
  pods_ = {pod(0, "a")};
  EXPECT_THAT(assign({"b"}), ElementsAre("0 b#2"));
  EXPECT_EQ(slots_[0].current(), pods_.data());
  EXPECT_EQ(slots_[0].node, NodeName("b"));
}

TEST_F(SlotsTest, APodThatTheStatusDoesNotKnowYetCounts) {
  status_.replicas = {replica(0, "a")};
  pods_ = {pod(0, "c", 2)};
  EXPECT_THAT(assign({"c"}), ElementsAre("0 c#2"));
}

TEST_F(SlotsTest, TheCurrentPodIsThatOfTheHighestIncarnation) {
  pods_ = {pod(0, "b", 3), pod(0, "a", 1), pod(0, "c", 2)};
  assign({"b"});
  ASSERT_EQ(slots_.size(), 1U);
  EXPECT_EQ(slots_[0].current(), pods_.data());
  EXPECT_EQ(slots_[0].pods.size(), 3U);
}

TEST_F(SlotsTest, WhereAPodIsBoundGoesBeforeWhereItIsPinned) {
  pods_ = {pod(0, "a")};
  EXPECT_EQ(node_of(pods_[0]), NodeName("a"));
  pods_[0].node = NodeName("b");
  EXPECT_EQ(node_of(pods_[0]), NodeName("b"));
}

TEST_F(SlotsTest, TheOrderOfThePodsDoesNotMatter) {
  pods_ = {pod(0, "a"), pod(0, "b", 2), pod(1, "c"), pod(5, "d"), pod(5, "d")};
  pods_[4].meta.name = "a-second-of-the-same-slot";
  const auto text = assign({"d", "b", "x"});
  std::vector<std::string> currents;
  for (const Slot& slot : slots_) currents.push_back(slot.current()->meta.name);
  std::sort(pods_.begin(), pods_.end(),
            [](const auto& a, const auto& b) { return a.meta.name < b.meta.name; });
  do {
    ASSERT_EQ(assign({"d", "b", "x"}), text);
    for (size_t i = 0; i < slots_.size(); ++i) {
      ASSERT_EQ(slots_[i].current()->meta.name, currents[i]);
    }
  } while (std::next_permutation(pods_.begin(), pods_.end(), [](const auto& a, const auto& b) {
    return a.meta.name < b.meta.name;
  }));
}

}  // namespace
}  // namespace processhub::plan
