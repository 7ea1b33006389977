// What the tests of the transport share: an event loop, files that change, a transport to
// a server of the test.
#pragma once

#include <filesystem>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <signal.h>
#include <string>
#include <utility>
#include <vector>

#include "fault/server.h"

#include "base/event_loop.h"
#include "kube/cpprest_transport.h"

namespace processhub::fault {

// Any thread.
class MemoryFiles final : public FileReader {
 public:
  void put(const std::string& path, const std::string& text) {
    const std::lock_guard lock(mutex_);
    files_[path] = text;
  }
  [[nodiscard]] Result<std::string> read(const std::string& path) const override {
    const std::lock_guard lock(mutex_);
    const auto found = files_.find(path);
    if (found == files_.end())
      return fail(ErrorKind::kIo, "cannot read " + path + ": no such file");
    return found->second;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::string> files_;
};

// What a stream has delivered.
struct Heard {
  int opened = 0;
  std::vector<std::string> lines;
  std::optional<Result<kube::Response>> end;
};

class TransportTest : public ::testing::Test {
 public:
  static void SetUpTestSuite() {
    signal(SIGPIPE, SIG_IGN);
    kube::prepare_process();
  }

 protected:
  void SetUp() override { files.put("/ca.pem", authority().certificate()); }

  // Making keys takes a while: one for all tests.
  static Authority& authority() {
    static Authority one("test authority");
    return one;
  }
  static ServerTls server_tls() {
    static const Identity identity = authority().issue("server", "DNS:localhost,IP:127.0.0.1");
    return {.identity = identity};
  }

  void connect(const Server& server, bool tls = false) {
    connect_to((tls ? "https://127.0.0.1:" : "http://127.0.0.1:") + std::to_string(server.port()));
  }
  void connect_to(const std::string& url) {
    config.server = url;
    if (config.ca.empty() && !config.insecure_skip_tls_verify) config.ca.file = "/ca.pem";
    transport = std::make_unique<kube::CpprestTransport>(config, loop, files, clock, options);
  }

  // Runs the loop until `ready`, which is looked at after each callback.
  void run() {
    const Timer guard = loop.post_after(std::chrono::seconds(30), [this] {
      ADD_FAILURE() << "nothing came within 30 s";
      loop.stop();
    });
    loop.run();
  }

  Result<kube::Response> send(kube::Request request) {
    Result<kube::Response> got = fail(ErrorKind::kCancelled, "no answer");
    transport->send(std::move(request), [&](Result<kube::Response> result) {
      got = std::move(result);
      loop.stop();
    });
    run();
    return got;
  }
  Result<kube::Response> get(const std::string& path = "/api") { return send({.path = path}); }
  Result<kube::Response> post(const std::string& body = "{}") {
    return send({.method = kube::Method::kPost,
                 .path = "/api",
                 .content_type = "application/json",
                 .body = body});
  }

  Result<void> try_to_connect(const std::string& address, int port,
                              std::chrono::milliseconds deadline = std::chrono::seconds(20)) {
    Result<void> got = fail(ErrorKind::kCancelled, "no answer");
    transport->connect(address, port, deadline, [&](Result<void> result) {
      got = std::move(result);
      loop.stop();
    });
    run();
    return got;
  }

  static size_t open_descriptors() {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return static_cast<size_t>(std::distance(begin(all), end(all)));
  }
  // The server's side of a connection closes once its thread has run; on a busy machine that
  // may be a while, so the limit is far beyond any honest wait.
  static size_t descriptors_once_down_to(size_t wanted) {
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (open_descriptors() > wanted && std::chrono::steady_clock::now() < limit)
      std::this_thread::yield();
    return open_descriptors();
  }

  // Reads a stream to its end.
  Heard listen(std::chrono::milliseconds idle_limit = std::chrono::seconds(20)) {
    Heard heard;
    const auto stream = transport->stream({.path = "/watch"}, idle_limit,
                                          {.lines =
                                               [&](std::vector<std::string> lines) {
                                                 for (std::string& line : lines)
                                                   heard.lines.push_back(std::move(line));
                                               },
                                           .end =
                                               [&](Result<kube::Response> result) {
                                                 heard.end = std::move(result);
                                                 loop.stop();
                                               },
                                           .opened =
                                               [&] {
                                                 EXPECT_TRUE(heard.lines.empty());
                                                 EXPECT_FALSE(heard.end);
                                                 ++heard.opened;
                                               }});
    run();
    return heard;
  }

  SystemClock clock;
  EventLoop loop{clock};
  MemoryFiles files;
  kube::ConnectionConfig config;
  kube::TransportOptions options;
  std::unique_ptr<kube::CpprestTransport> transport;
};

}  // namespace processhub::fault
