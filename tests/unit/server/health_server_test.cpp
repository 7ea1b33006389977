#include "server/health_server.h"

#include <arpa/inet.h>
#include <filesystem>
#include <gmock/gmock.h>
#include <httplib.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace processhub::server {
namespace {

using ::testing::HasSubstr;

size_t threads_of_this_process() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return static_cast<size_t>(std::distance(begin(tasks), end(tasks)));
}

class HealthServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto started = HealthServer::start({.host = "127.0.0.1", .port = 0}, readiness_, metrics_);
    ASSERT_TRUE(started) << started.error().message;
    server_ = std::move(*started);
  }

  httplib::Result get(const char* path) {
    return httplib::Client("127.0.0.1", server_->port()).Get(path);
  }

  Readiness readiness_{"cache-sync", "leader-election"};
  Metrics metrics_;
  std::unique_ptr<HealthServer> server_;
};

TEST_F(HealthServerTest, IsHealthyFromTheStart) {
  const auto answer = get("/healthz");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "ok");
}

TEST_F(HealthServerTest, IsReadyOnceEveryCheckIs) {
  auto answer = get("/readyz");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 503);
  EXPECT_EQ(answer->body, "[-]cache-sync not checked yet\n[-]leader-election not checked yet\n");

  readiness_.set_ready("leader-election");
  readiness_.set_not_ready("cache-sync", "pods not synced");
  answer = get("/readyz");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 503);
  EXPECT_EQ(answer->body, "[-]cache-sync pods not synced\n");

  readiness_.set_ready("cache-sync");
  answer = get("/readyz");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "ok");
}

TEST_F(HealthServerTest, ServesMetricsInPrometheusFormat) {
  metrics_.ring_nodes({"shop", "workers"}, 5);
  const auto answer = get("/metrics");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->get_header_value("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_THAT(answer->body, HasSubstr("# TYPE processhub_ring_nodes gauge\n"));
}

TEST_F(HealthServerTest, KnowsNothingElse) {
  const auto answer = get("/secret");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 404);
}

TEST_F(HealthServerTest, AnswersWhileOneClientIsIdle) {
  // A scraper that keeps its connection, and one that connects and says nothing.
  httplib::Client scraper("127.0.0.1", server_->port());
  scraper.set_keep_alive(true);
  ASSERT_TRUE(scraper.Get("/metrics"));
  const int silent = socket(AF_INET, SOCK_STREAM, 0);
  ASSERT_GE(silent, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(server_->port()));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(connect(silent, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);

  const auto before = std::chrono::steady_clock::now();
  const auto answer = get("/healthz");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(1));
  close(silent);
}

TEST_F(HealthServerTest, TellsWhenThePortIsTaken) {
  const auto second =
      HealthServer::start({.host = "127.0.0.1", .port = server_->port()}, readiness_, metrics_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::kIo);
  EXPECT_THAT(second.error().message, HasSubstr("--bind-address"));
  EXPECT_THAT(second.error().message, HasSubstr("Address already in use"));
}

TEST_F(HealthServerTest, EndsItsThreadsAndFreesThePort) {
  const int port = server_->port();
  ASSERT_TRUE(get("/healthz"));
  const size_t with = threads_of_this_process();
  server_.reset();
  EXPECT_EQ(threads_of_this_process(), with - 3);  // the listener and its two workers
  const auto again = HealthServer::start({.host = "127.0.0.1", .port = port}, readiness_, metrics_);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ((*again)->port(), port);
}

TEST(HealthServer, StartsAndStopsAtOnce) {
  const Readiness readiness{"cache-sync"};
  const Metrics metrics;
  for (int i = 0; i < 50; ++i) {
    const auto server = HealthServer::start({.host = "127.0.0.1", .port = 0}, readiness, metrics);
    ASSERT_TRUE(server) << server.error().message;
  }
}

TEST(HealthServer, RefusesAnAddressThatIsNotOfThisMachine) {
  const Readiness readiness{"cache-sync"};
  const Metrics metrics;
  const auto server = HealthServer::start({.host = "192.0.2.1", .port = 0}, readiness, metrics);
  ASSERT_FALSE(server);
  EXPECT_THAT(server.error().message, HasSubstr("--bind-address: cannot listen on 192.0.2.1:0: "));
}

TEST(BindAddress, Parses) {
  const auto parsed = [](std::string_view text) {
    const auto address = parse_bind_address(text);
    return address ? address->host + " " + std::to_string(address->port) : address.error().message;
  };
  EXPECT_EQ(parsed("0.0.0.0:8080"), "0.0.0.0 8080");
  EXPECT_EQ(parsed(":8080"), "0.0.0.0 8080");
  EXPECT_EQ(parsed("localhost:0"), "localhost 0");
  EXPECT_EQ(parsed("[::]:8080"), ":: 8080");
  EXPECT_EQ(parsed("[::1]:65535"), "::1 65535");
}

TEST(BindAddress, RefusesTheRestAndNamesTheFlag) {
  for (const char* text : {"", "8080", "localhost", "host:", "host:http", "host:-1", "host:65536",
                           "host:80 ", "::1:8080", "[]:8080", "host:99999999999999999999"}) {
    const auto address = parse_bind_address(text);
    ASSERT_FALSE(address) << text;
    EXPECT_EQ(address.error().kind, ErrorKind::kInvalid);
    EXPECT_THAT(address.error().message, HasSubstr("--bind-address '" + std::string(text) + "'"));
  }
}

}  // namespace
}  // namespace processhub::server
