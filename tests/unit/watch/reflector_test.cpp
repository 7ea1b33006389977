#include "watch/reflector.h"

#include <gmock/gmock.h>

#include "support/fake_executor.h"
#include "support/fake_random.h"
#include "support/scripted_transport.h"

namespace processhub::watch {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using State = Reflector::State;

constexpr kube::Resource kThings{"test", "v1", "things", "Thing"};
constexpr const char* kGone = R"({"kind":"Status","code":410,"reason":"Expired","message":"old"})";

json thing(const std::string& name, int version) {
  return {{"metadata",
           {{"namespace", "ns"}, {"name", name}, {"resourceVersion", std::to_string(version)}}}};
}

std::string page(const std::vector<json>& items, int version, const std::string& next = {}) {
  json meta = {{"resourceVersion", std::to_string(version)}};
  if (!next.empty()) meta["continue"] = next;
  return json{{"kind", "ThingList"}, {"metadata", meta}, {"items", items}}.dump();
}

std::string event(const char* type, const json& object) {
  return json{{"type", type}, {"object", object}}.dump();
}

class ReflectorTest : public ::testing::Test {
 protected:
  // Writes down what the sink is told; an object named "bad" cannot be read.
  ReflectorSink sink() {
    const auto name = [](const json& object) {
      return object["metadata"]["name"].get<std::string>();
    };
    const auto take = [this, name](const char* what, const json& object) -> Result<void> {
      told_.push_back(what + name(object));
      if (name(object) == "bad") return fail(ErrorKind::kInvalid, "bad");
      return {};
    };
    return {.replace_begin = [this] { told_.emplace_back("begin"); },
            .replace_item = [take](json&& object) { return take("*", object); },
            .replace_end =
                [this](const ResourceVersion& version) { told_.push_back("end@" + version.str()); },
            .upsert = [take](json&& object) { return take("+", object); },
            .remove = [this, name](json&& object) { told_.push_back("-" + name(object)); },
            .bookmark =
                [this](const ResourceVersion& version) { told_.push_back("@" + version.str()); }};
  }

  std::vector<std::string> told() {
    executor_.settle();
    return std::exchange(told_, {});
  }

  // A reflector that has listed one thing at version 10 and watches.
  std::shared_ptr<testing::ScriptedStream> watching() {
    reflector_.start();
    executor_.settle();
    transport_.request()->answer(200, page({thing("a", 5)}, 10));
    told();
    return transport_.watch();
  }

  // The next watch, which must be there without any time passing.
  std::shared_ptr<testing::ScriptedStream> resumed_at_once() {
    executor_.settle();
    EXPECT_EQ(reflector_.state(), State::kWatching);
    return transport_.watch();
  }

  // How long it waits before it goes on.
  Duration wait() {
    executor_.settle();
    EXPECT_EQ(reflector_.state(), State::kWaiting);
    const SteadyTime before = clock_.steady_now();
    EXPECT_TRUE(executor_.advance_until([&] { return reflector_.state() != State::kWaiting; }, 1h));
    return clock_.steady_now() - before;
  }

  testing::FakeClock clock_;
  testing::FakeExecutor executor_{clock_};
  testing::FakeRandom random_;
  testing::ScriptedTransport transport_{executor_};
  kube::Client client_{transport_, executor_, kube::unguarded()};
  std::vector<std::string> told_;
  Reflector reflector_{client_,
                       executor_,
                       clock_,
                       random_,
                       {.resource = kThings, .mask = kube::Projection::everything()},
                       sink()};
};

TEST_F(ReflectorTest, IdleToListingOnStart) {
  EXPECT_EQ(reflector_.state(), State::kIdle);
  reflector_.start();
  reflector_.start();
  EXPECT_EQ(reflector_.state(), State::kListing);
  EXPECT_FALSE(reflector_.synced());
  const auto request = transport_.request();
  EXPECT_EQ(request->path(), "/apis/test/v1/things?limit=500");
  EXPECT_EQ(transport_.requests_waiting(), 0U);
}

TEST_F(ReflectorTest, ListingGoesPageByPageThenWatches) {
  reflector_.start();
  transport_.request()->answer(200, page({thing("a", 1)}, 10, "t/1"));
  EXPECT_THAT(told(), ElementsAre("begin", "*a"));
  const auto second = transport_.request();
  EXPECT_EQ(second->path(), "/apis/test/v1/things?limit=500&continue=t%2F1");
  second->answer(200, page({thing("b", 2)}, 10));
  EXPECT_THAT(told(), ElementsAre("*b", "end@10"));
  EXPECT_TRUE(reflector_.synced());
  EXPECT_EQ(reflector_.state(), State::kWatching);
  EXPECT_THAT(transport_.watch()->path(),
              ::testing::MatchesRegex(".*watch=true&allowWatchBookmarks=true&timeoutSeconds=[345].."
                                      "&resourceVersion=10"));
}

TEST_F(ReflectorTest, NamespaceAndSelectorGoIntoListAndWatch) {
  Reflector reflector(client_, executor_, clock_, random_,
                      {.resource = kThings,
                       .mask = kube::Projection::everything(),
                       .ns = "shop",
                       .label_selector = "a=b,c"},
                      sink());
  reflector.start();
  const auto list = transport_.request();
  EXPECT_EQ(list->path(), "/apis/test/v1/namespaces/shop/things?labelSelector=a%3Db%2Cc&limit=500");
  list->answer(200, page({}, 10));
  executor_.settle();
  EXPECT_THAT(transport_.watch()->path(), ::testing::AllOf(HasSubstr("/namespaces/shop/things?"),
                                                           HasSubstr("labelSelector=a%3Db%2Cc")));
}

TEST_F(ReflectorTest, ListingWaitsAfterAnErrorThenAsksForTheSamePage) {
  reflector_.start();
  transport_.request()->answer(200, page({thing("a", 1)}, 10, "t1"));
  executor_.settle();
  transport_.request()->fail(ErrorKind::kBroken);
  executor_.settle();
  ASSERT_TRUE(reflector_.problem().has_value());
  EXPECT_GE(wait(), 400ms);
  const auto again = transport_.request();
  EXPECT_THAT(again->path(), HasSubstr("continue=t1"));
  again->answer(200, page({thing("b", 2)}, 10));
  EXPECT_THAT(told(), ElementsAre("begin", "*a", "*b", "end@10"));
}

TEST_F(ReflectorTest, ListingBeginsAgainWhenTheFirstPageIsUnreadable) {
  reflector_.start();
  const std::string whole = page({thing("a", 1), thing("b", 2)}, 10);
  transport_.request()->answer(200, whole.substr(0, whole.size() - 10));
  wait();
  transport_.request()->answer(200, whole);
  const std::vector<std::string> all = told();
  EXPECT_THAT(std::vector(all.end() - 4, all.end()), ElementsAre("begin", "*a", "*b", "end@10"));
}

TEST_F(ReflectorTest, AnExpiredTokenStartsANewListWithoutIt) {
  reflector_.start();
  transport_.request()->answer(200, page({thing("a", 1)}, 10, "t1"));
  executor_.settle();
  transport_.request()->answer(410, kGone);
  executor_.settle();
  EXPECT_EQ(reflector_.state(), State::kListing);
  const auto again = transport_.request();
  EXPECT_THAT(again->path(), Not(HasSubstr("continue")));
  again->answer(200, page({thing("b", 2)}, 20));
  EXPECT_THAT(told(), ElementsAre("begin", "*a", "begin", "*b", "end@20"));
}

TEST_F(ReflectorTest, TokensThatExpireAgainAndAgainAreWaitedFor) {
  reflector_.start();
  transport_.request()->answer(200, page({}, 10, "t1"));
  executor_.settle();
  transport_.request()->answer(410, kGone);
  executor_.settle();
  transport_.request()->answer(200, page({}, 11, "t2"));
  executor_.settle();
  transport_.request()->answer(410, kGone);
  EXPECT_GE(wait(), 400ms);
  EXPECT_THAT(transport_.request()->path(), Not(HasSubstr("continue")));
}

TEST_F(ReflectorTest, ARefusedTokenIsWaitedForAndStartsANewListWithoutIt) {
  reflector_.start();
  for (const int status : {400, 422, 404}) {
    transport_.request()->answer(200, page({thing("a", 1)}, 10, "t1"));
    executor_.settle();
    const auto second = transport_.request();
    EXPECT_THAT(second->path(), HasSubstr("continue=t1"));
    told();
    second->answer(status, R"({"kind":"Status","message":"continue key is not valid"})");
    EXPECT_GE(wait(), 400ms) << status;
    EXPECT_THAT(told(), ElementsAre("begin")) << status;
  }
  told();
  const auto again = transport_.request();
  EXPECT_THAT(again->path(), Not(HasSubstr("continue")));
  again->answer(200, page({thing("b", 2)}, 20));
  EXPECT_THAT(told(), ElementsAre("*b", "end@20"));
}

TEST_F(ReflectorTest, TokensThatAreRefusedAgainAndAgainAreAskedForEverLessOften) {
  reflector_.start();
  Duration last{};
  for (int i = 0; i < 10; ++i) {
    transport_.request()->answer(200, page({}, 10, "t1"));
    executor_.settle();
    transport_.request()->answer(400, R"({"kind":"Status"})");
    last = wait();
  }
  EXPECT_GE(last, 15s);
  EXPECT_LE(last, 30s);
}

TEST_F(ReflectorTest, EventsReachTheSinkAndTheirVersionsAreKept) {
  const auto watch = watching();
  watch->lines({event("ADDED", thing("b", 11)), event("MODIFIED", thing("b", 12))});
  watch->line(event("DELETED", thing("a", 13)));
  watch->line(event("BOOKMARK", thing("", 20)));
  EXPECT_THAT(told(), ElementsAre("+b", "+b", "-a", "@20"));
  EXPECT_EQ(reflector_.last_version().str(), "20");
  EXPECT_EQ(reflector_.counts().events, 4U);
}

TEST_F(ReflectorTest, AWatchThatEndsInOrderIsResumedFromTheLastVersion) {
  const auto watch = watching();
  watch->line(event("BOOKMARK", thing("", 20)));
  watch->end(200);
  EXPECT_THAT(resumed_at_once()->path(), HasSubstr("resourceVersion=20"));
  EXPECT_EQ(reflector_.counts().lists, 1U);
}

TEST_F(ReflectorTest, AWatchThatBreaksIsResumedFromTheLastVersion) {
  const auto watch = watching();
  watch->line(event("ADDED", thing("b", 11)));
  watch->fail(ErrorKind::kBroken);
  EXPECT_THAT(resumed_at_once()->path(), HasSubstr("resourceVersion=11"));
}

TEST_F(ReflectorTest, ItTellsWhetherChangesAreHeardOf) {
  std::string told;
  ReflectorSink sink = this->sink();
  sink.opened = [&] { told += "opened "; };
  sink.broken = [&] { told += "broken "; };
  Reflector reflector(client_, executor_, clock_, random_,
                      {.resource = kThings, .mask = kube::Projection::everything()},
                      std::move(sink));
  const auto next = [&] {
    executor_.settle();
    return std::exchange(told, "");
  };
  reflector.start();
  executor_.settle();
  transport_.request()->fail(ErrorKind::kUnreachable);
  EXPECT_EQ(next(), "broken ");
  executor_.advance(1min);
  transport_.request()->answer(200, page({}, 10));
  EXPECT_EQ(next(), "");
  auto watch = transport_.watch();
  watch->accept();
  EXPECT_EQ(next(), "opened ");
  watch->line(event("BOOKMARK", thing("", 12)));
  watch->end(200);
  EXPECT_EQ(next(), "");  // in order: whatever happens meanwhile will be told
  watch = transport_.watch();
  watch->accept();
  EXPECT_EQ(next(), "opened ");
  watch->line(event("BOOKMARK", thing("", 13)));
  watch->fail(ErrorKind::kBroken);
  EXPECT_EQ(next(), "broken ");
  transport_.watch()->accept();
  EXPECT_EQ(next(), "opened ");
}

TEST_F(ReflectorTest, ASilentWatchIsResumedOnceItsTimeIsOver) {
  const auto watch = watching();
  EXPECT_GE(watch->idle_limit(), 330s);
  EXPECT_LE(watch->idle_limit(), 630s);
  executor_.advance(watch->idle_limit() - 1ms);
  EXPECT_TRUE(watch->open());
  executor_.advance(1ms);
  EXPECT_FALSE(watch->open());
  EXPECT_THAT(resumed_at_once()->path(), HasSubstr("resourceVersion=10"));
}

TEST_F(ReflectorTest, TheLongestSilenceCanBeSet) {
  Reflector reflector(
      client_, executor_, clock_, random_,
      {.resource = kThings, .mask = kube::Projection::everything(), .longest_silence = 90s},
      sink());
  reflector.start();
  transport_.request()->answer(200, page({}, 10));
  executor_.settle();
  EXPECT_EQ(transport_.watch()->idle_limit(), 90s);
}

TEST_F(ReflectorTest, AWatchRefusedWith410ListsAnewAtOnce) {
  watching()->end(410, kGone);
  executor_.settle();
  EXPECT_EQ(reflector_.state(), State::kListing);
  EXPECT_TRUE(reflector_.synced());
  transport_.request()->answer(200, page({thing("z", 30)}, 31));
  EXPECT_THAT(told(), ElementsAre("begin", "*z", "end@31"));
  EXPECT_THAT(transport_.watch()->path(), HasSubstr("resourceVersion=31"));
}

TEST_F(ReflectorTest, AnErrorEventWith410ListsAnewAtOnce) {
  const auto watch = watching();
  watch->lines({event("ADDED", thing("b", 11)), event("ERROR", json::parse(kGone))});
  EXPECT_THAT(told(), ElementsAre("+b", "begin"));
  EXPECT_FALSE(watch->open());
  EXPECT_EQ(reflector_.state(), State::kListing);
}

TEST_F(ReflectorTest, AListThatIsTooOldForAWatchAgainAndAgainDoesNotSpin) {
  watching()->end(410, kGone);
  executor_.settle();
  for (int i = 0; i < 20; ++i) {
    transport_.request()->answer(200, page({}, 10));
    executor_.settle();
    transport_.watch()->end(410, kGone);
    wait();
  }
  EXPECT_EQ(transport_.requests_seen(), 22);
}

TEST_F(ReflectorTest, A410AfterALongOutageListsAtOnceDespiteTheBackoff) {
  auto watch = watching();
  for (int i = 0; i < 10; ++i) {
    watch->fail(ErrorKind::kUnreachable);
    wait();
    watch = transport_.watch();
  }
  watch->end(410, kGone);
  executor_.settle();
  EXPECT_EQ(reflector_.state(), State::kListing);
}

TEST_F(ReflectorTest, WaitsAsLongAsTheServerSaysWith429And503) {
  auto watch = watching();
  watch->end(429, "", 7s);
  EXPECT_EQ(wait(), 7s);
  watch = transport_.watch();
  watch->end(503, "", 11s);
  EXPECT_EQ(wait(), 11s);
  reflector_.stop();
  reflector_.start();
  transport_.request()->answer(429, "", 5s);
  EXPECT_EQ(wait(), 5s);
  transport_.request()->answer(503, "", 6s);
  EXPECT_EQ(wait(), 6s);
}

TEST_F(ReflectorTest, WaitsWhenTheServerIsBehindOurVersion) {
  watching()->end(504, R"({"kind":"Status","code":504,"reason":"Timeout",
      "message":"Too large resource version: 10, current: 7",
      "details":{"retryAfterSeconds":1,"causes":[{"reason":"ResourceVersionTooLarge"}]}})");
  EXPECT_EQ(wait(), 1s);
  EXPECT_THAT(transport_.watch()->path(), HasSubstr("resourceVersion=10"));
}

TEST_F(ReflectorTest, AWatchThatEndsAtOnceWithoutAnEventDoesNotSpin) {
  auto watch = watching();
  Duration last{};
  for (int i = 0; i < 20; ++i) {
    watch->end(200);
    last = wait();
    watch = transport_.watch();
  }
  EXPECT_GE(last, 15s);
  EXPECT_LE(last, 30s);
  EXPECT_EQ(transport_.watches_seen(), 21);
}

TEST_F(ReflectorTest, BackoffGrowsWhileTheServerIsUnreachableAndStartsAnewAfterAnEvent) {
  auto watch = watching();
  for (int i = 0; i < 10; ++i) {
    watch->fail(ErrorKind::kUnreachable);
    wait();
    watch = transport_.watch();
  }
  EXPECT_TRUE(reflector_.problem().has_value());
  watch->line(event("BOOKMARK", thing("", 20)));
  executor_.settle();
  EXPECT_FALSE(reflector_.problem().has_value());
  watch->fail(ErrorKind::kBroken);
  watch = resumed_at_once();
  watch->fail(ErrorKind::kUnreachable);
  EXPECT_LE(wait(), 800ms);
}

TEST_F(ReflectorTest, ItsProblemIsOverWhenTheServerAcceptsTheWatchThoughNothingHappens) {
  watching()->fail(ErrorKind::kUnreachable);
  wait();
  ASSERT_TRUE(reflector_.problem().has_value());
  transport_.watch()->accept();
  executor_.settle();
  EXPECT_FALSE(reflector_.problem().has_value());
}

TEST_F(ReflectorTest, ForbiddenIsTriedAgain) {
  reflector_.start();
  transport_.request()->answer(403, R"({"kind":"Status","code":403,"message":"no"})");
  executor_.settle();
  EXPECT_EQ(reflector_.problem()->kind, ErrorKind::kForbidden);
  wait();
  transport_.request()->answer(200, page({}, 10));
  executor_.settle();
  EXPECT_TRUE(reflector_.synced());
}

TEST_F(ReflectorTest, AKindThatIsGoneIsListedAgain) {
  watching()->end(404, R"({"kind":"Status","code":404})");
  wait();
  EXPECT_EQ(reflector_.state(), State::kListing);
}

TEST_F(ReflectorTest, AnUnreadableLineIsPassedByAListIfItComesAgain) {
  auto watch = watching();
  watch->lines({event("ADDED", thing("b", 11)), "{\"type\":"});
  watch = resumed_at_once();
  EXPECT_THAT(watch->path(), HasSubstr("resourceVersion=11"));
  watch->line("{\"type\":");
  wait();
  EXPECT_EQ(reflector_.state(), State::kListing);
}

TEST_F(ReflectorTest, AnObjectThatCannotBeReadIsCountedAndTheRestGoesOn) {
  reflector_.start();
  transport_.request()->answer(200, page({thing("bad", 1), thing("a", 2)}, 10));
  EXPECT_THAT(told(), ElementsAre("begin", "*bad", "*a", "end@10"));
  const auto watch = transport_.watch();
  watch->lines({event("MODIFIED", thing("bad", 11)), event("ADDED", thing("b", 12)),
                event("ADDED", json::object())});
  EXPECT_THAT(told(), ElementsAre("+bad", "+b"));
  EXPECT_EQ(reflector_.counts().unreadable, 3U);
  EXPECT_EQ(reflector_.last_version().str(), "12");
}

TEST_F(ReflectorTest, NothingHappensAfterStop) {
  const auto watch = watching();
  reflector_.stop();
  EXPECT_FALSE(watch->open());
  watch->line(event("ADDED", thing("b", 11)));
  executor_.advance(1h);
  EXPECT_THAT(told(), IsEmpty());
  EXPECT_EQ(reflector_.state(), State::kIdle);
  EXPECT_EQ(executor_.delayed(), 0U);
}

TEST_F(ReflectorTest, AListThatIsAnsweredAfterStopIsThrownAway) {
  reflector_.start();
  const auto list = transport_.request();
  reflector_.stop();
  told();
  list->answer(200, page({thing("a", 1)}, 10));
  EXPECT_THAT(told(), IsEmpty());
  EXPECT_EQ(reflector_.state(), State::kIdle);
}

TEST_F(ReflectorTest, AnAnswerThatComesAfterStopAndStartIsNotMistakenForANewOne) {
  reflector_.start();
  const auto old = transport_.request();
  reflector_.stop();
  reflector_.start();
  told();
  old->answer(200, page({thing("old", 1)}, 5));
  EXPECT_THAT(told(), IsEmpty());
  EXPECT_FALSE(reflector_.synced());
}

TEST_F(ReflectorTest, NothingHappensAfterItsEnd) {
  std::optional<Reflector> reflector;
  reflector.emplace(client_, executor_, clock_, random_,
                    ReflectorOptions{.resource = kThings, .mask = kube::Projection::everything()},
                    sink());
  reflector->start();
  const auto list = transport_.request();
  told();
  reflector.reset();
  list->answer(200, page({thing("a", 1)}, 10));
  EXPECT_THAT(told(), IsEmpty());
  EXPECT_EQ(transport_.watches_seen(), 0);
}

}  // namespace
}  // namespace processhub::watch
