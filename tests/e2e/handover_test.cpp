// A move in which real workers hand their state over. The pods are simulated; for this test their
// addresses are this machine's own, and a worker is run on each.
#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <httplib.h>
#include <mutex>
#include <thread>

#include "e2e/support/roles.h"

namespace processhub::e2e {
namespace {

using ::testing::HasSubstr;

constexpr int kPort = 18080;
constexpr const char* kPodRange = "10.244.0.0/16";  // tests/cluster/lib/daemons.sh: --cidr

// One pod's worker. Its role file follows the pod's annotation.
class Worker {
 public:
  Worker(const json& pod, const std::filesystem::path& directory)
      : address_(pod.at("/status/podIP"_json_pointer)),
        role_file_(directory / pod.at("/metadata/name"_json_pointer).get<std::string>()),
        process_({PROCESSHUB_WORKER, "--address", address_, "--port", std::to_string(kPort),
                  "--role-file", role_file_, "--pod", pod.at("/metadata/name"_json_pointer)},
                 {}) {}
  void follow(const json& pod) const {
    const std::string next = role_file_.string() + ".next";
    std::ofstream(next) << role_text(pod) << "\n";
    std::filesystem::rename(next, role_file_);
  }
  // Null while it does not answer.
  [[nodiscard]] json state() const {
    httplib::Client client(address_, kPort);
    const auto answer = client.Get("/state");
    return answer ? json::parse(answer->body) : json();
  }
  [[nodiscard]] int64_t count() const {
    const json now = state();
    return now.is_null() ? -1 : now.at("count").get<int64_t>();
  }
  void kill() {
    process_.send(SIGKILL);
    process_.wait(kLimit);
  }

 private:
  std::string address_;
  std::filesystem::path role_file_;
  Process process_;
};

// What answers where a worker should, and does not do as it ought.
class Misbehaving {
 public:
  enum class How { kHangs, kStreamsWithoutEnd };
  Misbehaving(const std::string& address, How how) {
    server_.Post("/processhub/handover", [this, how](const auto&, httplib::Response& response) {
      asked_ = true;
      if (how == How::kHangs) return hang();
      response.set_chunked_content_provider("text/plain", [](size_t, httplib::DataSink& sink) {
        static const std::string chunk(1 << 16, 'x');
        return sink.write(chunk.data(), chunk.size());
      });
    });
    // Connections of the worker before may linger there.
    server_.set_socket_options([](socket_t socket) {
      const int yes = 1;
      ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    });
    if (!server_.bind_to_port(address, kPort)) throw std::runtime_error("cannot bind " + address);
    thread_ = std::thread([this] { server_.listen_after_bind(); });
  }
  ~Misbehaving() {
    {
      const std::lock_guard lock(mutex_);
      over_ = true;
    }
    ended_.notify_all();
    server_.stop();
    thread_.join();
  }
  [[nodiscard]] bool asked() const { return asked_; }

 private:
  void hang() {
    std::unique_lock lock(mutex_);
    ended_.wait(lock, [this] { return over_; });
  }

  httplib::Server server_;
  std::thread thread_;
  std::mutex mutex_;
  std::condition_variable ended_;
  bool over_ = false;
  std::atomic<bool> asked_ = false;
};

class Handover : public WithRoles {
 protected:
  // Needs the right to administer the network, as the packages that tests install do.
  static void SetUpTestSuite() {
    Words command = {"ip", "route", "replace", "local", kPodRange, "dev", "lo"};
    if (geteuid() != 0) command.insert(command.begin(), {"sudo", "-n"});
    const Output routed = run(command);
    ASSERT_EQ(routed.code, 0) << routed.err;
    WithRoles::SetUpTestSuite();
  }
  void given(const NodeSet& nodes, json handover = json::object()) {
    json settings = {{"enabled", true}, {"port", kPort}, {"confirm", true}};
    settings.merge_patch(handover);
    given_hub("workers", nodes,
              {{"migration",
                {{"strategy", "HotSwap"},
                 {"hotSwap", {{"retentionSeconds", 0}, {"handover", settings}}}}}});
    given_children("workers", {"tenant"});
    EXPECT_TRUE(poll_until([&] {
      tend();
      return !workers_.empty() && workers_.begin()->second->count() > 20;
    })) << "it counts while it leads";
  }
  // Every pod of the child has its worker, and each worker its role.
  void tend() {
    for (const auto& [name, pod] : pods_->objects()) {
      const std::string uid = pod.at("/metadata/uid"_json_pointer);
      if (pod.value("/status/podIP"_json_pointer, "").empty()) continue;
      std::unique_ptr<Worker>& worker = workers_[uid];
      if (worker == nullptr) {
        worker = std::make_unique<Worker>(pod, directory_);
      }
      worker->follow(pod);
    }
  }
  bool tended(const std::function<bool()>& condition) {
    return poll_until([&] {
      tend();
      return condition();
    });
  }
  std::string handover_says() const {
    return said(children_->objects().at("tenant"), "HandedOver");
  }
  void TearDown() override {
    WithRoles::TearDown();
    std::filesystem::remove_all(directory_);
  }

  std::filesystem::path directory_ = [] {
    std::string name = std::filesystem::temp_directory_path() / "handover-XXXXXX";
    return std::filesystem::path(::mkdtemp(name.data()));
  }();
  std::map<std::string, std::unique_ptr<Worker>> workers_;  // by the pod's uid
};

TEST_F(Handover, OfADrainMovesTheStateOnce) {
  const NodeSet nodes(3);
  given(nodes);
  const Lead before = eventually_led("tenant");
  must_kubectl({"cordon", before.node});
  EXPECT_TRUE(tended([&] { return handover_says() == "True/StateGiven"; }));
  const Lead after = eventually_led_by_another("tenant", before);
  const json old_state = workers_.at(before.uid)->state();
  const json new_state = workers_.at(after.uid)->state();
  EXPECT_EQ(old_state.at("role"), "passive");
  EXPECT_EQ(new_state.at("takes"), 1);
  EXPECT_EQ(new_state.at("takenEpoch"), after.epoch);
  EXPECT_GE(new_state.at("count"), old_state.at("count"));
  EXPECT_TRUE(tended([&] {
    return workers_.at(after.uid)->count() > old_state.at("count").get<int64_t>() + 20;
  })) << "it counts on from there";
  EXPECT_EQ(workers_.at(before.uid)->count(), old_state.at("count")) << "it has stopped";
  EXPECT_THAT(eventually_event("tenant", "StateGiven"), HasSubstr("has given its state"));
  must_kubectl({"uncordon", before.node});
}

TEST_F(Handover, WithAnOldPodThatDoesNotAnswerTheMoveGoesOn) {
  const NodeSet nodes(3);
  given(nodes, {{"dataWaitSeconds", 1}});
  const Lead before = eventually_led("tenant");
  workers_.at(before.uid)->kill();
  must_kubectl({"cordon", before.node});
  EXPECT_TRUE(tended([&] { return handover_says() == "False/TimedOut"; }));
  const Lead after = eventually_led_by_another("tenant", before);
  EXPECT_EQ(workers_.at(after.uid)->state().at("takes"), 0);
  EXPECT_THAT(eventually_event("tenant", "StateNotGiven"), HasSubstr(before.pod));
  must_kubectl({"uncordon", before.node});
}

TEST_F(Handover, WithAnOldPodThatHangsOrStreamsWithoutEndTheMoveGoesOn) {
  for (const auto how : {Misbehaving::How::kHangs, Misbehaving::How::kStreamsWithoutEnd}) {
    const NodeSet nodes(3);
    given(nodes, {{"dataWaitSeconds", 1}});
    const Lead before = eventually_led("tenant");
    workers_.at(before.uid)->kill();
    const Misbehaving old(pods_->at(before.pod).at("/status/podIP"_json_pointer), how);
    must_kubectl({"cordon", before.node});
    EXPECT_TRUE(tended([&] { return handover_says() == "False/TimedOut"; })) << handover_says();
    EXPECT_TRUE(old.asked());
    const Lead after = eventually_led_by_another("tenant", before);
    EXPECT_EQ(workers_.at(after.uid)->state().at("takes"), 0);
    EXPECT_LT(operator_->resident_kib(), 200'000);
    must_kubectl({"uncordon", before.node});
    delete_child("tenant");
    EXPECT_TRUE(wait_until([&] { return pods_->objects().empty(); }));
    workers_.clear();
  }
}

}  // namespace
}  // namespace processhub::e2e
