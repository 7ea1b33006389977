// Requests to a pod, which may be anybody's code: over real sockets, to one that misbehaves.
#include <atomic>

#include "fault/listener.h"
#include "fault/transport_fixture.h"

namespace processhub::fault {
namespace {

using kube::Method;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr size_t kLimit = 4096;
// What may be under way in the buffers of two sockets.
constexpr size_t kInSockets = 32 << 20;

class Pods : public TransportTest {
 protected:
  // The API server, which must not hear of any of it.
  void SetUp() override {
    TransportTest::SetUp();
    config.token.text = "the-token";
    connect(api_server);
  }
  void TearDown() override { EXPECT_EQ(api_server.connections(), 0); }

  static std::string url(const Server& pod) {
    return "http://127.0.0.1:" + std::to_string(pod.port());
  }
  static kube::Request request(const std::string& server) {
    return {.server = server,
            .method = Method::kPost,
            .path = "/processhub/role?x=1",
            .content_type = "application/json",
            .body = R"({"role":"active"})",
            .deadline = seconds(20),
            .body_limit = kLimit};
  }
  Result<kube::Response> ask(const Server& pod, milliseconds deadline = seconds(20)) {
    kube::Request sent = request(url(pod));
    sent.deadline = deadline;
    return send(std::move(sent));
  }

  Server api_server{[](Connection& connection) { connection.wait_until_closed(); }};
};

TEST_F(Pods, GetWhatWasSentAndNoCredentials) {
  std::mutex mutex;
  HttpRequest seen;
  Server pod([&](Connection& connection) {
    const auto request = connection.read_request();
    {
      const std::lock_guard lock(mutex);
      seen = *request;
    }
    connection.write(answer(200, "done"));
    connection.wait_until_closed();
  });
  const auto got = ask(pod);
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(got->status, 200);
  EXPECT_EQ(got->body, "done");
  const std::lock_guard lock(mutex);
  EXPECT_EQ(seen.method, "POST");
  EXPECT_EQ(seen.target, "/processhub/role?x=1");
  EXPECT_EQ(seen.body, R"({"role":"active"})");
  EXPECT_EQ(seen.headers["host"], "127.0.0.1:" + std::to_string(pod.port()));
  EXPECT_EQ(seen.headers["content-type"], "application/json");
  EXPECT_EQ(seen.headers["user-agent"], "processhub-operator");
  EXPECT_FALSE(seen.headers.contains("authorization"));
  for (const auto& [name, value] : seen.headers) {
    EXPECT_EQ(value.find("the-token"), std::string::npos) << name;
  }
}

TEST_F(Pods, ProxyOfTheEnvironmentIsNotUsed) {
  Server pod([](Connection& connection) {
    connection.read_request();
    connection.write(answer(200, ""));
  });
  setenv("http_proxy", "http://127.0.0.1:1", 1);
  EXPECT_TRUE(ask(pod));
  unsetenv("http_proxy");
}

TEST_F(Pods, WorkWithIPv6) {
  std::optional<Server> pod;
  try {
    pod.emplace(
        [](Connection& connection) {
          connection.read_request();
          connection.write(answer(200, "six"));
        },
        std::nullopt, 0, Server::Family::kIPv6);
  } catch (const std::runtime_error&) {
    GTEST_SKIP() << "this machine has no IPv6";
  }
  const auto got = send(request("http://[::1]:" + std::to_string(pod->port())));
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(got->body, "six");
}

TEST_F(Pods, RefusalsAreAnswers) {
  for (const int status : {302, 400, 401, 404, 500, 503}) {
    Server pod([&](Connection& connection) {
      connection.read_request();
      connection.write(answer(status, "no", "Retry-After: 7\r\nLocation: http://127.0.0.1:1/\r\n"));
    });
    const auto got = ask(pod);
    ASSERT_TRUE(got) << got.error().message;
    EXPECT_EQ(got->status, status);
    EXPECT_EQ(got->body, "no");
    EXPECT_EQ(got->retry_after, seconds(7));
    EXPECT_EQ(pod.connections(), 1);
  }
}

TEST_F(Pods, AnswersInChunksAndUntilTheEndAreRead) {
  Server chunks([](Connection& connection) {
    connection.read_request();
    connection.write(chunked_head() + chunk("in ") + chunk("parts") + kLastChunk);
  });
  EXPECT_EQ(ask(chunks)->body, "in parts");
  Server until_the_end([](Connection& connection) {
    connection.read_request();
    connection.write("HTTP/1.0 200 OK\r\n\r\nold");
  });
  EXPECT_EQ(ask(until_the_end)->body, "old");
}

TEST_F(Pods, ClosedConnectionIsBrokenAndTheRequestNotSentAgain) {
  for (const bool reset : {false, true}) {
    Server pod([&](Connection& connection) {
      connection.read_request();
      if (reset) connection.reset();
    });
    const auto got = ask(pod);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().kind, ErrorKind::kBroken);
    EXPECT_EQ(got.error().committed, Committed::kUnknown);
    EXPECT_NE(got.error().message.find("POST " + url(pod) + "/processhub/role: "),
              std::string::npos)
        << got.error().message;
    EXPECT_EQ(pod.connections(), 1);
  }
}

TEST_F(Pods, AnswerThatIsCutShortOrNoHttpIsBroken) {
  for (const std::string& text :
       {std::string("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"),
        chunked_head() + chunk("one") + "64\r\nonly this", std::string("HTTP/1.1 200 OK\r\nCont"),
        std::string("SSH-2.0-OpenSSH_9.2\r\n\r\n")}) {
    Server pod([&](Connection& connection) {
      connection.read_request();
      connection.write(text);
    });
    const auto got = ask(pod);
    ASSERT_FALSE(got) << text;
    EXPECT_EQ(got.error().kind, ErrorKind::kBroken) << got.error().message;
  }
}

TEST_F(Pods, NobodyListeningMeansNothingWasSent) {
  int port = 0;
  {
    const Listener listener;
    port = listener.port();
  }
  const auto got = send(request("http://127.0.0.1:" + std::to_string(port)));
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().kind, ErrorKind::kUnreachable);
  EXPECT_EQ(got.error().committed, Committed::kNo);
}

TEST_F(Pods, TooMuchIsInvalidAndIsNotRead) {
  const std::string some(64 << 10, 'x');
  const std::pair<const char*, std::string> heads[] = {
      {"100 MB", "HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n"},
      {"one chunk of 1 GB", chunked_head() + "40000000\r\n"},
      {"a stream until the end", "HTTP/1.1 200 OK\r\n\r\n"},
      {"a chunk whose head has no end", chunked_head() + "10;x="},
      {"a header without end", "HTTP/1.1 200 OK\r\nX-Long: "}};
  for (const auto& [what, head] : heads) {
    std::atomic<size_t> written = 0;
    Server pod([&, head = head](Connection& connection) {
      connection.read_request();
      connection.write(head);
      while (written < (100 << 20) && connection.write(some)) written += some.size();
    });
    const auto got = ask(pod);
    ASSERT_FALSE(got) << what << " " << got->status << " " << got->body.size();
    EXPECT_EQ(got.error().kind, ErrorKind::kInvalid) << what << ": " << got.error().message;
    EXPECT_LT(written, kInSockets) << what;
  }
}

TEST_F(Pods, EndlessChunksAreInvalid) {
  std::atomic<size_t> written = 0;
  const std::string some = chunk(std::string(1000, 'x'));
  Server pod([&](Connection& connection) {
    connection.read_request();
    connection.write(chunked_head());
    while (connection.write(some)) written += some.size();
  });
  const auto got = ask(pod);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().kind, ErrorKind::kInvalid) << got.error().message;
  EXPECT_LT(written, kInSockets);
}

TEST_F(Pods, AnswerAsLargeAsTheLimitIsRead) {
  Server pod([&](Connection& connection) {
    connection.read_request();
    connection.write(answer(200, std::string(kLimit, 'x')));
  });
  const auto got = ask(pod);
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(got->body.size(), kLimit);
}

TEST_F(Pods, SlownessEndsAtTheDeadlineWhereverItIs) {
  for (const std::string& head :
       {std::string(), std::string("HTTP/1.1 200 OK\r\nX-"),
        std::string("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"), chunked_head() + "64"}) {
    Server pod([&](Connection& connection) {
      connection.read_request();
      connection.write(head);
      connection.wait_until_closed();
    });
    const auto start = steady_clock::now();
    const auto got = ask(pod, milliseconds(200));
    EXPECT_GE(steady_clock::now() - start, milliseconds(200));
    EXPECT_LT(steady_clock::now() - start, seconds(5));
    ASSERT_FALSE(got) << head;
    EXPECT_EQ(got.error().kind, ErrorKind::kTimeout) << head;
    EXPECT_EQ(got.error().committed, Committed::kUnknown);
  }
}

TEST_F(Pods, DrippingEndsAtTheDeadline) {
  Server pod([](Connection& connection) {
    connection.read_request();
    connection.write("HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n");
    // An idle timer would never fire.
    while (!connection.is_closed_within(milliseconds(10))) connection.write(".");
  });
  const auto got = ask(pod, milliseconds(300));
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().kind, ErrorKind::kTimeout);
}

TEST_F(Pods, UnansweredConnectionEndsAtTheDeadlineAndNothingWasSent) {
  const Listener silent("127.0.0.1", Listener::Kind::kSilent);
  kube::Request sent = request("http://127.0.0.1:" + std::to_string(silent.port()));
  sent.deadline = milliseconds(200);
  const auto got = send(std::move(sent));
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().kind, ErrorKind::kTimeout);
  EXPECT_EQ(got.error().committed, Committed::kNo);
}

TEST_F(Pods, WhatIsNoServerOrPathIsInvalidAndNothingIsSent) {
  for (const char* server : {"https://127.0.0.1:80", "http://pod:80", "http://127.0.0.1",
                             "http://127.0.0.1:0", "http://127.0.0.1:99999", "http://::1:80",
                             "http://[127.0.0.1]:80", "http://127.0.0.1:80/", "127.0.0.1:80"}) {
    const auto got = send(request(server));
    ASSERT_FALSE(got) << server;
    EXPECT_EQ(got.error().kind, ErrorKind::kInvalid) << server;
    EXPECT_NE(got.error().message.find("http://IP:PORT"), std::string::npos);
  }
  Server pod([](Connection&) {});
  for (const char* path : {"", "role", "/a b", "/a\r\nX-More: y"}) {
    kube::Request sent = request(url(pod));
    sent.path = path;
    const auto got = send(std::move(sent));
    ASSERT_FALSE(got) << path;
    EXPECT_EQ(got.error().kind, ErrorKind::kInvalid) << path;
  }
  EXPECT_EQ(pod.connections(), 0);
}

TEST_F(Pods, ManyLeaveNoDescriptorBehindAndNoneIsAnsweredOnceTheTransportIsGone) {
  Server pod([](Connection& connection) {
    connection.read_request();
    connection.write(answer(200, "{}"));
    connection.wait_until_closed();
  });
  ASSERT_TRUE(ask(pod));
  const size_t before = open_descriptors();
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(ask(pod));
  EXPECT_LE(descriptors_once_down_to(before), before);
  bool called = false;
  for (int i = 0; i < 50; ++i) {
    transport->send(request(url(pod)), [&](const Result<kube::Response>&) { called = true; });
  }
  transport.reset();
  loop.post([this] { loop.stop(); });
  run();
  EXPECT_FALSE(called);
  EXPECT_LE(descriptors_once_down_to(before), before);
}

}  // namespace
}  // namespace processhub::fault
