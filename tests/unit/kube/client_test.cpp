#include "kube/client.h"

#include <gmock/gmock.h>

#include "support/fake_executor.h"
#include "support/scripted_transport.h"

#include "kube/decode.h"

namespace processhub::kube {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;

constexpr const char* kPod = R"({"kind":"Pod","metadata":{"namespace":"shop","name":"p",
    "uid":"u-1","resourceVersion":"5"},"spec":{"containers":[]}})";

const json kSomePod = {{"metadata", {{"namespace", "shop"}, {"name", "p"}}}};

// What a callback was given.
template <typename T>
struct Kept {
  std::vector<Result<T>> results;
  std::function<void(Result<T>)> callback() {
    return [this](Result<T> result) { results.push_back(std::move(result)); };
  }
  [[nodiscard]] const Result<T>& only() const {
    EXPECT_EQ(results.size(), 1U);
    static const Result<T> none = fail(ErrorKind::kCancelled, "no result");
    return results.empty() ? none : results.front();
  }
};

class ClientTest : public ::testing::Test {
 protected:
  Client& client(const ClientOptions& options = {}) {
    if (client_ == nullptr) {
      client_ = std::make_unique<Client>(transport, executor, [this] { return left; }, options);
    }
    return *client_;
  }

  testing::FakeClock clock;
  testing::FakeExecutor executor{clock};
  testing::ScriptedTransport transport{executor};
  std::optional<milliseconds> left = seconds(100);  // of the lease
  std::unique_ptr<Client> client_;
  Kept<ObjectMeta> written;
  const ObjectRef pod{kPods, "shop", "p"};
};

TEST_F(ClientTest, CreatePostsTheObjectUnderItsNamespace) {
  client().create(kPods, kSomePod, {}, written.callback());
  const auto exchange = transport.request();
  EXPECT_EQ(exchange->request().method, Method::kPost);
  EXPECT_EQ(exchange->path(),
            "/api/v1/namespaces/shop/pods?fieldManager=processhub-operator&fieldValidation=Ignore"
            "&timeout=30000ms");
  EXPECT_THAT(exchange->request().accept, HasSubstr("as=PartialObjectMetadata"));
  EXPECT_EQ(exchange->request().content_type, "application/json");
  EXPECT_EQ(json::parse(exchange->request().body), kSomePod);
  exchange->answer(201, kPod);
  executor.settle();
  ASSERT_TRUE(written.only()) << written.only().error().message;
  EXPECT_EQ(written.only()->uid.str(), "u-1");
  EXPECT_EQ(written.only()->version.str(), "5");
}

TEST_F(ClientTest, DryRunCreatesNothing) {
  client().create(kPods, kSomePod, {.dry_run = true}, written.callback());
  EXPECT_THAT(transport.request()->path(),
              HasSubstr("dryRun=All&fieldManager=processhub-operator&fieldValidation=Strict"));
}

TEST_F(ClientTest, MergePatchSaysThatItIsOne) {
  const json patch = {{"metadata", {{"uid", "u-1"}, {"resourceVersion", "5"}}}};
  client().merge_patch(pod, patch, written.callback());
  const auto exchange = transport.request();
  EXPECT_EQ(exchange->request().method, Method::kPatch);
  EXPECT_EQ(exchange->request().content_type, "application/merge-patch+json");
  EXPECT_THAT(exchange->path(), HasSubstr("/api/v1/namespaces/shop/pods/p?"));
}

TEST_F(ClientTest, PatchWhoseVersionTheServerWouldTakeForNoneIsNeverSent) {
  for (const json& version : {json(""), json("0"), json(nullptr), json(5)}) {
    const json patch = {{"metadata", {{"resourceVersion", version}}}};
    Kept<ObjectMeta> merged;
    client().merge_patch(pod, patch, merged.callback());
    EXPECT_TRUE(merged.results.empty());  // never from within the call
    executor.settle();
    ASSERT_FALSE(merged.only());
    EXPECT_EQ(merged.only().error().kind, ErrorKind::kInvalid);
    EXPECT_THAT(merged.only().error().message, HasSubstr("pods shop/p"));
  }
  EXPECT_EQ(transport.requests_seen(), 0);
}

TEST_F(ClientTest, PutNeedsARealVersion) {
  json object = kSomePod;
  client().update(kPods, object, written.callback());
  executor.settle();
  EXPECT_EQ(written.only().error().kind, ErrorKind::kInvalid);
  object["metadata"]["resourceVersion"] = "0";
  client().update_status(kPods, object, written.callback());
  EXPECT_EQ(transport.requests_seen(), 0);
  object["metadata"]["resourceVersion"] = "5";
  client().update(kPods, object, written.callback());
  EXPECT_THAT(transport.request()->path(), HasSubstr("/pods/p?"));
  client().update_status(kPods, object, written.callback());
  const auto exchange = transport.request();
  EXPECT_EQ(exchange->request().method, Method::kPut);
  EXPECT_THAT(exchange->path(), HasSubstr("/pods/p/status?"));
}

TEST_F(ClientTest, BindingNamesThePodsUidAndItsNode) {
  client().bind(pod, Uid("u-1"), NodeName("node-a"), written.callback());
  const auto exchange = transport.request();
  EXPECT_EQ(exchange->request().method, Method::kPost);
  EXPECT_THAT(exchange->path(), HasSubstr("/api/v1/namespaces/shop/pods/p/binding?"));
  EXPECT_EQ(json::parse(exchange->request().body),
            json::parse(R"({"apiVersion":"v1","kind":"Binding",
                "metadata":{"name":"p","namespace":"shop","uid":"u-1"},
                "target":{"apiVersion":"v1","kind":"Node","name":"node-a"}})"));
  exchange->answer(201, R"({"kind":"Status","status":"Success","code":201})");
  executor.settle();
  EXPECT_TRUE(written.only());
}

TEST_F(ClientTest, DeleteCarriesTheUid) {
  client().remove(pod, {.uid = Uid("u-1")}, written.callback());
  const auto exchange = transport.request();
  EXPECT_EQ(exchange->request().method, Method::kDelete);
  EXPECT_EQ(json::parse(exchange->request().body),
            json::parse(R"({"apiVersion":"v1","kind":"DeleteOptions",
                "propagationPolicy":"Background","preconditions":{"uid":"u-1"}})"));
  exchange->answer(200, R"({"kind":"Status","status":"Success"})");
  executor.settle();
  EXPECT_TRUE(written.only());
}

TEST_F(ClientTest, DeleteWithoutUidOrWithoutNameIsNeverSent) {
  client().remove(pod, {.uid = Uid()}, written.callback());
  client().remove({kPods, "shop", ""}, {.uid = Uid("u")}, written.callback());
  client().remove({kPods, "shop", ".."}, {.uid = Uid("u")}, written.callback());
  client().remove({kPods, "", "p"}, {.uid = Uid("u")}, written.callback());
  executor.settle();
  ASSERT_EQ(written.results.size(), 4U);
  for (const auto& result : written.results) EXPECT_EQ(result.error().kind, ErrorKind::kInvalid);
  EXPECT_EQ(transport.requests_seen(), 0);
}

TEST_F(ClientTest, RefusalIsTheServersErrorWithItsWait) {
  client().create(kPods, kSomePod, {}, written.callback());
  transport.request()->answer(
      409, R"({"kind":"Status","reason":"AlreadyExists","message":"pods \"p\" already exists"})");
  executor.settle();
  ASSERT_FALSE(written.only());
  EXPECT_EQ(written.only().error().kind, ErrorKind::kAlreadyExists);
  EXPECT_EQ(written.only().error().message, "pods \"p\" already exists");
  Kept<ObjectMeta> throttled;
  client().create(kPods, kSomePod, {}, throttled.callback());
  transport.request()->answer(429, "", seconds(4));
  executor.settle();
  EXPECT_EQ(throttled.only().error().kind, ErrorKind::kTooManyRequests);
  EXPECT_EQ(throttled.only().error().retry_after, seconds(4));
}

TEST_F(ClientTest, UnreadableAnswerToAWriteThatSucceededIsCommitted) {
  client().create(kPods, kSomePod, {}, written.callback());
  transport.request()->answer(201, "{\"cut");
  executor.settle();
  ASSERT_FALSE(written.only());
  EXPECT_EQ(written.only().error().committed, Committed::kYes);
}

TEST_F(ClientTest, WriteEndsWithTheLeaseOnBothSides) {
  left = milliseconds(2500);
  client().create(kPods, kSomePod, {}, written.callback());
  const auto exchange = transport.request();
  EXPECT_THAT(exchange->path(), HasSubstr("timeout=2500ms"));
  EXPECT_EQ(exchange->request().deadline, milliseconds(2500));
}

TEST_F(ClientTest, WriteWithoutLeadershipIsRefusedAndNotSent) {
  for (const auto& time : {std::optional<milliseconds>(), std::optional(milliseconds(99)),
                           std::optional(milliseconds(-5))}) {
    left = time;
    Kept<ObjectMeta> kept;
    client().create(kPods, kSomePod, {}, kept.callback());
    executor.settle();
    ASSERT_FALSE(kept.only());
    EXPECT_EQ(kept.only().error().kind, ErrorKind::kNotLeader);
  }
  EXPECT_EQ(transport.requests_seen(), 0);
}

TEST_F(ClientTest, WriteThatWaitedForItsTurnLooksAtTheLeaseThen) {
  Kept<json> read;
  client({.max_in_flight = 1}).get(pod, meta_mask(), read.callback());
  client().create(kPods, kSomePod, {}, written.callback());
  EXPECT_EQ(client().limiter().waiting(), 1U);
  left = std::nullopt;
  transport.request()->answer(200, kPod);
  executor.settle();
  EXPECT_TRUE(read.only());
  EXPECT_EQ(written.only().error().kind, ErrorKind::kNotLeader);
  EXPECT_EQ(transport.requests_seen(), 1);
}

TEST_F(ClientTest, ReadsNeedNoLeadership) {
  left = std::nullopt;
  Kept<json> read;
  client().get(pod, Projection{"metadata.uid"}, read.callback());
  const auto exchange = transport.request();
  EXPECT_EQ(exchange->path(), "/api/v1/namespaces/shop/pods/p");
  exchange->answer(200, kPod);
  executor.settle();
  ASSERT_TRUE(read.only());
  EXPECT_EQ(*read.only(), json::parse(R"({"metadata":{"uid":"u-1"}})"));
}

TEST_F(ClientTest, NoMoreRequestsInFlightThanAllowedAndTheOthersInOrder) {
  client({.max_in_flight = 2});
  for (int i = 0; i < 5; ++i) {
    client().get({kNodes, "", "n" + std::to_string(i)}, meta_mask(), [](const Result<json>&) {});
  }
  EXPECT_EQ(transport.requests_seen(), 2);
  const auto first = transport.request();
  const auto second = transport.request();
  second->answer(404, "");
  executor.settle();
  const auto third = transport.request();
  EXPECT_EQ(third->path(), "/api/v1/nodes/n2");
  first->fail(ErrorKind::kBroken);
  executor.settle();
  const auto fourth = transport.request();
  EXPECT_EQ(fourth->path(), "/api/v1/nodes/n3");
  EXPECT_EQ(client().limiter().in_flight(), 2U);
}

TEST_F(ClientTest, ListIsOnePageAskedForAsWanted) {
  std::vector<json> items;
  Kept<ListMeta> page;
  client().list(
      kPods, {.label_selector = "processhub.io/hub=h", .limit = 2, .continue_token = "a/b"},
      Projection{"metadata.name"}, [&](json&& item) { items.push_back(std::move(item)); },
      page.callback());
  const auto exchange = transport.request();
  EXPECT_EQ(exchange->path(),
            "/api/v1/pods?labelSelector=processhub.io%2Fhub%3Dh&limit=2"
            "&continue=a%2Fb");
  exchange->answer(200, R"({"metadata":{"resourceVersion":"9","continue":"c"},
      "items":[{"metadata":{"name":"p","uid":"u"}}]})");
  executor.settle();
  ASSERT_TRUE(page.only());
  EXPECT_EQ(page.only()->version.str(), "9");
  EXPECT_EQ(page.only()->continue_token, "c");
  EXPECT_EQ(items, (std::vector<json>{json::parse(R"({"metadata":{"name":"p"}})")}));
}

struct Watched {
  std::vector<WatchEvent> events;
  std::optional<Result<void>> end;
  WatchCallbacks callbacks() {
    return {.events =
                [this](std::vector<WatchEvent> more) {
                  for (WatchEvent& event : more) events.push_back(std::move(event));
                },
            .end = [this](Result<void> result) { end = std::move(result); }};
  }
};

TEST_F(ClientTest, WatchAsksForBookmarksAndEndsInOrder) {
  Watched watched;
  const auto stream =
      client().watch(kPods, {.version = ResourceVersion("9")}, meta_mask(), watched.callbacks());
  const auto watch = transport.watch();
  EXPECT_EQ(watch->path(),
            "/api/v1/pods?watch=true&allowWatchBookmarks=true&timeoutSeconds=300"
            "&resourceVersion=9");
  EXPECT_EQ(watch->idle_limit(), seconds(330));
  watch->lines({R"({"type":"ADDED","object":{"metadata":{"name":"p"}}})",
                R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"12"}}})"});
  watch->end(200);
  executor.settle();
  ASSERT_EQ(watched.events.size(), 2U);
  EXPECT_EQ(watched.events[0].type, WatchType::kAdded);
  EXPECT_EQ(watched.events[1].type, WatchType::kBookmark);
  ASSERT_TRUE(watched.end);
  EXPECT_TRUE(*watched.end);
}

TEST_F(ClientTest, WatchSaysOnceThatTheServerHasAcceptedIt) {
  std::vector<std::string> said;
  const WatchCallbacks callbacks{
      .events = [&](const std::vector<WatchEvent>&) { said.emplace_back("events"); },
      .end = [&](const Result<void>&) { said.emplace_back("end"); },
      .opened = [&] { said.emplace_back("opened"); }};
  const auto accepted = client().watch(kPods, {}, meta_mask(), callbacks);
  const auto watch = transport.watch();
  executor.settle();
  EXPECT_TRUE(said.empty());
  watch->accept();
  watch->line(R"({"type":"ADDED","object":{"metadata":{"name":"p"}}})");
  watch->end(200);
  executor.settle();
  EXPECT_EQ(std::exchange(said, {}), (std::vector<std::string>{"opened", "events", "end"}));

  const auto refused = client().watch(kPods, {}, meta_mask(), callbacks);
  transport.watch()->end(403);
  executor.settle();
  EXPECT_EQ(said, std::vector<std::string>{"end"});
}

TEST_F(ClientTest, WatchThatIsTooOldIsGoneEitherWay) {
  Watched refused;
  const auto first = client().watch(kPods, {}, meta_mask(), refused.callbacks());
  transport.watch()->end(410, R"({"kind":"Status","reason":"Expired","message":"too old"})");
  Watched told;
  const auto second = client().watch(kPods, {}, meta_mask(), told.callbacks());
  const auto watch = transport.watch();
  watch->lines({R"({"type":"ADDED","object":{"metadata":{"name":"p"}}})",
                R"({"type":"ERROR","object":{"kind":"Status","code":410,"message":"too old"}})",
                R"({"type":"ADDED","object":{"metadata":{"name":"q"}}})"});
  executor.settle();
  for (const Watched* watched : {&refused, &told}) {
    ASSERT_TRUE(watched->end && !*watched->end);
    EXPECT_EQ(watched->end->error().kind, ErrorKind::kGone);
    EXPECT_EQ(watched->end->error().message, "too old");
  }
  EXPECT_EQ(told.events.size(), 1U);
  EXPECT_FALSE(watch->open());
}

TEST_F(ClientTest, UnreadableWatchLineEndsTheWatchAfterWhatCameBefore) {
  Watched watched;
  const auto stream = client().watch(kPods, {}, meta_mask(), watched.callbacks());
  transport.watch()->lines({R"({"type":"ADDED","object":{"metadata":{"name":"p"}}})", "garbage"});
  executor.settle();
  EXPECT_EQ(watched.events.size(), 1U);
  ASSERT_TRUE(watched.end && !*watched.end);
  EXPECT_EQ(watched.end->error().kind, ErrorKind::kInvalid);
}

TEST_F(ClientTest, WatchDroppedFromItsOwnCallbackSaysNothingMore) {
  std::unique_ptr<Stream> stream;
  int calls = 0;
  stream = client().watch(kPods, {}, meta_mask(),
                          {.events =
                               [&](const std::vector<WatchEvent>&) {
                                 ++calls;
                                 stream.reset();
                               },
                           .end = [&](const Result<void>&) { ++calls; }});
  const auto watch = transport.watch();
  watch->lines({R"({"type":"ADDED","object":{}})", "garbage"});
  watch->line(R"({"type":"ADDED","object":{}})");
  watch->end(200);
  executor.settle();
  EXPECT_EQ(calls, 1);
  EXPECT_FALSE(watch->open());
}

TEST_F(ClientTest, WatchDoesNotTakeARequestsPlace) {
  client({.max_in_flight = 1});
  Watched watched;
  const auto stream = client().watch(kPods, {}, meta_mask(), watched.callbacks());
  client().get(pod, meta_mask(), [](const Result<json>&) {});
  EXPECT_EQ(transport.requests_seen(), 1);
}

TEST_F(ClientTest, NoCallbackRunsOnceTheClientIsGone) {
  Kept<json> read;
  client({.max_in_flight = 1}).get(pod, meta_mask(), read.callback());
  client().create(kPods, kSomePod, {}, written.callback());
  client().update(kPods, kSomePod, written.callback());  // refused, but not told yet
  const auto exchange = transport.request();
  client_.reset();
  exchange->answer(200, kPod);
  executor.settle();
  EXPECT_TRUE(read.results.empty());
  EXPECT_TRUE(written.results.empty());
}

TEST_F(ClientTest, ClientMayBeDestroyedByACallback) {
  client({.max_in_flight = 1}).get(pod, meta_mask(), [&](const Result<json>&) { client_.reset(); });
  client().get(pod, meta_mask(), [](const Result<json>&) { FAIL(); });
  transport.request()->answer(200, kPod);
  executor.settle();
  EXPECT_EQ(client_, nullptr);
}

TEST_F(ClientTest, EveryRequestIsReportedForTheMetrics) {
  std::vector<std::string> reports;
  client({.observer = [&](const RequestReport& report) {
    reports.push_back(std::to_string(static_cast<int>(report.method)) +
                      (report.watch ? " watch " : " ") + std::to_string(report.code));
  }});
  client().get(pod, meta_mask(), [](const Result<json>&) {});
  transport.request()->answer(404, "");
  client().create(kPods, kSomePod, {}, written.callback());
  transport.request()->fail(ErrorKind::kBroken);
  Watched watched;
  const auto stream = client().watch(kPods, {}, meta_mask(), watched.callbacks());
  transport.watch()->end(410);
  executor.settle();
  EXPECT_EQ(reports, (std::vector<std::string>{"0 404", "1 0", "0 watch 410"}));
}

TEST_F(ClientTest, ElectionWritesWithoutALease) {
  Client elector(transport, executor, unguarded(), {.deadline = seconds(5)});
  elector.create(kLeases, kSomePod, {}, written.callback());
  EXPECT_THAT(transport.request()->path(), HasSubstr("timeout=5000ms"));
}

}  // namespace
}  // namespace processhub::kube
