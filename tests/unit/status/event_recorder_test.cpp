#include "status/event_recorder.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "support/fake_executor.h"
#include "support/scripted_transport.h"

namespace processhub::status {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class EventRecorderTest : public ::testing::Test {
 protected:
  [[nodiscard]] static EventNote note(const std::string& text = "its node was lost") {
    return {.resource = kube::kProcessHubChildren,
            .ns = "shop",
            .name = "orders",
            .uid = Uid("u-1"),
            .hub = "workers",
            .type = EventType::kWarning,
            .reason = "NodeLost",
            .action = "Placing",
            .note = text};
  }

  // The oldest Event or change of one that was sent.
  [[nodiscard]] json sent() {
    const auto request = transport_.request();
    path_ = request->path();
    request->answer(201, request->request().body);
    executor_.settle();
    return json::parse(request->request().body);
  }

  testing::FakeClock clock_;
  testing::FakeExecutor executor_{clock_};
  testing::ScriptedTransport transport_{executor_};
  kube::Client client_{transport_, executor_, kube::unguarded(), {.max_in_flight = 1000}};
  EventRecorder events_{client_, clock_, "operator-1"};
  std::string path_;
};

TEST_F(EventRecorderTest, AnEventSaysWhatHappenedToWhat) {
  events_.record(note());
  const json event = sent();
  EXPECT_THAT(path_, StartsWith("/apis/events.k8s.io/v1/namespaces/shop/events?"));
  EXPECT_EQ(event["type"], "Warning");
  EXPECT_EQ(event["reason"], "NodeLost");
  EXPECT_EQ(event["action"], "Placing");
  EXPECT_EQ(event["note"], "its node was lost");
  EXPECT_EQ(event["reportingInstance"], "operator-1");
  EXPECT_EQ(event["eventTime"], format_micro_time(clock_.wall_now()));
  EXPECT_EQ(event["regarding"], (json{{"apiVersion", "processhub.io/v1alpha1"},
                                      {"kind", "ProcessHubChild"},
                                      {"namespace", "shop"},
                                      {"name", "orders"},
                                      {"uid", "u-1"}}));
  EXPECT_THAT(event["metadata"]["name"].get<std::string>(), StartsWith("orders."));
}

TEST_F(EventRecorderTest, ANoteIsCutAt1024BytesBetweenCharacters) {
  events_.record(note(std::string(1023, 'x') + "ä"));
  EXPECT_EQ(sent()["note"], std::string(1023, 'x'));
}

TEST_F(EventRecorderTest, WhatRepeatsBecomesASeriesToldOnceAMinute) {
  events_.record(note());
  const std::string name = sent()["metadata"]["name"];
  events_.record(note());
  const json second = sent();
  EXPECT_THAT(path_, HasSubstr("/events/" + name + "?"));
  EXPECT_EQ(second["series"]["count"], 2);
  for (int i = 0; i < 10; ++i) events_.record(note());
  EXPECT_EQ(transport_.requests_waiting(), 0U);
  executor_.advance(1min);
  events_.record(note());
  EXPECT_EQ(sent()["series"]["count"], 13);
}

TEST_F(EventRecorderTest, ASeriesThatWasSilentForTenMinutesIsANewEvent) {
  events_.record(note());
  const std::string name = sent()["metadata"]["name"];
  executor_.advance(10min);
  events_.record(note());
  EXPECT_NE(sent()["metadata"]["name"], name);
}

TEST_F(EventRecorderTest, TooManyOfOneHubAndReasonAreDroppedAndThoseOfOthersAreNot) {
  for (int i = 0; i < 100; ++i) events_.record(note("node " + std::to_string(i)));
  EXPECT_EQ(transport_.requests_seen(), 25);
  EventNote other = note();
  other.hub = "others";
  events_.record(other);
  EXPECT_EQ(transport_.requests_seen(), 26);
  executor_.advance(10s);
  events_.record(note("later"));
  EXPECT_EQ(transport_.requests_seen(), 27);
}

TEST_F(EventRecorderTest, AnEventThatIsRefusedIsNotSentAgain) {
  events_.record(note());
  transport_.request()->answer(403, R"({"kind":"Status","message":"no"})");
  executor_.advance(1h);
  EXPECT_EQ(transport_.requests_seen(), 1);
}

}  // namespace
}  // namespace processhub::status
