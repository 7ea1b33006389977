// A server that does everything wrong that it may, by a seed; once it behaves, the store
// holds exactly what the server lists.
#include <gtest/gtest.h>

#include "support/fake_executor.h"
#include "support/fake_random.h"
#include "support/scripted_transport.h"

#include "cache/own_writes.h"
#include "cache/store.h"
#include "cache/store_sink.h"
#include "kube/decode.h"
#include "watch/reflector.h"

namespace processhub::watch {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::Exchange;
using testing::ScriptedStream;

// The pods of one cluster, with a history that is compacted now and then.
class FaultyServer {
 public:
  FaultyServer(Executor& executor, testing::FakeRandom& random)
      : executor_(executor), random_(random) {}

  bool faulty = true;

  [[nodiscard]] const std::map<std::string, json>& pods() const { return pods_; }

  void change() {
    const std::string name(1, static_cast<char>('a' + random_.below(8)));
    const auto found = pods_.find(name);
    ++version_;
    if (found != pods_.end() && random_.below(3) == 0) {
      json gone = found->second;
      gone["metadata"]["resourceVersion"] = std::to_string(version_);
      pods_.erase(found);
      note("DELETED", gone);
      return;
    }
    const bool added = found == pods_.end();
    json& pod = pods_[name];
    if (added) pod["metadata"]["uid"] = "uid-" + std::to_string(version_);
    pod["metadata"]["namespace"] = "ns";
    pod["metadata"]["name"] = name;
    pod["metadata"]["resourceVersion"] = std::to_string(version_);
    pod["metadata"]["labels"] = {{"n", std::to_string(random_.below(3))}};
    note(added ? "ADDED" : "MODIFIED", pod);
  }

  void compact() { history_.erase(history_.begin(), history_.upper_bound(version_ - 1)); }

  // One misbehaviour towards an open watch.
  void disturb() {
    if (watch_ == nullptr) return;
    switch (random_.below(6)) {
      case 0:
        watch_->fail(ErrorKind::kBroken);
        break;
      case 1:
        watch_->end(200);
        break;
      case 2:
        watch_->line(R"({"type":"ERROR","object":{"code":410,"reason":"Expired"}})");
        break;
      case 3:
        watch_->line(R"({"type":"ERROR","object":{"code":500}})");
        break;
      case 4:
        watch_->line("{garbage");
        break;
      default:
        sent_ = version_;  // silence: all that comes is lost on the way
        mute_ = true;
    }
  }

  void serve_list(const std::shared_ptr<Exchange>& request) {
    if (faulty) {
      switch (random_.below(8)) {
        case 0:
          return request->fail(ErrorKind::kUnreachable);
        case 1:
          return request->answer(429, "", 1s);
        case 2:
          return request->answer(500, "oops");
        case 3:
          return request->answer(200, R"({"items":[{"metadata":{"name":"gh)");
        case 4:
          return;  // the answer never comes: only the transport's deadline would end it
        default:
          break;
      }
    }
    const size_t at = request->path().find("continue=");
    size_t skip = 0;
    if (at == std::string::npos) {
      snapshot_ = {version_, pods_};
    } else {
      // A page holds what the first page's version held, as the real one does.
      const uint64_t token = std::stoul(request->path().substr(at + 9));
      const uint64_t fault = faulty ? random_.below(6) : 2;
      if (fault == 0) return request->answer(410, R"({"code":410})");
      if (fault == 1) ++token_epoch_;
      if (token / 1000 != token_epoch_) return request->answer(400, R"({"code":400})");
      skip = token % 1000;
    }
    json items = json::array();
    size_t index = 0;
    for (const auto& [name, pod] : snapshot_.second) {
      if (index++ >= skip && items.size() < 3) items.push_back(pod);
    }
    json meta = {{"resourceVersion", std::to_string(snapshot_.first)}};
    if (skip + items.size() < snapshot_.second.size()) {
      meta["continue"] = std::to_string(token_epoch_ * 1000 + skip + items.size());
    }
    request->answer(200, json{{"metadata", meta}, {"items", items}}.dump());
  }

  void serve_watch(const std::shared_ptr<ScriptedStream>& watch) {
    if (faulty) {
      switch (random_.below(8)) {
        case 0:
          return watch->fail(ErrorKind::kUnreachable);
        case 1:
          return watch->end(429, "", 1s);
        case 2:
          return watch->end(504, R"({"code":504,"details":{"retryAfterSeconds":1}})");
        default:
          break;
      }
    }
    const size_t at = watch->path().find("resourceVersion=");
    const uint64_t from = std::stoull(watch->path().substr(at + 16));
    if (from + 1 < oldest()) return watch->end(410, R"({"code":410,"reason":"Expired"})");
    watch_ = watch;
    mute_ = false;
    sent_ = from;
    deliver();
  }

  void deliver() {
    if (watch_ == nullptr || mute_) return;
    std::vector<std::string> lines;
    for (auto next = history_.upper_bound(sent_); next != history_.end(); ++next) {
      lines.push_back(next->second);
      sent_ = next->first;
    }
    if (lines.empty() && random_.below(3) == 0) {
      lines.push_back(R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":")" +
                      std::to_string(version_) + "\"}}}");
    }
    if (!lines.empty()) watch_->lines(lines);
  }

 private:
  void note(const char* type, const json& pod) {
    history_[version_] = json{{"type", type}, {"object", pod}}.dump();
  }
  [[nodiscard]] uint64_t oldest() const {
    return history_.empty() ? version_ + 1 : history_.begin()->first;
  }

  Executor& executor_;
  testing::FakeRandom& random_;
  uint64_t version_ = 1;
  std::map<std::string, json> pods_;
  std::map<uint64_t, std::string> history_;  // watch lines
  std::pair<uint64_t, std::map<std::string, json>> snapshot_;
  uint64_t token_epoch_ = 1;  // tokens of an earlier one are refused for ever
  std::shared_ptr<ScriptedStream> watch_;
  uint64_t sent_ = 0;
  bool mute_ = false;
};

void run(uint64_t seed) {
  testing::FakeClock clock;
  testing::FakeExecutor executor(clock);
  testing::FakeRandom random(seed);
  testing::ScriptedTransport transport(executor);
  kube::Client client(transport, executor, kube::unguarded());
  FaultyServer server(executor, random);
  std::vector<std::pair<std::shared_ptr<Exchange>, SteadyTime>> unanswered;
  transport.serve(
      [&](const std::shared_ptr<Exchange>& request) {
        server.serve_list(request);
        if (!request->answered()) unanswered.emplace_back(request, clock.steady_now() + 30s);
      },
      [&](const std::shared_ptr<ScriptedStream>& watch) { server.serve_watch(watch); });

  cache::Store<kube::Pod> store;
  std::map<PodKey, std::string> told;  // uid by key, from what listeners hear
  store.subscribe([&](const auto& before, const auto& after) {
    if (before != nullptr) {
      EXPECT_EQ(told[cache::key_of(*before)], before->meta.uid.str());
      told.erase(cache::key_of(*before));
    }
    if (after != nullptr) told[cache::key_of(*after)] = after->meta.uid.str();
  });
  Reflector reflector(client, executor, clock, random,
                      {.resource = kube::kPods, .mask = kube::pod_mask(), .page_limit = 3},
                      cache::store_sink<kube::Pod>(store, kube::decode_pod));
  const auto pass = [&](Duration time) {
    executor.advance(time);
    for (auto& [request, deadline] : unanswered) {
      if (!request->answered() && deadline <= clock.steady_now()) {
        request->fail(ErrorKind::kTimeout);
      }
    }
    server.deliver();
    executor.settle();
  };

  reflector.start();
  for (int i = 0; i < 300; ++i) {
    switch (random.below(8)) {
      case 0:
        server.disturb();
        break;
      case 1:
        server.compact();
        break;
      case 2:
      case 3:
      case 4:
        server.change();
        break;
      default:
        break;
    }
    pass(random.below(3000) * 1ms);
  }
  const int before = transport.requests_seen() + transport.watches_seen();
  // At least 300 steps of a second and a half, all faults on: no hot loop.
  EXPECT_LT(before, 1500);

  server.faulty = false;
  for (int i = 0; i < 150; ++i) pass(10s);  // longer than the longest silence of a watch
  ASSERT_TRUE(reflector.synced());
  EXPECT_FALSE(reflector.problem().has_value());
  ASSERT_EQ(store.size(), server.pods().size());
  EXPECT_EQ(told.size(), store.size());
  for (const auto& [name, pod] : server.pods()) {
    const auto found = store.find(PodKey{"ns", name});
    ASSERT_NE(found, nullptr) << name;
    EXPECT_EQ(pod["metadata"]["uid"], found->meta.uid.str());
    EXPECT_EQ(pod["metadata"]["resourceVersion"], found->meta.version.str());
    EXPECT_EQ(pod["metadata"]["labels"]["n"], found->meta.labels.at("n"));
    EXPECT_EQ(told.at(cache::key_of(*found)), found->meta.uid.str());
  }
}

TEST(ReflectorRandomTest, TheStoreEndsEqualToTheServersListAfterAnyFaults) {
  for (uint64_t seed = 1; seed <= 300 && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    run(seed);
  }
}

}  // namespace
}  // namespace processhub::watch
