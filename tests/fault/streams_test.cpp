// Watch streams over real sockets, to a server that misbehaves.
#include <future>
#include <map>

#include "fault/transport_fixture.h"

namespace processhub::fault {
namespace {

using std::chrono::milliseconds;

class Streams : public TransportTest {};

TEST_F(Streams, DeliverLinesInOrderHoweverTheyAreCut) {
  for (const bool tls : {false, true}) {
    Server server(
        [](Connection& connection) {
          connection.read_request();
          connection.write(chunked_head());
          connection.write(chunk("one\ntw") + chunk("o\nthree\n") + chunk("\n") + chunk("four\n"));
          connection.write(kLastChunk);
        },
        tls ? std::optional(server_tls()) : std::nullopt);
    connect(server, tls);
    const Heard heard = listen();
    EXPECT_EQ(heard.lines, (std::vector<std::string>{"one", "two", "three", "four"}));
    ASSERT_TRUE(heard.end && *heard.end) << (*heard.end).error().message;
    EXPECT_EQ((*heard.end)->status, 200);
    transport.reset();
  }
}

TEST_F(Streams, OpenedComesOnceAndBeforeAnyLine) {
  for (const bool tls : {false, true}) {
    Server server(
        [](Connection& connection) {
          connection.read_request();
          // As one piece, so that head and lines arrive together.
          connection.write(chunked_head() + chunk("one\n") + chunk("two\n") + kLastChunk);
        },
        tls ? std::optional(server_tls()) : std::nullopt);
    connect(server, tls);
    const Heard heard = listen();
    EXPECT_EQ(heard.opened, 1);
    EXPECT_EQ(heard.lines, (std::vector<std::string>{"one", "two"}));
    transport.reset();
  }
}

TEST_F(Streams, OpenedComesWithTheHeadAndWaitsForNoLine) {
  std::promise<void> accept;
  Server server([accepted = accept.get_future().share()](Connection& connection) {
    connection.read_request();
    accepted.wait();
    connection.write(chunked_head());
    connection.wait_until_closed();
  });
  connect(server);
  int opened = 0;
  const auto stream = transport->stream(
      {.path = "/watch"}, std::chrono::seconds(20),
      {.lines = [](const std::vector<std::string>&) { FAIL(); },
       .end = [](const Result<kube::Response>& result) { FAIL() << result.has_value(); },
       .opened =
           [&] {
             ++opened;
             loop.stop();
           }});
  const Timer early = loop.post_after(milliseconds(200), [this] { loop.stop(); });
  run();
  EXPECT_EQ(opened, 0);
  accept.set_value();
  run();
  EXPECT_EQ(opened, 1);
}

TEST_F(Streams, OpenedNeverComesWhereTheServerDoesNotAccept) {
  const std::map<std::string, Server::Script> scripts = {
      {"refused, with lines",
       [](Connection& connection) {
         connection.read_request();
         connection.write(chunked_head(410) + chunk("{}\n") + kLastChunk);
       }},
      {"too many requests",
       [](Connection& connection) {
         connection.read_request();
         connection.write(answer(429, "{}", "Retry-After: 1\r\n"));
       }},
      {"a success of another kind",
       [](Connection& connection) {
         connection.read_request();
         connection.write(answer(204, ""));
       }},
      {"reset",
       [](Connection& connection) {
         connection.read_request();
         connection.reset();
       }},
      {"cut within the head",
       [](Connection& connection) {
         connection.read_request();
         connection.write("HTTP/1.1 200 OK\r\nTransfer-Enc");
       }},
      {"silent",
       [](Connection& connection) {
         connection.read_request();
         connection.wait_until_closed();
       }},
  };
  for (const auto& [name, script] : scripts) {
    SCOPED_TRACE(name);
    Server server(script);
    connect(server);
    const Heard heard = listen(milliseconds(300));
    EXPECT_EQ(heard.opened, 0);
    EXPECT_TRUE(heard.lines.empty());
    EXPECT_TRUE(heard.end);
    transport.reset();
  }
}

TEST_F(Streams, DroppedAsItOpensSaysNothingMore) {
  std::promise<void> closed;
  Server server([&](Connection& connection) {
    connection.read_request();
    connection.write(chunked_head() + chunk("one\n") + kLastChunk);
    connection.wait_until_closed();
    closed.set_value();
  });
  connect(server);
  std::unique_ptr<kube::Stream> stream;
  int calls = 0;
  stream = transport->stream({.path = "/watch"}, std::chrono::seconds(20),
                             {.lines = [&](const std::vector<std::string>&) { ++calls; },
                              .end = [&](const Result<kube::Response>&) { ++calls; },
                              .opened =
                                  [&] {
                                    stream.reset();
                                    loop.stop();
                                  }});
  run();
  transport.reset();  // so that nothing is still to come
  closed.get_future().wait();
  loop.post([this] { loop.stop(); });
  run();
  EXPECT_EQ(calls, 0);
}

TEST_F(Streams, CutShortIsBrokenAfterTheLinesThatHaveCome) {
  for (const bool tls : {false, true}) {
    Server server(
        [](Connection& connection) {
          connection.read_request();
          connection.write(chunked_head() + chunk("one\n") + chunk("two\n") + "64\r\nhalf a chunk");
        },
        tls ? std::optional(server_tls()) : std::nullopt);
    connect(server, tls);
    const Heard heard = listen();
    EXPECT_EQ(heard.lines, (std::vector<std::string>{"one", "two"}));
    ASSERT_TRUE(heard.end && !*heard.end);
    EXPECT_EQ(heard.end->error().kind, ErrorKind::kBroken);
    transport.reset();
  }
}

TEST_F(Streams, EndWithinALineIsBroken) {
  Server server([](Connection& connection) {
    connection.read_request();
    connection.write(chunked_head() + chunk("one\ntw") + kLastChunk);
  });
  connect(server);
  const Heard heard = listen();
  EXPECT_EQ(heard.lines, std::vector<std::string>{"one"});
  ASSERT_TRUE(heard.end && !*heard.end);
  EXPECT_EQ(heard.end->error().kind, ErrorKind::kBroken);
}

TEST_F(Streams, ResetIsBroken) {
  Server server([](Connection& connection) {
    connection.read_request();
    connection.write(chunked_head());
    connection.reset();
  });
  connect(server);
  const Heard heard = listen();
  ASSERT_TRUE(heard.end && !*heard.end);
  EXPECT_EQ(heard.end->error().kind, ErrorKind::kBroken);
}

TEST_F(Streams, RefusalIsAnAnswerWithItsBodyAndNoLines) {
  const std::string body = "{\n  \"kind\": \"Status\",\n  \"code\": 410\n}\n";
  for (const int status : {410, 429, 500}) {
    Server server([&](Connection& connection) {
      connection.read_request();
      connection.write(answer(status, body, "Retry-After: 3\r\n"));
    });
    connect(server);
    const Heard heard = listen();
    EXPECT_TRUE(heard.lines.empty());
    ASSERT_TRUE(heard.end && *heard.end);
    EXPECT_EQ((*heard.end)->status, status);
    EXPECT_EQ((*heard.end)->body, body);
    EXPECT_EQ((*heard.end)->retry_after, std::chrono::seconds(3));
    transport.reset();
  }
}

TEST_F(Streams, SilenceBeyondTheIdleLimitIsATimeout) {
  Server server([](Connection& connection) {
    connection.read_request();
    connection.write(chunked_head() + chunk("one\n"));
    connection.wait_until_closed();
  });
  connect(server);
  const Heard heard = listen(milliseconds(300));
  EXPECT_EQ(heard.lines, std::vector<std::string>{"one"});
  ASSERT_TRUE(heard.end && !*heard.end);
  EXPECT_EQ(heard.end->error().kind, ErrorKind::kTimeout);
}

TEST_F(Streams, LineThatIsTooLongIsBroken) {
  Server server([](Connection& connection) {
    connection.read_request();
    connection.write(chunked_head() + chunk("one\n") + chunk(std::string(5000, 'x')));
    connection.wait_until_closed();
  });
  options.max_line = 1000;
  connect(server);
  const Heard heard = listen();
  EXPECT_EQ(heard.lines, std::vector<std::string>{"one"});
  ASSERT_TRUE(heard.end && !*heard.end);
  EXPECT_EQ(heard.end->error().kind, ErrorKind::kBroken);
}

TEST_F(Streams, ReaderThatIsTooSlowGetsWhatHasComeAndThenAnEnd) {
  std::promise<void> closed;
  Server server([&](Connection& connection) {
    connection.read_request();
    connection.write(chunked_head());
    for (int i = 0; i < 100; ++i) {
      if (!connection.write(chunk(std::to_string(i) + std::string(1000, 'x') + "\n"))) break;
    }
    connection.wait_until_closed();
    closed.set_value();
  });
  options.max_pending = 10'000;
  connect(server);
  Heard heard;
  const auto stream = transport->stream({.path = "/watch"}, std::chrono::seconds(20),
                                        {.lines =
                                             [&](std::vector<std::string> lines) {
                                               for (std::string& line : lines)
                                                 heard.lines.push_back(std::move(line));
                                             },
                                         .end =
                                             [&](Result<kube::Response> result) {
                                               heard.end = std::move(result);
                                               loop.stop();
                                             }});
  closed.get_future().wait();  // this thread, the reader, does nothing meanwhile
  run();
  ASSERT_FALSE(heard.lines.empty());
  EXPECT_LT(heard.lines.size(), 100U);
  for (size_t i = 0; i < heard.lines.size(); ++i) {
    EXPECT_TRUE(heard.lines[i].starts_with(std::to_string(i) + "x"));
  }
  ASSERT_TRUE(heard.end && !*heard.end);
  EXPECT_EQ(heard.end->error().kind, ErrorKind::kBroken);
}

TEST_F(Streams, DroppedByItsReaderSaysNothingMoreAndTheServerSeesItClosed) {
  std::promise<void> closed;
  Server server([&](Connection& connection) {
    connection.read_request();
    connection.write(chunked_head() + chunk("one\n") + chunk("two\n"));
    connection.wait_until_closed();
    closed.set_value();
  });
  connect(server);
  std::unique_ptr<kube::Stream> stream;
  int calls = 0;
  stream = transport->stream({.path = "/watch"}, std::chrono::seconds(20),
                             {.lines =
                                  [&](const std::vector<std::string>&) {
                                    ++calls;
                                    stream.reset();
                                    loop.stop();
                                  },
                              .end = [&](const Result<kube::Response>&) { ++calls; }});
  run();
  closed.get_future().wait();
  loop.post([this] { loop.stop(); });
  run();
  EXPECT_EQ(calls, 1);
}

TEST_F(Streams, OpeningAndClosingManyLeavesNoDescriptorBehind) {
  for (const bool tls : {false, true}) {
    Server server(
        [](Connection& connection) {
          connection.read_request();
          connection.write(chunked_head() + chunk("one\n"));
          connection.wait_until_closed();
        },
        tls ? std::optional(server_tls()) : std::nullopt);
    connect(server, tls);
    const auto open_one = [&] {
      std::unique_ptr<kube::Stream> stream =
          transport->stream({.path = "/watch"}, std::chrono::seconds(20),
                            {.lines = [&](const std::vector<std::string>&) { loop.stop(); },
                             .end = [](const Result<kube::Response>&) { FAIL(); }});
      run();
    };
    open_one();
    const size_t before = open_descriptors();
    for (int i = 0; i < 100; ++i) open_one();
    transport.reset();
    EXPECT_LE(descriptors_once_down_to(before), before);
  }
}

TEST_F(Streams, ManyRunBesideRequests) {
  Server server([](Connection& connection) {
    while (auto request = connection.read_request()) {
      if (request->target != "/watch") {
        connection.write(answer(200, "{}"));
        continue;
      }
      connection.write(chunked_head() + chunk("one\n"));
      connection.wait_until_closed();
    }
  });
  connect(server);
  std::vector<std::unique_ptr<kube::Stream>> streams;
  streams.reserve(20);
  int heard = 0;
  for (int i = 0; i < 20; ++i) {
    streams.push_back(transport->stream({.path = "/watch"}, std::chrono::seconds(20),
                                        {.lines =
                                             [&](const std::vector<std::string>&) {
                                               if (++heard == 20) loop.stop();
                                             },
                                         .end = [](const Result<kube::Response>&) { FAIL(); }}));
  }
  run();
  EXPECT_EQ(heard, 20);
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(get());
}

TEST_F(Streams, TransportMayGoBeforeItsStreams) {
  Server server([](Connection& connection) {
    connection.read_request();
    connection.write(chunked_head() + chunk("one\n"));
    connection.wait_until_closed();
  });
  connect(server);
  bool called = false;
  const auto stream =
      transport->stream({.path = "/watch"}, std::chrono::seconds(20),
                        {.lines = [&](const std::vector<std::string>&) { loop.stop(); },
                         .end = [&](const Result<kube::Response>&) { called = true; }});
  run();
  transport.reset();
  loop.post([this] { loop.stop(); });
  run();
  EXPECT_FALSE(called);
}

}  // namespace
}  // namespace processhub::fault
