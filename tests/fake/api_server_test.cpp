// What the conversation with a real server (conformance.h) cannot force or does not see:
// compaction, pages of a past version, hooks, slow watches.
#include "fake/api_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/fake_clock.h"

#include "fake/admin.h"
#include "fake/status.h"
#include "kube/json_text.h"

namespace processhub::testing {
namespace {

using kube::kPods;
using ::testing::ElementsAre;

class InMemory : public ::testing::Test {
 protected:
  json get(const std::string& path) {
    const kube::Response response = server.handle({.path = path});
    code = response.status;
    return json::parse(response.body);
  }
  static std::vector<std::string> names(const json& list) {
    std::vector<std::string> all;
    for (const json& item : list.at("items")) all.push_back(kube::meta_text(item, "name"));
    return all;
  }
  std::shared_ptr<ServerWatch> watch(const std::string& query) {
    kube::Response refusal;
    return server.watch({.path = "/api/v1/pods?watch=true" + query}, refusal);
  }
  static std::vector<std::string> events(ServerWatch& watch) {
    std::vector<std::string> all;
    while (const auto line = watch.next()) {
      const json event = json::parse(*line);
      all.push_back(event.at("type").get<std::string>() + " " +
                    kube::meta_text(event.at("object"), "name"));
    }
    return all;
  }
  void label(const std::string& name, const json& value) {
    admin.merge(kPods, "shop", name, {{"metadata", {{"labels", {{"x", value}}}}}});
  }

  FakeClock clock;
  ApiServer server{clock};
  Admin admin{server};
  int code = 0;
};

TEST_F(InMemory, PagesShowTheVersionOfTheFirst) {
  for (const char* name : {"a", "b", "c", "d"}) admin.create(kPods, sample_pod("shop", name));
  const json first = get("/api/v1/pods?limit=2");
  EXPECT_THAT(names(first), ElementsAre("a", "b"));
  admin.remove(kPods, "shop", "c");
  admin.create(kPods, sample_pod("shop", "e"));
  label("d", "new");
  const std::string token = kube::meta_text(first, "continue");
  const json second = get("/api/v1/pods?limit=5&continue=" + token);
  EXPECT_THAT(names(second), ElementsAre("c", "d"));
  EXPECT_EQ(kube::meta_text(second, "resourceVersion"), kube::meta_text(first, "resourceVersion"));
  EXPECT_FALSE(second.at("items")[1].at("metadata").contains("labels"));
  server.compact();
  EXPECT_EQ(get("/api/v1/pods?limit=5&continue=" + token).at("reason"), "Expired");
  EXPECT_EQ(code, 410);
}

TEST_F(InMemory, AnOpenWatchOutlivesACompaction) {
  const auto slow = watch("&resourceVersion=1000");
  admin.create(kPods, sample_pod("shop", "a"));
  label("a", "1");
  server.compact();
  label("a", "2");
  EXPECT_THAT(events(*slow), ElementsAre("ADDED a", "MODIFIED a", "MODIFIED a"));
  EXPECT_THAT(events(*watch("&resourceVersion=1000")), ElementsAre("ERROR "));
}

TEST_F(InMemory, ABookmarkIsNeverAheadOfWhatWasSaid) {
  const auto pods = watch("&resourceVersion=1000&allowWatchBookmarks=true");
  admin.create(kPods, sample_pod("shop", "a"));
  EXPECT_FALSE(pods->bookmark());
  static_cast<void>(events(*pods));
  admin.create(kube::kNodes, sample_node("n"));
  const auto line = pods->bookmark();
  ASSERT_TRUE(line);
  EXPECT_EQ(kube::meta_text(json::parse(*line).at("object"), "resourceVersion"),
            std::to_string(server.store().version()));
}

TEST_F(InMemory, ADeletedEventHasAVersionOfItsOwn) {
  admin.create(kPods, sample_pod("shop", "a"));
  label("a", "1");
  const auto selected =
      watch("&labelSelector=x%3D1&resourceVersion=" + std::to_string(server.store().version()));
  label("a", "2");
  const json event = json::parse(*selected->next());
  EXPECT_EQ(event.at("type"), "DELETED");
  EXPECT_EQ(event.at("object").at("metadata").at("labels").at("x"), "1");
  EXPECT_EQ(kube::meta_text(event.at("object"), "resourceVersion"),
            std::to_string(server.store().version()));
}

TEST_F(InMemory, ObserversSeeEveryVersion) {
  std::vector<std::string> seen;
  int64_t last = server.store().version();
  server.observe([&](const Change& change) {
    EXPECT_EQ(change.version, ++last);
    seen.push_back(change.key + (!change.before ? " added" : !change.after ? " gone" : " changed"));
  });
  admin.create(kPods, sample_pod("shop", "a"));
  label("a", "1");
  label("a", "1");  // changes nothing
  admin.remove(kPods, "shop", "a");
  EXPECT_THAT(seen, ElementsAre("shop/a added", "shop/a changed", "shop/a changed", "shop/a gone"));
}

TEST_F(InMemory, AdmissionMayRefuse) {
  server.admit([](const Admission& write) -> std::optional<kube::Response> {
    if (write.method != kube::Method::kPost) return std::nullopt;
    return answer_of(failure(403, "Forbidden", "exceeded quota"));
  });
  EXPECT_EQ(admin.create(kPods, sample_pod("shop", "a")).code, 403);
  EXPECT_FALSE(admin.get(kPods, "shop", "a"));
}

TEST_F(InMemory, AClosedNamespaceTakesNothingNew) {
  server.close_namespace("shop");
  EXPECT_EQ(admin.create(kPods, sample_pod("shop", "a")).code, 403);
  EXPECT_EQ(admin.create(kPods, sample_pod("other", "a")).code, 201);
}

TEST_F(InMemory, VersionsCountEverything) {
  const auto pod = admin.create(kPods, sample_pod("shop", "a"));
  const auto node = admin.create(kube::kNodes, sample_node("n"));
  EXPECT_EQ(std::stol(version_of(node.body)), std::stol(version_of(pod.body)) + 1);
  EXPECT_NE(kube::meta_text(pod.body, "uid"), kube::meta_text(node.body, "uid"));
}

}  // namespace
}  // namespace processhub::testing
