// The writes of a hub's inline children.
#include "controller/inline_children.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "support/fake_executor.h"
#include "support/scripted_transport.h"

namespace processhub::controller {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;

constexpr const char* kPath = "/apis/processhub.io/v1alpha1/namespaces/shop/processhubchildren";

json body_of(const std::string& name) {
  return {{"apiVersion", "processhub.io/v1alpha1"},
          {"kind", "ProcessHubChild"},
          {"metadata",
           {{"name", name},
            {"namespace", "shop"},
            {"labels", {{"team", "eu"}}},
            {"annotations", {{"processhub.io/inline-labels", "team"}}}}},
          {"spec", {{"hub", "hub"}}}};
}

plan::ApplyChild make(const std::string& name) {
  return {.child = {"shop", name}, .body = std::make_shared<const json>(body_of(name))};
}

plan::ApplyChild change(const std::string& name) {
  plan::ApplyChild apply = make(name);
  apply.uid = Uid("uid-" + name);
  apply.drop_labels = {"old"};
  return apply;
}

plan::DeleteChild drop(const std::string& name) {
  return {.child = {"shop", name}, .uid = Uid("uid-" + name)};
}

class InlineChildrenTest : public ::testing::Test {
 protected:
  void run(std::vector<plan::ApplyChild> apply, std::vector<plan::DeleteChild> remove = {}) {
    children_.run(
        std::move(apply), std::move(remove),
        [this](const ChildKey& child, const Result<kube::ObjectMeta>& result) {
          written_.push_back(child.name + (result ? "@" + result->version.str() : " failed"));
        },
        [this](const Result<void>& result) { results_.push_back(result); });
    executor_.settle();
  }
  // The request that waits, "POST /apis/...": without its query.
  std::string asked() {
    exchange_ = transport_.request();
    return exchange_->line();
  }
  void answer(int code, const json& body) {
    exchange_->answer(code, body.dump());
    executor_.settle();
  }
  void made(const std::string& version) {
    answer(201, {{"metadata", {{"name", "x"}, {"resourceVersion", version}}}});
  }
  void refuse(int code, const std::string& reason) {
    answer(code, {{"kind", "Status"}, {"code", code}, {"reason", reason}, {"message", reason}});
  }

  testing::FakeClock clock_;
  testing::FakeExecutor executor_{clock_};
  testing::ScriptedTransport transport_{executor_};
  kube::Client client_{transport_, executor_, kube::unguarded()};
  InlineChildren children_{client_};
  std::shared_ptr<testing::Exchange> exchange_;
  std::vector<std::string> written_;
  std::vector<Result<void>> results_;
};

TEST_F(InlineChildrenTest, WithNothingToDoItIsDoneAtOnce) {
  run({});
  ASSERT_EQ(results_.size(), 1U);
  EXPECT_TRUE(results_[0].has_value());
}

TEST_F(InlineChildrenTest, ANewChildIsPostedSoThatNoneOfAnotherIsTakenOver) {
  run({make("a")});
  EXPECT_EQ(asked(), std::string("POST ") + kPath);
  EXPECT_EQ(json::parse(exchange_->request().body), body_of("a"));
  made("5");
  EXPECT_THAT(written_, ElementsAre("a@5"));
  EXPECT_TRUE(results_.at(0).has_value());
}

TEST_F(InlineChildrenTest, AKnownChildIsReadAndPutBackInThatVersionWithWhatOthersAdded) {
  run({change("a")});
  EXPECT_EQ(asked(), std::string("GET ") + kPath + "/a");
  json live = body_of("a");
  live["metadata"]["uid"] = "uid-a";
  live["metadata"]["resourceVersion"] = "7";
  live["metadata"]["labels"] = {{"old", "x"}, {"team", "us"}, {"somebodys", "y"}};
  live["metadata"]["annotations"] = {{"note", "z"}};
  live["spec"]["template"] = {{"spec", {{"priority", 5}}}};
  live["spec"]["suspended"] = true;
  live["spec"]["nodes"] = {"node-a"};
  live["status"] = {{"phase", "Running"}};
  answer(200, live);
  EXPECT_EQ(asked(), std::string("PUT ") + kPath + "/a");
  json expected = live;
  expected["metadata"]["labels"] = {{"team", "eu"}, {"somebodys", "y"}};
  expected["metadata"]["annotations"]["processhub.io/inline-labels"] = "team";
  expected["spec"].erase("template");
  expected["spec"].erase("suspended");
  expected["spec"].erase("nodes");
  EXPECT_EQ(json::parse(exchange_->request().body), expected);
  made("8");
  EXPECT_THAT(written_, ElementsAre("a@8"));
}

TEST_F(InlineChildrenTest, TheNodesOfAChildAreBroughtToWhatTheHubSays) {
  plan::ApplyChild apply = change("a");
  json body = *apply.body;
  body["spec"]["nodes"] = {"node-b", "node-a"};
  apply.body = std::make_shared<const json>(body);
  run({apply});
  static_cast<void>(asked());
  json live = body_of("a");
  live["metadata"]["uid"] = "uid-a";
  live["metadata"]["resourceVersion"] = "7";
  live["spec"]["nodes"] = {"node-a"};
  answer(200, live);
  static_cast<void>(asked());
  EXPECT_EQ(json::parse(exchange_->request().body)["spec"], body["spec"]);
}

TEST_F(InlineChildrenTest, AnotherChildOfThatNameIsLeftAlone) {
  run({change("a")});
  static_cast<void>(asked());
  json live = body_of("a");
  live["metadata"]["uid"] = "another";
  live["metadata"]["resourceVersion"] = "7";
  answer(200, live);
  EXPECT_EQ(transport_.requests_waiting(), 0U);
  EXPECT_EQ(results_.at(0).error().kind, ErrorKind::kConflict);
}

TEST_F(InlineChildrenTest, AChildThatIsGoneAlreadyIsAsGoodAsDeleted) {
  run({}, {drop("a")});
  EXPECT_EQ(asked(), std::string("DELETE ") + kPath + "/a");
  EXPECT_EQ(json::parse(exchange_->request().body)["preconditions"]["uid"], "uid-a");
  refuse(404, "NotFound");
  EXPECT_THAT(written_, ElementsAre("a@"));
  EXPECT_TRUE(results_.at(0).has_value());
}

TEST_F(InlineChildrenTest, FourAreWrittenAtATime) {
  run({make("a"), make("b"), make("c"), make("d"), make("e")}, {drop("f")});
  EXPECT_EQ(transport_.requests_waiting(), 4U);
  static_cast<void>(asked());
  made("1");
  EXPECT_EQ(transport_.requests_waiting(), 4U);
}

TEST_F(InlineChildrenTest, OneThatIsRefusedDoesNotKeepTheOthers) {
  run({make("a"), make("b"), make("c"), make("d"), make("e")});
  static_cast<void>(asked());
  refuse(422, "Invalid");
  for (int i = 1; i < 5; ++i) {
    static_cast<void>(asked());
    made(std::to_string(i));
  }
  EXPECT_THAT(written_, ElementsAre("a failed", "b@1", "c@2", "d@3", "e@4"));
  ASSERT_EQ(results_.size(), 1U);
  EXPECT_EQ(results_[0].error().kind, ErrorKind::kUnprocessable);
}

TEST_F(InlineChildrenTest, WithTheServerInTroubleNoFurtherWriteBegins) {
  run({make("a"), make("b"), make("c"), make("d"), make("e")});
  for (int i = 0; i < 4; ++i) {
    static_cast<void>(asked());
    refuse(503, "ServiceUnavailable");
  }
  EXPECT_EQ(transport_.requests_seen(), 4);
  EXPECT_EQ(results_.size(), 1U);
}

TEST_F(InlineChildrenTest, AfterStopWhatWasReadIsNotPutBack) {
  run({change("a")});
  static_cast<void>(asked());
  children_.stop();
  json live = body_of("a");
  live["metadata"]["uid"] = "uid-a";
  live["metadata"]["resourceVersion"] = "7";
  answer(200, live);
  EXPECT_EQ(transport_.requests_waiting(), 0U);
  EXPECT_EQ(results_.at(0).error().kind, ErrorKind::kNotLeader);
}

TEST_F(InlineChildrenTest, AfterStopNoFurtherWriteBegins) {
  run({make("a"), make("b"), make("c"), make("d"), make("e")});
  children_.stop();
  for (int i = 0; i < 4; ++i) {
    static_cast<void>(asked());
    made("1");
  }
  EXPECT_EQ(transport_.requests_seen(), 4);
  EXPECT_EQ(results_.size(), 1U);
}

}  // namespace
}  // namespace processhub::controller
