#include "apply/plan_executor.h"

#include "plan/labels.h"
#include "unit/apply/apply_fixture.h"

namespace processhub::apply {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class PlanExecutorTest : public ApplyFixture {
 protected:
  const std::string pods_ = "/api/v1/namespaces/shop/pods";
  const std::string first_ = plan::pod_name(child_, 0, 1);
};

TEST_F(PlanExecutorTest, AnEmptyPlanIsDoneAtOnce) {
  run({});
  EXPECT_TRUE(succeeded());
  EXPECT_EQ(transport_.requests_seen(), 0);
}

TEST_F(PlanExecutorTest, ActionsAreCarriedOutInOrderEachAfterTheOneBefore) {
  run({status(), remove("old"), create("a")});
  EXPECT_EQ(asked(),
            "PUT /apis/processhub.io/v1alpha1/namespaces/shop/processhubchildren/orders/status");
  EXPECT_EQ(transport_.requests_waiting(), 0U);
  answer(200, {{"metadata", {{"name", "orders"}, {"resourceVersion", "42"}}}});
  EXPECT_EQ(asked(), "DELETE " + pods_ + "/old");
  EXPECT_EQ(transport_.requests_waiting(), 0U);
  answer(200, {{"metadata", {{"name", "old"}, {"resourceVersion", "43"}}}});
  EXPECT_EQ(asked(), "POST " + pods_);
  EXPECT_EQ(body(), *create("a").body);
  answer(201, {{"metadata", {{"name", first_}, {"resourceVersion", "44"}}}});
  EXPECT_TRUE(succeeded());
  EXPECT_THAT(applied_, ElementsAre("42", "43", "44"));
}

TEST_F(PlanExecutorTest, TheFirstErrorEndsIt) {
  run({remove("old"), create("a")});
  static_cast<void>(asked());
  refuse(500, "InternalError");
  EXPECT_EQ(failed(), ErrorKind::kServer);
  EXPECT_THAT(applied_, IsEmpty());
}

TEST_F(PlanExecutorTest, WithoutAnAnswerNothingIsTriedAgainHere) {
  run({create("a")});
  static_cast<void>(asked());
  exchange_->fail(ErrorKind::kBroken, Committed::kUnknown);
  executor_.settle();
  EXPECT_EQ(failed(), ErrorKind::kBroken);
}

TEST_F(PlanExecutorTest, AfterStopNoFurtherActionBegins) {
  run({remove("old"), create("a")});
  static_cast<void>(asked());
  executor_under_test_.stop();
  answer(200, {{"metadata", {{"name", "old"}, {"resourceVersion", "43"}}}});
  EXPECT_EQ(failed(), ErrorKind::kNotLeader);
  EXPECT_THAT(applied_, ElementsAre("43")) << "what the server has done is known";
  results_.clear();
  run({create("a")});
  EXPECT_EQ(asked(), "POST " + pods_) << "what begins later goes on";
}

// --- PutStatus ---

TEST_F(PlanExecutorTest, AStatusIsPutForThatUidAndVersionAlone) {
  run({status()});
  static_cast<void>(asked());
  EXPECT_EQ(body()["metadata"], (json{{"name", "orders"},
                                      {"namespace", "shop"},
                                      {"uid", "uid-orders"},
                                      {"resourceVersion", "41"}}));
  EXPECT_EQ(body()["status"]["ready"], "1/1");
  refuse(409, "Conflict");
  EXPECT_EQ(failed(), ErrorKind::kConflict);
}

TEST_F(PlanExecutorTest, AStatusThatRestsOnLostNodesIsWrittenOnlyWhileTheyAreLost) {
  const plan::NodeIsDown a{
      .node = NodeName("a"), .uid = Uid("uid-a"), .how = plan::NodeIsDown::How::kLost};
  const plan::NodeIsDown b{
      .node = NodeName("b"), .uid = Uid("uid-b"), .how = plan::NodeIsDown::How::kLost};
  run({status({a, b})});
  EXPECT_EQ(asked(), "GET /api/v1/nodes/b");
  answer(200, node_object("b", "Unknown"));
  EXPECT_EQ(asked(), "GET /api/v1/nodes/a");
  answer(200, node_object("a", "True"));
  EXPECT_EQ(failed(), ErrorKind::kConflict);
}

// --- DeletePod ---

TEST_F(PlanExecutorTest, ADeletionNamesTheUid) {
  run({remove("old")});
  static_cast<void>(asked());
  EXPECT_EQ(body()["preconditions"]["uid"], "uid-old");
  EXPECT_FALSE(body().contains("gracePeriodSeconds"));  // the pod's own: never forced
  answer(200, {{"metadata", {{"name", "old"}, {"resourceVersion", "9"}}}});
  EXPECT_TRUE(succeeded());
}

TEST_F(PlanExecutorTest, APodThatIsGoneOrAnotherByNowIsDeletedAlready) {
  for (const auto& [code, reason] : {std::pair{404, "NotFound"}, std::pair{409, "Conflict"}}) {
    results_.clear();
    run({remove("old"), create("a")});
    static_cast<void>(asked());
    refuse(code, reason);
    EXPECT_EQ(asked(), "POST " + pods_);
    answer(201, {{"metadata", {{"name", first_}, {"resourceVersion", "44"}}}});
    EXPECT_TRUE(succeeded());
  }
  EXPECT_THAT(applied_, ElementsAre("", "44", "", "44"));
}

TEST_F(PlanExecutorTest, APodOfALostNodeIsDeletedOnlyIfALiveReadSaysTheSame) {
  const plan::NodeIsDown down{.node = NodeName("a"), .uid = Uid("uid-a")};
  run({remove("old", down)});
  EXPECT_EQ(asked(), "GET /api/v1/nodes/a");
  answer(200, node_object("a", "True"));
  EXPECT_EQ(failed(), ErrorKind::kConflict);
  EXPECT_EQ(transport_.requests_seen(), 1);

  results_.clear();
  run({remove("old", down)});
  EXPECT_EQ(asked(), "GET /api/v1/nodes/a");
  answer(200, node_object("a", "False"));
  EXPECT_EQ(asked(), "DELETE " + pods_ + "/old");
}

// --- CreatePod ---

TEST_F(PlanExecutorTest, APodThatExistsAsIntendedIsSuccess) {
  run({create("a")});
  static_cast<void>(asked());
  refuse(409, "AlreadyExists");
  EXPECT_EQ(asked(), "GET " + pods_ + "/" + first_);
  answer(200, pod_object("a", 0, 1));
  EXPECT_TRUE(succeeded());
  EXPECT_THAT(applied_, ElementsAre("7"));
}

// Else the caches would never see it, and the child would wait for it for ever.
TEST_F(PlanExecutorTest, APodThatExistsWithoutItsLabelsGetsThemBack) {
  json unlabelled = pod_object("a", 0, 1);
  const json labels = {{plan::kHubLabel, "hub"}, {plan::kChildLabel, "orders"}};
  plan::CreatePod wanted = create("a");
  json body_with = *wanted.body;
  body_with["metadata"]["labels"] = labels;
  wanted.body = std::make_shared<const json>(body_with);
  unlabelled["metadata"].erase("labels");
  run({wanted});
  static_cast<void>(asked());
  refuse(409, "AlreadyExists");
  static_cast<void>(asked());
  answer(200, unlabelled);
  EXPECT_EQ(asked(), "PATCH " + pods_ + "/" + first_);
  EXPECT_EQ(body()["metadata"]["labels"], labels);
  EXPECT_EQ(body()["metadata"]["resourceVersion"], "7");
  answer(200, {{"metadata", {{"name", first_}, {"resourceVersion", "8"}}}});
  EXPECT_TRUE(succeeded());
  EXPECT_THAT(applied_, ElementsAre("8"));
}

TEST_F(PlanExecutorTest, APodOfThatNameThatIsNotTheIntendedOneIsNone) {
  json other_owner = pod_object("a", 0, 1);
  other_owner["metadata"]["ownerReferences"][0]["uid"] = "another";
  json nobodys = pod_object("a", 0, 1);
  nobodys["metadata"].erase("ownerReferences");
  for (const json& existing :
       {other_owner, nobodys, pod_object("b", 0, 1), deleted(pod_object("a", 0, 1))}) {
    results_.clear();
    run({create("a")});
    static_cast<void>(asked());
    refuse(409, "AlreadyExists");
    static_cast<void>(asked());
    answer(200, existing);
    EXPECT_EQ(failed(), ErrorKind::kConflict) << existing;
  }
  EXPECT_THAT(applied_, IsEmpty());
}

TEST_F(PlanExecutorTest, APodThatVanishesBetweenIsPlannedAgain) {
  run({create("a")});
  static_cast<void>(asked());
  refuse(409, "AlreadyExists");
  static_cast<void>(asked());
  refuse(404, "NotFound");
  EXPECT_EQ(failed(), ErrorKind::kNotFound);
}

TEST_F(PlanExecutorTest, ARefusedPodIsAnError) {
  run({create("a")});
  static_cast<void>(asked());
  refuse(403, "Forbidden");
  EXPECT_EQ(failed(), ErrorKind::kForbidden);
}

TEST_F(PlanExecutorTest, AHigherIncarnationIsMadeOnlyInAFreeSlot) {
  run({create("b", 0, 2)});
  EXPECT_EQ(asked(), "GET " + pods_);
  answer(200, {{"kind", "PodList"}, {"metadata", json::object()}, {"items", json::array()}});
  EXPECT_EQ(asked(), "POST " + pods_);
  answer(201, {{"metadata", {{"name", "x"}, {"resourceVersion", "50"}}}});
  EXPECT_TRUE(succeeded());

  results_.clear();
  run({create("b", 0, 2)});
  static_cast<void>(asked());
  answer(200,
         {{"kind", "PodList"}, {"metadata", json::object()}, {"items", {pod_object("a", 0, 1)}}});
  EXPECT_EQ(failed(), ErrorKind::kConflict);
}

}  // namespace
}  // namespace processhub::apply
