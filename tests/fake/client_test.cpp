// The operator's own client over the in-memory API server, and what a test can do to the
// way between both.
#include "kube/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <optional>

#include "support/fake_executor.h"

#include "fake/admin.h"
#include "fake/fake_transport.h"
#include "kube/decode.h"

namespace processhub::testing {
namespace {

using namespace std::chrono_literals;
using kube::ObjectMeta;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class OverTheFake : public ::testing::Test {
 protected:
  Result<ObjectMeta> create(const kube::Resource& resource, const nlohmann::json& object) {
    std::optional<Result<ObjectMeta>> got;
    client.create(resource, object, {}, [&](Result<ObjectMeta> made) { got = std::move(made); });
    executor.settle();
    return got.value_or(fail(ErrorKind::kCancelled, "no answer"));
  }
  Result<ObjectMeta> merge(const std::string& name, const nlohmann::json& patch) {
    std::optional<Result<ObjectMeta>> got;
    client.merge_patch({kube::kPods, "shop", name}, patch,
                       [&](Result<ObjectMeta> made) { got = std::move(made); });
    executor.settle();
    return got.value_or(fail(ErrorKind::kCancelled, "no answer"));
  }

  std::unique_ptr<kube::Stream> watch(const kube::Resource& resource, std::string version = {}) {
    return client.watch(resource, {.version = ResourceVersion(std::move(version))},
                        kube::meta_mask(),
                        {.events =
                             [this](const std::vector<kube::WatchEvent>& events) {
                               for (const kube::WatchEvent& event : events) {
                                 static constexpr const char* kTypes[] = {
                                     "ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"};
                                 const auto meta = kube::decode_meta(event.object);
                                 seen.push_back(kTypes[static_cast<int>(event.type)] +
                                                (meta ? " " + meta->name : std::string()));
                               }
                             },
                         .end = [this](Result<void> result) { ended = std::move(result); }});
  }

  FakeClock clock;
  FakeExecutor executor{clock};
  ApiServer server{clock};
  Admin admin{server};
  FakeTransport transport{server, executor};
  kube::Client client{transport, executor, kube::unguarded()};
  std::vector<std::string> seen;
  std::optional<Result<void>> ended;
};

TEST_F(OverTheFake, CreatesAndTellsTheMetadata) {
  const auto made = create(kube::kPods, sample_pod("shop", "a"));
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->name, "a");
  EXPECT_EQ(made->generation, 1);
  EXPECT_EQ(made->created, std::chrono::floor<std::chrono::seconds>(clock.wall_now()));
  EXPECT_FALSE(made->uid.empty());
  EXPECT_EQ(create(kube::kPods, sample_pod("shop", "a")).error().kind, ErrorKind::kAlreadyExists);
}

TEST_F(OverTheFake, AStaleOrForeignPatchIsAConflict) {
  const auto made = create(kube::kPods, sample_pod("shop", "a"));
  const auto patch = [](const std::string& uid, const std::string& version) {
    return nlohmann::json{
        {"metadata", {{"uid", uid}, {"resourceVersion", version}, {"labels", {{"x", "1"}}}}}};
  };
  ASSERT_TRUE(merge("a", patch(made->uid.str(), made->version.str())));
  EXPECT_EQ(merge("a", patch(made->uid.str(), made->version.str())).error().kind,
            ErrorKind::kConflict);
  const auto foreign = merge("a", {{"metadata", {{"uid", "other"}}}});
  EXPECT_EQ(foreign.error().http_status, 422);
  EXPECT_EQ(foreign.error().kind, ErrorKind::kConflict);
  EXPECT_EQ(merge("b", patch(made->uid.str(), "5")).error().kind, ErrorKind::kNotFound);
}

TEST_F(OverTheFake, APodIsBoundOnceAndByItsUid) {
  const auto made = create(kube::kPods, sample_pod("shop", "a"));
  const kube::ObjectRef pod{.resource = kube::kPods, .ns = "shop", .name = "a"};
  const auto bind = [&](const Uid& uid, const char* node) {
    std::optional<Result<ObjectMeta>> got;
    client.bind(pod, uid, NodeName(node),
                [&](Result<ObjectMeta> bound) { got = std::move(bound); });
    executor.settle();
    return *got;
  };
  EXPECT_EQ(bind(Uid("other"), "n1").error().kind, ErrorKind::kConflict);
  EXPECT_TRUE(bind(made->uid, "n1"));
  EXPECT_EQ(bind(made->uid, "n2").error().kind, ErrorKind::kConflict);
  EXPECT_EQ(admin.get(kube::kPods, "shop", "a")->at("/spec/nodeName"_json_pointer), "n1");
}

TEST_F(OverTheFake, AWriteThatIsLostAfterTheCommitHasHappened) {
  transport.decide([](const kube::Request&) { return Fate::lost_after(); });
  const auto made = create(kube::kPods, sample_pod("shop", "a"));
  EXPECT_EQ(made.error().kind, ErrorKind::kBroken);
  EXPECT_EQ(made.error().committed, Committed::kUnknown);
  EXPECT_TRUE(admin.get(kube::kPods, "shop", "a"));
}

TEST_F(OverTheFake, AWriteThatIsLostBeforeHasNot) {
  transport.decide([](const kube::Request&) { return Fate::lost_before(); });
  EXPECT_EQ(create(kube::kPods, sample_pod("shop", "a")).error().committed, Committed::kUnknown);
  transport.decide([](const kube::Request&) { return Fate::unreachable(); });
  EXPECT_EQ(create(kube::kPods, sample_pod("shop", "a")).error().committed, Committed::kNo);
  EXPECT_FALSE(admin.get(kube::kPods, "shop", "a"));
}

TEST_F(OverTheFake, AHeldWriteTimesOutAndMayLandLater) {
  transport.decide([](const kube::Request&) { return Fate::held(); });
  std::optional<Result<ObjectMeta>> got;
  client.create(kube::kPods, sample_pod("shop", "a"), {},
                [&](Result<ObjectMeta> made) { got = std::move(made); });
  executor.advance(40s);
  ASSERT_TRUE(got);
  EXPECT_EQ(got->error().kind, ErrorKind::kTimeout);
  EXPECT_EQ(got->error().committed, Committed::kUnknown);
  ASSERT_EQ(transport.held().size(), 1);
  EXPECT_FALSE(admin.get(kube::kPods, "shop", "a"));
  transport.held().front()->deliver();
  EXPECT_TRUE(admin.get(kube::kPods, "shop", "a"));
  EXPECT_THAT(transport.calls(), IsEmpty());
}

TEST_F(OverTheFake, WhatIsOnItsWayLandsAfterTheProcessHasDied) {
  transport.decide([](const kube::Request&) { return Fate::late(5s); });
  bool answered = false;
  client.create(kube::kPods, sample_pod("shop", "a"), {}, [&](const auto&) { answered = true; });
  transport.die();
  executor.advance(6s);
  EXPECT_FALSE(answered);
  EXPECT_TRUE(admin.get(kube::kPods, "shop", "a"));
}

TEST_F(OverTheFake, WatchesFlowUntilTheyAreHeld) {
  const auto stream = watch(kube::kPods);
  executor.settle();
  admin.create(kube::kPods, sample_pod("shop", "a"));
  executor.settle();
  EXPECT_THAT(seen, ElementsAre("ADDED a"));
  const auto held = transport.stream_of(kube::kPods);
  held->hold();
  admin.merge(kube::kPods, "shop", "a", {{"metadata", {{"labels", {{"x", "1"}}}}}});
  admin.create(kube::kPods, sample_pod("shop", "b"));
  admin.remove(kube::kPods, "shop", "b");
  executor.settle();
  EXPECT_THAT(seen, ElementsAre("ADDED a"));
  EXPECT_EQ(held->release(1), 1);
  executor.settle();
  EXPECT_THAT(seen, ElementsAre("ADDED a", "MODIFIED a"));
  held->flow();
  executor.settle();
  // A pod that goes at once is marked before.
  EXPECT_THAT(seen, ElementsAre("ADDED a", "MODIFIED a", "ADDED b", "MODIFIED b", "DELETED b"));
}

TEST_F(OverTheFake, AWatchEndsAfterItsTimeWithABookmark) {
  const auto stream = watch(kube::kPods);
  executor.advance(299s);
  EXPECT_FALSE(ended);
  executor.advance(2s);
  ASSERT_TRUE(ended);
  EXPECT_TRUE(*ended);
  EXPECT_EQ(seen.size(), 1);
}

TEST_F(OverTheFake, APartitionIsSilence) {
  const auto stream = watch(kube::kPods);
  executor.settle();
  transport.partition(true);
  admin.create(kube::kPods, sample_pod("shop", "a"));
  std::optional<Result<ObjectMeta>> got;
  client.create(kube::kPods, sample_pod("shop", "b"), {},
                [&](Result<ObjectMeta> made) { got = std::move(made); });
  executor.advance(60s);
  EXPECT_THAT(seen, IsEmpty());
  ASSERT_TRUE(got);
  EXPECT_EQ(got->error().kind, ErrorKind::kTimeout);
  transport.partition(false);
  executor.settle();
  EXPECT_THAT(seen, ElementsAre("ADDED a"));
  EXPECT_FALSE(admin.get(kube::kPods, "shop", "b"));
}

TEST_F(OverTheFake, AnExpiredVersionEndsAWatch) {
  admin.create(kube::kPods, sample_pod("shop", "a"));
  admin.create(kube::kPods, sample_pod("shop", "b"));
  server.compact();
  const auto stream = watch(kube::kPods, "1001");
  executor.settle();
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->error().kind, ErrorKind::kGone);
}

TEST_F(OverTheFake, PodsAndConnectionsAreTheTests) {
  transport.serve_pods([](const kube::Request& request) -> Result<kube::Response> {
    return kube::Response{.status = 200, .body = request.server};
  });
  std::string body;
  transport.send({.server = "http://10.0.0.1:8080", .path = "/"},
                 [&](Result<kube::Response> got) { body = got->body; });
  transport.reach([](const std::string& address, int) {
    return address == "10.0.0.1"   ? FakeTransport::Reach::kReached
           : address == "10.0.0.2" ? FakeTransport::Reach::kRefused
                                   : FakeTransport::Reach::kSilent;
  });
  std::vector<std::string> results;
  for (const char* address : {"10.0.0.1", "10.0.0.2", "10.0.0.3"}) {
    transport.connect(address, 10250, 1s, [&](Result<void> result) {
      results.emplace_back(result ? "reached" : to_string(result.error().kind));
    });
  }
  EXPECT_THAT(results, IsEmpty());
  executor.settle();
  EXPECT_EQ(body, "http://10.0.0.1:8080");
  executor.advance(2s);
  EXPECT_THAT(results, ElementsAre("reached", "Unreachable", "Timeout"));
}

}  // namespace
}  // namespace processhub::testing
