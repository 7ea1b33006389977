// Templates are tried once a revision, and whoever has the revision is told.
#include "controller/template_book.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "support/fake_executor.h"
#include "support/fake_random.h"
#include "support/scripted_transport.h"

#include "plan/membership.h"
#include "unit/plan/builders.h"

namespace processhub::controller {
namespace {

using nlohmann::json;
using State = plan::PodTemplate::State;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class TemplateBookTest : public ::testing::Test {
 protected:
  TemplateBookTest() {
    hub_->spec.pod_template = std::make_shared<const json>(
        json{{"spec", {{"containers", {{{"name", "main"}, {"image", "a"}}}}}}});
    frame_ = plan::make_frame(hub_, {}, nullptr);
  }
  static api::ProcessHubChild child(const std::string& name, const std::string& image = "") {
    api::ProcessHubChild child = plan::testing::make_child(name);
    if (!image.empty()) {
      child.spec.pod_template = std::make_shared<const json>(
          json{{"spec", {{"containers", {{{"name", "main"}, {"image", image}}}}}}});
    }
    return child;
  }
  plan::PodTemplate of(const api::ProcessHubChild& child) {
    auto result = book_.of(*frame_, &child);
    executor_.settle();
    return result;
  }
  void answer(int code, const std::string& message = "") {
    const auto trial = transport_.request();
    path_ = trial->path();
    const json body = {{"kind", "Status"}, {"code", code}, {"message", message}};
    trial->answer(code, code < 300 ? R"({"metadata": {"name": "any"}})" : body.dump());
    executor_.settle();
  }
  std::vector<std::string> told() { return std::exchange(told_, {}); }

  std::shared_ptr<api::ProcessHub> hub_ = plan::testing::make_hub();
  std::shared_ptr<const plan::HubFrame> frame_;
  testing::FakeClock clock_;
  testing::FakeExecutor executor_{clock_};
  testing::FakeRandom random_;
  testing::ScriptedTransport transport_{executor_};
  kube::Client client_{transport_, executor_, kube::unguarded()};
  std::string path_;
  std::vector<std::string> told_;
  TemplateBook book_{client_, executor_, random_,
                     [this](const HubKey& hub, const std::optional<ChildKey>& child) {
                       told_.push_back(child ? child->name : "hub " + hub.name);
                     }};
};

TEST_F(TemplateBookTest, ARevisionIsTriedOnceByADryRunHoweverManyHaveIt) {
  EXPECT_EQ(of(child("a")).state, State::kUnchecked);
  EXPECT_EQ(of(child("b")).state, State::kUnchecked);
  EXPECT_EQ(transport_.requests_seen(), 1);
  answer(201);
  EXPECT_THAT(path_, HasSubstr("dryRun=All"));
  EXPECT_THAT(told(), UnorderedElementsAre("a", "b"));
  EXPECT_EQ(of(child("a")).state, State::kValid);
  EXPECT_EQ(transport_.requests_seen(), 1);
}

TEST_F(TemplateBookTest, OnlyThoseWhoHaveTheRevisionAreTold) {
  of(child("a"));
  of(child("b", "other"));
  static_cast<void>(book_.of(*frame_, nullptr));
  executor_.settle();
  EXPECT_EQ(transport_.requests_seen(), 2);
  answer(201);
  EXPECT_THAT(told(), UnorderedElementsAre("a", "hub hub"));
  answer(201);
  EXPECT_THAT(told(), ElementsAre("b"));
}

TEST_F(TemplateBookTest, WhatTheServerRefusesIsInvalidInItsWordsAndTriedAgain) {
  of(child("a"));
  answer(422, "spec.containers[0].image: Required value");
  EXPECT_THAT(told(), ElementsAre("a"));
  const plan::PodTemplate refused = of(child("a"));
  EXPECT_EQ(refused.state, State::kInvalid);
  EXPECT_THAT(refused.message, HasSubstr("Required value"));
  executor_.advance(std::chrono::minutes(1));
  EXPECT_THAT(told(), ElementsAre("a"));
  of(child("a"));
  EXPECT_EQ(transport_.requests_seen(), 2);
}

TEST_F(TemplateBookTest, WhileOneIsRefusedTheOneAcceptedBeforeIsKnown) {
  of(child("a", "good"));
  answer(201);
  const std::string good = of(child("a", "good")).revision;
  of(child("a", "bad"));
  answer(422, "no");
  const plan::PodTemplate refused = of(child("a", "bad"));
  EXPECT_EQ(refused.state, State::kInvalid);
  ASSERT_NE(refused.usable(), nullptr);
  EXPECT_EQ(refused.usable()->revision, good);
  of(child("b", "bad"));
  EXPECT_EQ(of(child("b", "bad")).usable(), nullptr);  // it never had another
}

TEST_F(TemplateBookTest, ARevisionThatNobodyHasIsForgotten) {
  of(child("a", "old"));
  answer(422, "no");
  of(child("a", "new"));
  answer(201);
  told();
  executor_.advance(std::chrono::minutes(10));
  EXPECT_THAT(told(), IsEmpty());  // the old one is not tried again
  of(child("b", "old"));
  EXPECT_EQ(transport_.requests_seen(), 3);
}

TEST_F(TemplateBookTest, AChildThatGoesTakesItsRevisionAlong) {
  of(child("a", "old"));
  answer(422, "no");
  book_.forget(child("a").key());
  told();
  executor_.advance(std::chrono::minutes(10));
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(TemplateBookTest, AnAnswerForAHubThatIsForgottenIsNobodys) {
  of(child("a"));
  book_.forget(hub_->key());
  answer(201);
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(TemplateBookTest, ATrialThatFailsSaysNothingOfTheTemplateButIsTold) {
  of(child("a"));
  answer(500, "a webhook is away");
  EXPECT_THAT(told(), ElementsAre("a"));
  EXPECT_EQ(of(child("a")).state, State::kUnchecked);
  EXPECT_THAT(of(child("a")).message, HasSubstr("a webhook is away"));
  executor_.advance(std::chrono::seconds(5));
  EXPECT_THAT(told(), ElementsAre("a"));
  of(child("a"));
  answer(500, "a webhook is away");
  EXPECT_THAT(told(), IsEmpty());  // which is known
}

TEST_F(TemplateBookTest, AnotherPinningIsAnotherRevision) {
  const std::string before = of(child("a")).revision;
  EXPECT_EQ(book_.revision_of(*frame_, child("a")), before);
  answer(201);
  hub_ = std::make_shared<api::ProcessHub>(*hub_);
  hub_->spec.pinning = api::Pinning::kNodeName;
  frame_ = plan::make_frame(hub_, {}, nullptr);
  const plan::PodTemplate after = of(child("a"));
  EXPECT_NE(after.revision, before);
  EXPECT_EQ(after.state, State::kUnchecked);
  EXPECT_EQ(book_.revision_of(*frame_, child("a")), after.revision);
  const auto trial = transport_.request();
  EXPECT_FALSE(json::parse(trial->request().body).at("spec").contains("nodeName"))
      << "a trial is of no node that there is";
}

TEST_F(TemplateBookTest, OfATemplateThatCannotBeMergedThereIsNoRevision) {
  auto wrong = child("a");
  wrong.spec.pod_template = std::make_shared<const json>(json{{"spec", {{"containers", 7}}}});
  EXPECT_EQ(book_.revision_of(*frame_, wrong), "");
}

}  // namespace
}  // namespace processhub::controller
