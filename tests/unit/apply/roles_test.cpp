#include "unit/apply/apply_fixture.h"

namespace processhub::apply {
namespace {

using redundancy::Role;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// The writes and calls of a take-over, one by one.
class RoleActionsTest : public ApplyFixture {
 protected:
  plan::SetRole set(Role role, const std::string& version = "7") {
    return {.child = child_.key(),
            .pod = {"shop", name_},
            .uid = Uid("uid-" + name_),
            .role = {.role = role, .epoch = 8},
            .peers = "[]",
            .hub = "workers",
            .version = ResourceVersion(version)};
  }
  plan::TellRole tell(bool must_answer = false) {
    return {.child = child_.key(),
            .pod = {"shop", name_},
            .uid = Uid("uid-" + name_),
            .node = NodeName("a"),
            .ip = "10.0.0.7",
            .http = {.port = 8080, .timeout = std::chrono::seconds(2), .retries = 1},
            .role = {.role = Role::kActive, .epoch = 8},
            .body = R"({"role":"active"})",
            .must_answer = must_answer};
  }
  json pod(const std::string& role, const std::string& version = "9") {
    json object = pod_object("a", 0, 1);
    object["metadata"]["resourceVersion"] = version;
    object["metadata"]["labels"]["processhub.io/role"] = role.substr(0, role.find(' '));
    object["metadata"]["annotations"]["processhub.io/role"] = role;
    object["metadata"]["annotations"]["processhub.io/peers"] = "[]";
    return object;
  }
  const std::string name_ = plan::pod_name(child_, 0, 1);
  const std::string path_ = "/api/v1/namespaces/shop/pods/" + name_;
};

TEST_F(RoleActionsTest, ARoleIsWrittenInTheVersionThatWasRead) {
  run({set(Role::kPassive)});
  EXPECT_EQ(asked(), "PATCH " + path_);
  EXPECT_EQ(body(), json::parse(R"({"metadata": {
    "uid": "uid-)" + name_ + R"(", "resourceVersion": "7",
    "labels": {"processhub.io/role": "passive", "processhub.io/hub": "workers"},
    "annotations": {"processhub.io/role": "passive 8", "processhub.io/peers": "[]"}}})"));
  answer(200, pod("passive 8", "10"));
  EXPECT_TRUE(succeeded());
  EXPECT_THAT(applied_, ElementsAre("10"));
}

TEST_F(RoleActionsTest, WhatHasChangedSinceIsReadAndTriedAgain) {
  run({set(Role::kPassive)});
  static_cast<void>(asked());
  refuse(409, "Conflict");
  EXPECT_EQ(asked(), "GET " + path_);
  answer(200, pod("active 7", "9"));
  EXPECT_EQ(asked(), "PATCH " + path_);
  EXPECT_EQ(body()["metadata"]["resourceVersion"], "9");
  answer(200, pod("passive 8", "10"));
  EXPECT_TRUE(succeeded());
}

TEST_F(RoleActionsTest, WhatIsSealedAlreadyIsNotWrittenAgain) {
  run({set(Role::kPassive, "")});  // unknown: read it first
  EXPECT_EQ(asked(), "GET " + path_);
  json sealed = pod("passive 8", "9");
  sealed["metadata"]["labels"]["processhub.io/hub"] = "workers";
  answer(200, sealed);
  EXPECT_TRUE(succeeded());
}

TEST_F(RoleActionsTest, AnothersPodIsLeftAlone) {
  plan::SetRole seal = set(Role::kPassive, "");
  seal.owner = Uid("another-child");
  run({seal});
  static_cast<void>(asked());
  answer(200, pod("active 7", "9"));
  EXPECT_TRUE(succeeded()) << "as if it were gone";

  results_.clear();
  plan::PutStatus put = status();
  put.uid = Uid("another-child");
  put.hub = "workers";
  put.gone = {{.name = name_, .uid = Uid("uid-" + name_)}};
  run({put});
  EXPECT_EQ(asked(), "GET " + path_);
  answer(200, pod("active 8", "9"));
  EXPECT_THAT(asked(), HasSubstr("PUT")) << "no labels for it";
}

TEST_F(RoleActionsTest, APodWithAHigherEpochThatHasLostItsLabelsIsSeenAgain) {
  plan::SetRole seal = set(Role::kPassive, "");
  seal.owner = child_.meta.uid;
  run({seal});
  static_cast<void>(asked());
  answer(200, pod("active 9", "9"));
  EXPECT_EQ(asked(), "PATCH " + path_);
  EXPECT_EQ(body()["metadata"]["labels"],
            (json{{"processhub.io/hub", "workers"}, {"processhub.io/child", "orders"}}));
  answer(200, pod("active 9", "10"));
  EXPECT_EQ(failed(), ErrorKind::kConflict);
}

TEST_F(RoleActionsTest, NobodyIsToldToLeadWhileTheOldNodeMayHaveComeBack) {
  plan::TellRole told = tell();
  told.only_if = {{.node = NodeName("a"), .how = plan::NodeIsDown::How::kDead}};
  run({told});
  EXPECT_EQ(asked(), "GET /api/v1/nodes/a");
  answer(200, node_object("a", "True"));
  EXPECT_EQ(failed(), ErrorKind::kConflict);
  EXPECT_EQ(transport_.requests_waiting(), 0U);
}

TEST_F(RoleActionsTest, BeforeAPodIsAskedItIsSaidThatThisMayTakeLong) {
  run({tell()});
  EXPECT_EQ(asking_, std::vector<ChildKey>{tell().child});
  EXPECT_EQ(transport_.requests_waiting(), 1U);
}

TEST_F(RoleActionsTest, AHigherEpochEndsIt) {
  for (const Role role : {Role::kPassive, Role::kActive}) {
    results_.clear();
    run({set(role, "")});
    static_cast<void>(asked());
    answer(200, pod("active 9", "9"));
    EXPECT_EQ(failed(), ErrorKind::kConflict);
  }
}

TEST_F(RoleActionsTest, APodThatIsGoneIsSealedButCannotLead) {
  run({set(Role::kPassive)});
  static_cast<void>(asked());
  refuse(404, "NotFound");
  EXPECT_TRUE(succeeded());
  results_.clear();
  run({set(Role::kActive)});
  static_cast<void>(asked());
  refuse(404, "NotFound");
  EXPECT_EQ(failed(), ErrorKind::kConflict);
}

// Under its name there is another pod by now: the server answers 422 or 409.
TEST_F(RoleActionsTest, APodOfAnotherUidIsNotTouched) {
  run({set(Role::kPassive)});
  static_cast<void>(asked());
  refuse(422, "Invalid");
  EXPECT_EQ(asked(), "GET " + path_);
  json other = pod("passive 8");
  other["metadata"]["uid"] = "another";
  answer(200, other);
  EXPECT_TRUE(succeeded());
}

TEST_F(RoleActionsTest, APodThatAlwaysChangesIsGivenUpAfterAWhile) {
  run({set(Role::kPassive)});
  int patches = 0;
  while (results_.empty()) {
    const std::string line = asked();
    if (line.starts_with("PATCH")) {
      ++patches;
      refuse(409, "Conflict");
    } else {
      answer(200, pod("active 7"));
    }
    ASSERT_LT(patches, 100);
  }
  EXPECT_EQ(failed(), ErrorKind::kConflict);
}

TEST_F(RoleActionsTest, APodIsToldAtItsAddressAndATwoHundredIsItsAnswer) {
  run({tell(true)});
  EXPECT_EQ(asked(), "POST /processhub/role");
  EXPECT_EQ(exchange_->request().server, "http://10.0.0.7:8080");
  EXPECT_EQ(exchange_->request().body, R"({"role":"active"})");
  EXPECT_EQ(exchange_->request().deadline, std::chrono::seconds(2));
  EXPECT_GT(exchange_->request().body_limit, 0U);
  answer(204);
  EXPECT_TRUE(succeeded());
}

TEST_F(RoleActionsTest, AnErrorOrSilenceIsTriedAgainAndThenHoldsNothingUp) {
  run({tell()});
  static_cast<void>(asked());
  answer(500, "not today");
  executor_.advance(std::chrono::milliseconds(100));
  static_cast<void>(asked());
  exchange_->fail(ErrorKind::kTimeout);
  executor_.settle();
  EXPECT_TRUE(succeeded()) << "the take-over goes on";
}

TEST_F(RoleActionsTest, WhereTheFenceNeedsTheAnswerSilenceEndsThePlan) {
  run({tell(true), set(Role::kActive)});
  for (int attempt = 0; attempt < 2; ++attempt) {
    static_cast<void>(asked());
    exchange_->fail(ErrorKind::kUnreachable);
    executor_.advance(std::chrono::seconds(1));
  }
  ASSERT_EQ(results_.size(), 1U);
  ASSERT_FALSE(results_[0]);
  EXPECT_THAT(results_[0].error().message, HasSubstr("was told \"active 8\": asked 2 times at "));
  EXPECT_EQ(transport_.requests_waiting(), 0U);
}

TEST_F(RoleActionsTest, AnEntryLeavesTheStatusOnlyIfItsPodIsGone) {
  plan::PutStatus put = status();
  put.hub = "workers";
  put.gone = {{.name = name_, .uid = Uid("uid-" + name_)}};
  run({put});
  EXPECT_EQ(asked(), "GET " + path_);
  refuse(404, "NotFound");
  EXPECT_THAT(asked(), HasSubstr("PUT"));
  answer(200, {{"metadata", {{"name", "orders"}, {"resourceVersion", "42"}}}});
  EXPECT_TRUE(succeeded());
}

TEST_F(RoleActionsTest, APodThatHasOnlyLostItsLabelsGetsThemBack) {
  plan::PutStatus put = status();
  put.hub = "workers";
  put.gone = {{.name = name_, .uid = Uid("uid-" + name_)}};
  run({put});
  static_cast<void>(asked());
  answer(200, pod("active 8", "9"));
  EXPECT_EQ(asked(), "PATCH " + path_);
  EXPECT_EQ(body()["metadata"]["labels"],
            (json{{"processhub.io/hub", "workers"}, {"processhub.io/child", "orders"}}));
  EXPECT_EQ(body()["metadata"]["resourceVersion"], "9");
  answer(200, pod("active 8", "10"));
  EXPECT_EQ(failed(), ErrorKind::kConflict) << "plan again, with it";
}

TEST_F(RoleActionsTest, ALeaseThatWasRenewedMeanwhileClearsItsNode) {
  const plan::NodeIsDown stale{.node = NodeName("a"),
                               .uid = Uid("uid-a"),
                               .how = plan::NodeIsDown::How::kStale,
                               .stale_lease = "2026-01-02T12:00:00.000000Z"};
  run({status({stale})});
  EXPECT_EQ(asked(), "GET /apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/a");
  answer(200,
         {{"metadata", {{"name", "a"}}}, {"spec", {{"renewTime", "2026-01-02T12:00:10.000000Z"}}}});
  EXPECT_EQ(failed(), ErrorKind::kConflict);
}

TEST_F(RoleActionsTest, ANodeIsDeadOnlyWhileSomebodySaysSo) {
  const plan::NodeIsDown dead{
      .node = NodeName("a"), .uid = Uid("uid-a"), .how = plan::NodeIsDown::How::kDead};
  run({status({dead})});
  static_cast<void>(asked());
  answer(200, node_object("a", "Unknown"));
  EXPECT_EQ(failed(), ErrorKind::kConflict) << "silence is not death";

  results_.clear();
  run({status({dead})});
  static_cast<void>(asked());
  json tainted = node_object("a", "Unknown");
  tainted["spec"]["taints"] = {
      {{"key", "node.kubernetes.io/out-of-service"}, {"effect", "NoExecute"}}};
  answer(200, tainted);
  EXPECT_THAT(asked(), HasSubstr("PUT"));
}

TEST_F(RoleActionsTest, AMachineThatTookTheNameMayRunThePodAgain) {
  const plan::NodeIsDown dead{.node = NodeName("a"), .how = plan::NodeIsDown::How::kDead};
  run({status({dead})});
  static_cast<void>(asked());
  json other = node_object("a", "True");
  other["metadata"]["uid"] = "another";
  answer(200, other);
  EXPECT_EQ(failed(), ErrorKind::kConflict);
}

TEST_F(RoleActionsTest, AGateIsLiftedForThatUidAndVersionAlone) {
  run({plan::LiftGate{.child = child_.key(),
                      .pod = {"shop", name_},
                      .uid = Uid("uid-" + name_),
                      .version = ResourceVersion("7"),
                      .gates = {"mine"}}});
  EXPECT_EQ(asked(), "PATCH " + path_);
  EXPECT_EQ(body(), json::parse(R"({"metadata": {"uid": "uid-)" + name_ +
                                R"(", "resourceVersion": "7"},
    "spec": {"schedulingGates": [{"name": "mine"}]}})"));
}

TEST_F(RoleActionsTest, APodIsBoundByItsUid) {
  run({plan::BindPod{.child = child_.key(),
                     .pod = {"shop", name_},
                     .uid = Uid("uid-" + name_),
                     .node = NodeName("node-a")}});
  EXPECT_EQ(asked(), "POST " + path_ + "/binding");
  EXPECT_EQ(body().at("/metadata/uid"_json_pointer), "uid-" + name_);
  EXPECT_EQ(body().at("/target/name"_json_pointer), "node-a");
}

}  // namespace
}  // namespace processhub::apply
