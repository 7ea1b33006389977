#include "apply/preconditions.h"

#include "unit/apply/apply_fixture.h"

namespace processhub::apply {
namespace {

using ::testing::HasSubstr;
using How = plan::NodeIsDown::How;

class PreconditionsTest : public ApplyFixture {
 protected:
  Checked checked() {
    results_.clear();
    return [this](Result<void> result) { results_.push_back(std::move(result)); };
  }
  void check_node(bool lost, const std::string& uid = "uid-a") {
    check_down(reader_,
               {{.node = NodeName("a"), .uid = Uid(uid), .how = lost ? How::kLost : How::kDown}},
               checked());
    executor_.settle();
    EXPECT_EQ(asked(), "GET /api/v1/nodes/a");
  }
  // Asks for the slot of incarnation 3, and answers with `pods` in one list.
  void check_slot(const std::vector<json>& pods) {
    check_slot_free(client_, reader_, create("b", 0, 3), checked());
    executor_.settle();
    list_path_ = asked();
    answer(200, {{"kind", "PodList"}, {"metadata", json::object()}, {"items", pods}});
  }
  NodeReader reader_{client_};
  std::string list_path_;
};

TEST_F(PreconditionsTest, NothingToReadHolds) {
  check_down(reader_, {}, checked());
  EXPECT_TRUE(succeeded());
}

TEST_F(PreconditionsTest, ANodeThatIsGoneIsDownAndLost) {
  for (const bool lost : {false, true}) {
    check_node(lost);
    refuse(404, "NotFound");
    EXPECT_TRUE(succeeded());
  }
}

TEST_F(PreconditionsTest, ANodeOfWhichNothingIsHeardIsDownAndLost) {
  json silent = node_object("a", "Unknown");
  silent["status"]["conditions"] = json::array();
  for (const json& node : {node_object("a", "Unknown"), silent}) {
    for (const bool lost : {false, true}) {
      check_node(lost);
      answer(200, node);
      EXPECT_TRUE(succeeded());
    }
  }
}

TEST_F(PreconditionsTest, AReadyNodeIsNeither) {
  for (const bool lost : {false, true}) {
    check_node(lost);
    answer(200, node_object("a", "True"));
    EXPECT_EQ(failed(), ErrorKind::kConflict);
    EXPECT_THAT(results_[0].error().message, HasSubstr("node a"));
  }
}

// Its kubelet may still run what it was told to end.
TEST_F(PreconditionsTest, ANodeThatIsNotReadyIsDownButNotLost) {
  check_node(false);
  answer(200, node_object("a", "False"));
  EXPECT_TRUE(succeeded());
  check_node(true);
  answer(200, node_object("a", "False"));
  EXPECT_EQ(failed(), ErrorKind::kConflict);
}

// The pod was made for a Node that is gone; but the kubelet of the new one ends it.
TEST_F(PreconditionsTest, ANodeOfAnotherUidIsDownButNotLost) {
  check_node(false, "first");
  answer(200, node_object("a", "True", "second"));
  EXPECT_TRUE(succeeded());
  check_node(true, "first");
  answer(200, node_object("a", "True", "second"));
  EXPECT_EQ(failed(), ErrorKind::kConflict);
}

TEST_F(PreconditionsTest, WhatCannotBeReadDoesNotHold) {
  check_node(true);
  refuse(500, "InternalError");
  EXPECT_EQ(failed(), ErrorKind::kServer);
}

// --- the slot ---

TEST_F(PreconditionsTest, ASlotWithoutPodsIsFree) {
  check_slot({});
  EXPECT_TRUE(succeeded());
  EXPECT_EQ(list_path_, "GET /api/v1/namespaces/shop/pods");
  EXPECT_THAT(exchange_->path(), HasSubstr("labelSelector=processhub.io%2Fchild%3Dorders"));
  EXPECT_THAT(exchange_->path(), Not(HasSubstr("resourceVersion")));  // the most recent
}

TEST_F(PreconditionsTest, OtherSlotsAndThePodItselfDoNotMatter) {
  check_slot({pod_object("a", 1, 1), pod_object("b", 0, 3)});
  EXPECT_TRUE(succeeded());
}

TEST_F(PreconditionsTest, ALowerIncarnationThatIsNotBeingDeletedHoldsTheSlot) {
  check_slot({deleted(pod_object("a", 0, 1)), pod_object("c", 0, 2)});
  EXPECT_EQ(failed(), ErrorKind::kConflict);
}

TEST_F(PreconditionsTest, APodOfAnotherOwnerHoldsTheSlotToo) {
  json foreign = pod_object("a", 0, 1);
  foreign["metadata"]["ownerReferences"][0]["uid"] = "another";
  check_slot({foreign});
  EXPECT_EQ(failed(), ErrorKind::kConflict);
}

TEST_F(PreconditionsTest, APodThatDoesNotSayItsSlotMightHoldAny) {
  json unknown = pod_object("a", 5, 7);
  unknown["metadata"]["annotations"] = json::object();
  check_slot({unknown});
  EXPECT_EQ(failed(), ErrorKind::kConflict);
}

TEST_F(PreconditionsTest, EveryLowerPodThatIsBeingDeletedHasToBeOnALostNode) {
  const std::vector<json> pods{deleted(pod_object("a", 0, 1)), deleted(pod_object("c", 0, 2))};
  check_slot(pods);
  EXPECT_EQ(asked(), "GET /api/v1/nodes/c");
  answer(200, node_object("c", "Unknown"));
  EXPECT_EQ(asked(), "GET /api/v1/nodes/a");
  refuse(404, "NotFound");
  EXPECT_TRUE(succeeded());

  check_slot(pods);
  static_cast<void>(asked());
  answer(200, node_object("c", "False"));
  EXPECT_EQ(failed(), ErrorKind::kConflict);
}

TEST_F(PreconditionsTest, APodThatWasNeverBoundRunsNowhere) {
  json unbound = deleted(pod_object("a", 0, 1));
  unbound["spec"].erase("nodeName");
  check_slot({unbound});
  EXPECT_TRUE(succeeded());
}

TEST_F(PreconditionsTest, EveryPageIsRead) {
  check_slot_free(client_, reader_, create("b", 0, 3), checked());
  executor_.settle();
  static_cast<void>(asked());
  answer(200, {{"kind", "PodList"},
               {"metadata", {{"continue", "more"}}},
               {"items", {pod_object("a", 1, 1)}}});
  static_cast<void>(asked());
  EXPECT_THAT(exchange_->path(), HasSubstr("continue=more"));
  answer(200,
         {{"kind", "PodList"}, {"metadata", json::object()}, {"items", {pod_object("a", 0, 2)}}});
  EXPECT_EQ(failed(), ErrorKind::kConflict);
}

TEST_F(PreconditionsTest, APodThatCannotBeReadMightHoldTheSlot) {
  json broken = pod_object("a", 0, 1);
  broken["metadata"].erase("name");
  check_slot({broken});
  EXPECT_EQ(failed(), ErrorKind::kInvalid);
}

TEST_F(PreconditionsTest, AListThatFailsIsAnError) {
  check_slot_free(client_, reader_, create("b", 0, 3), checked());
  executor_.settle();
  static_cast<void>(asked());
  refuse(503, "ServiceUnavailable");
  EXPECT_EQ(failed(), ErrorKind::kServer);
}

TEST_F(PreconditionsTest, APodThatHasFoundRoomIsNotUnbound) {
  json pod = pod_object("a", 0, 1);
  const std::string name = pod["metadata"]["name"];
  const Uid uid("uid-" + name);
  const auto check = [&] {
    check_unbound(client_, "shop", {{.name = name, .uid = uid}}, checked());
    executor_.settle();
    EXPECT_EQ(asked(), "GET /api/v1/namespaces/shop/pods/" + name);
  };
  check();
  pod["spec"]["nodeName"] = "a";
  answer(200, pod);
  EXPECT_EQ(failed(), ErrorKind::kConflict);
  check();
  pod["spec"].erase("nodeName");
  answer(200, pod);
  EXPECT_TRUE(succeeded());
  check();
  refuse(404, "NotFound");
  EXPECT_TRUE(succeeded());
}

}  // namespace
}  // namespace processhub::apply
