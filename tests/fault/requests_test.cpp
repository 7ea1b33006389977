// Requests over real sockets, to a server that misbehaves.
#include <condition_variable>

#include "fault/transport_fixture.h"

namespace processhub::fault {
namespace {

using kube::Method;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

class Requests : public TransportTest {};

TEST_F(Requests, ArriveAsTheyWereSent) {
  std::mutex mutex;
  std::vector<HttpRequest> seen;
  Server server([&](Connection& connection) {
    while (auto request = connection.read_request()) {
      {
        const std::lock_guard lock(mutex);
        seen.push_back(*request);
      }
      connection.write(answer(201, R"({"made":true})"));
    }
  });
  config.token.text = "the-token";
  connect(server);
  const std::string body = R"({"metadata":{"name":"ä"}})";
  const auto got = send({.method = Method::kPatch,
                         .path = "/api/v1/pods/p?labelSelector=a%3Db%2Cc&timeout=500ms",
                         .content_type = "application/merge-patch+json",
                         .body = body});
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(got->status, 201);
  EXPECT_EQ(got->body, R"({"made":true})");
  const std::lock_guard lock(mutex);
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].method, "PATCH");
  EXPECT_EQ(seen[0].target, "/api/v1/pods/p?labelSelector=a%3Db%2Cc&timeout=500ms");
  EXPECT_EQ(seen[0].headers["content-type"], "application/merge-patch+json");
  EXPECT_EQ(seen[0].headers["authorization"], "Bearer the-token");
  EXPECT_EQ(seen[0].headers["accept"], "application/json");
  EXPECT_EQ(seen[0].headers["user-agent"], "processhub-operator");
  EXPECT_EQ(seen[0].body, body);
}

TEST_F(Requests, KeepThePathOfTheServersUrl) {
  std::string target;
  Server server([&](Connection& connection) {
    target = connection.read_request()->target;
    connection.write(answer(200, "{}"));
  });
  connect_to("http://127.0.0.1:" + std::to_string(server.port()) + "/k8s/clusters/c-1");
  ASSERT_TRUE(get("/api/v1/nodes?limit=5"));
  EXPECT_EQ(target, "/k8s/clusters/c-1/api/v1/nodes?limit=5");
}

TEST_F(Requests, DeleteCarriesItsBody) {
  std::string body;
  Server server([&](Connection& connection) {
    body = connection.read_request()->body;
    connection.write(answer(200, "{}"));
  });
  connect(server);
  ASSERT_TRUE(send({.method = Method::kDelete,
                    .path = "/api",
                    .content_type = "application/json",
                    .body = R"({"preconditions":{"uid":"u"}})"}));
  EXPECT_EQ(body, R"({"preconditions":{"uid":"u"}})");
}

TEST_F(Requests, RefusalsAreAnswersWithTheirBodyAndRetryAfter) {
  for (const int status : {400, 404, 409, 410, 422, 429, 500, 503, 504}) {
    Server server([&](Connection& connection) {
      while (connection.read_request()) {
        connection.write(answer(status, R"({"kind":"Status"})", "Retry-After: 7\r\n"));
      }
    });
    connect(server);
    const auto got = get();
    ASSERT_TRUE(got) << got.error().message;
    EXPECT_EQ(got->status, status);
    EXPECT_EQ(got->body, R"({"kind":"Status"})");
    EXPECT_EQ(got->retry_after, std::chrono::seconds(7));
    transport.reset();
  }
}

TEST_F(Requests, RedirectIsNotFollowedSoTheTokenStaysHere) {
  Server elsewhere([](Connection& connection) { connection.wait_until_closed(); });
  Server server([&](Connection& connection) {
    while (connection.read_request()) {
      connection.write(answer(
          302, "", "Location: http://127.0.0.1:" + std::to_string(elsewhere.port()) + "/\r\n"));
    }
  });
  config.token.text = "secret";
  connect(server);
  const auto got = get();
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(got->status, 302);
  EXPECT_EQ(elsewhere.connections(), 0);
}

TEST_F(Requests, BodyCutShortIsBrokenAndTheWriteUnknown) {
  Server server([](Connection& connection) {
    connection.read_request();
    connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"half\":");
  });
  connect(server);
  const auto read = get();
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind, ErrorKind::kBroken);
  EXPECT_EQ(read.error().committed, Committed::kNo);
  const auto write = post();
  ASSERT_FALSE(write);
  EXPECT_EQ(write.error().kind, ErrorKind::kBroken);
  EXPECT_EQ(write.error().committed, Committed::kUnknown);
  EXPECT_NE(write.error().message.find("POST http://127.0.0.1"), std::string::npos);
}

TEST_F(Requests, ChunkCutShortIsBroken) {
  Server server([](Connection& connection) {
    connection.read_request();
    connection.write(chunked_head() + chunk("{\"a\":1}") + "64\r\nonly this");
  });
  connect(server);
  const auto got = get();
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().kind, ErrorKind::kBroken);
}

TEST_F(Requests, ResetBeforeTheAnswerLeavesTheWriteUnknown) {
  Server server([](Connection& connection) {
    connection.read_request();
    connection.reset();
  });
  connect(server);
  const auto got = post();
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().kind, ErrorKind::kBroken);
  EXPECT_EQ(got.error().committed, Committed::kUnknown);
}

TEST_F(Requests, GarbageIsBroken) {
  Server server([](Connection& connection) {
    connection.read_request();
    connection.write("SSH-2.0-OpenSSH_9.2\r\n\r\n");
  });
  connect(server);
  const auto got = get();
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().kind, ErrorKind::kBroken);
}

TEST_F(Requests, NobodyListeningMeansNothingWasSent) {
  int port = 0;
  {
    Server server([](Connection&) {});
    port = server.port();
  }
  connect_to("http://127.0.0.1:" + std::to_string(port));
  const auto got = post();
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().kind, ErrorKind::kUnreachable);
  EXPECT_EQ(got.error().committed, Committed::kNo);
}

TEST_F(Requests, ServerThatComesBackIsFoundAgain) {
  int port = 0;
  {
    Server server([](Connection&) {});
    port = server.port();
  }
  connect_to("http://127.0.0.1:" + std::to_string(port));
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(get());
  Server server(
      [](Connection& connection) {
        while (connection.read_request()) connection.write(answer(200, "{}"));
      },
      {}, port);
  EXPECT_TRUE(get());
}

TEST_F(Requests, SilenceEndsAtTheDeadline) {
  Server server([](Connection& connection) { connection.wait_until_closed(); });
  connect(server);
  const auto start = steady_clock::now();
  const auto got = send({.method = Method::kPost,
                         .path = "/api",
                         .content_type = "application/json",
                         .body = "{}",
                         .deadline = milliseconds(200)});
  EXPECT_GE(steady_clock::now() - start, milliseconds(200));
  EXPECT_LT(steady_clock::now() - start, std::chrono::seconds(5));
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().kind, ErrorKind::kTimeout);
  EXPECT_EQ(got.error().committed, Committed::kUnknown);
}

TEST_F(Requests, DeadlineIsForTheWholeAnswerHoweverItTrickles) {
  Server server([](Connection& connection) {
    connection.read_request();
    connection.write(chunked_head());
    // As fast as it goes, without end: an idle timer would never fire.
    while (connection.write(chunk("."))) {
    }
  });
  connect(server);
  const auto got = send({.path = "/api", .deadline = milliseconds(300)});
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().kind, ErrorKind::kTimeout);
}

TEST_F(Requests, DeadlineWithinTheTlsHandshakeMeansNothingWasSent) {
  ServerTls tls = server_tls();
  tls.silent = true;
  Server server([](Connection&) {}, tls);
  connect(server, true);
  const auto got = send({.method = Method::kPost,
                         .path = "/api",
                         .content_type = "application/json",
                         .body = "{}",
                         .deadline = milliseconds(200)});
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().kind, ErrorKind::kTimeout);
  EXPECT_EQ(got.error().committed, Committed::kNo);
}

TEST_F(Requests, AnswerThatIsTooLargeIsGivenUp) {
  Server server([](Connection& connection) {
    connection.read_request();
    connection.write(answer(200, std::string(1 << 20, 'x')));
    connection.wait_until_closed();
  });
  options.max_body = 1000;
  connect(server);
  const auto got = get();
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().kind, ErrorKind::kBroken);
}

TEST_F(Requests, AnswerLargerThanTheRequestAllowsIsInvalid) {
  Server server([](Connection& connection) {
    while (connection.read_request()) connection.write(answer(200, std::string(1000, 'x')));
  });
  connect(server);
  const auto fits = send({.path = "/api", .body_limit = 1000});
  ASSERT_TRUE(fits) << fits.error().message;
  EXPECT_EQ(fits->body.size(), 1000U);
  const auto got = send({.path = "/api", .body_limit = 999});
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().kind, ErrorKind::kInvalid);
}

TEST_F(Requests, ConnectionClosedWhileIdleIsReplaced) {
  for (const bool tls : {false, true}) {
    Server server(
        [](Connection& connection) {
          if (connection.read_request()) connection.write(answer(200, "{}"));
        },
        tls ? std::optional(server_tls()) : std::nullopt);
    connect(server, tls);
    for (int i = 0; i < 3; ++i) {
      const auto got = post();
      EXPECT_TRUE(got) << got.error().message;
    }
    EXPECT_GE(server.connections(), 3);
    transport.reset();
  }
}

TEST_F(Requests, ShareConnections) {
  Server server([](Connection& connection) {
    while (connection.read_request()) connection.write(answer(200, "{}"));
  });
  connect(server);
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(get());
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(Requests, TokenIsReadAgainAfterTheServerRefusesIt) {
  std::mutex mutex;
  std::string valid = "first";
  Server server([&](Connection& connection) {
    while (auto request = connection.read_request()) {
      const std::lock_guard lock(mutex);
      const bool good = request->headers["authorization"] == "Bearer " + valid;
      connection.write(answer(good ? 200 : 401, "{}"));
    }
  });
  files.put("/token", "first\n");
  config.token.file = "/token";
  connect(server);
  EXPECT_EQ(get()->status, 200);
  files.put("/token", "second\n");
  EXPECT_EQ(get()->status, 200);  // not read again yet: it is young
  {
    const std::lock_guard lock(mutex);
    valid = "second";
  }
  EXPECT_EQ(get()->status, 401);
  EXPECT_EQ(get()->status, 200);
}

TEST_F(Requests, TokenIsReadAgainOnceItIsOld) {
  std::mutex mutex;
  std::vector<std::string> seen;
  Server server([&](Connection& connection) {
    while (auto request = connection.read_request()) {
      const std::lock_guard lock(mutex);
      seen.push_back(request->headers["authorization"]);
      connection.write(answer(200, "{}"));
    }
  });
  files.put("/token", "first");
  config.token.file = "/token";
  options.token_lifetime = milliseconds(0);
  connect(server);
  EXPECT_TRUE(get());
  files.put("/token", "second");
  EXPECT_TRUE(get());
  const std::lock_guard lock(mutex);
  EXPECT_EQ(seen, (std::vector<std::string>{"Bearer first", "Bearer second"}));
}

TEST_F(Requests, MissingTokenFileIsNamedAndNothingIsSent) {
  Server server([](Connection&) {});
  config.token.file = "/no/token";
  connect(server);
  const auto got = get();
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().kind, ErrorKind::kIo);
  EXPECT_NE(got.error().message.find("/no/token"), std::string::npos);
  EXPECT_EQ(server.connections(), 0);
}

TEST_F(Requests, NoCallbackRunsOnceTheTransportIsGone) {
  std::mutex mutex;
  std::condition_variable arrived;
  int requests = 0;
  Server server([&](Connection& connection) {
    connection.read_request();
    {
      const std::lock_guard lock(mutex);
      ++requests;
    }
    arrived.notify_one();
    connection.wait_until_closed();
  });
  connect(server);
  bool called = false;
  for (int i = 0; i < 5; ++i) {
    transport->send({.path = "/api"}, [&](const Result<kube::Response>&) { called = true; });
  }
  {
    std::unique_lock lock(mutex);
    arrived.wait(lock, [&] { return requests == 5; });
  }
  transport.reset();
  loop.post([this] { loop.stop(); });
  run();
  EXPECT_FALSE(called);
}

TEST_F(Requests, TransportMayBeDestroyedBeforeItEvenStarted) {
  Server server([](Connection& connection) { connection.wait_until_closed(); });
  for (int i = 0; i < 50; ++i) {
    connect(server);
    transport->send({.path = "/api"}, [](const Result<kube::Response>&) { FAIL(); });
    transport.reset();
  }
}

}  // namespace
}  // namespace processhub::fault
