// Connections that only try whether somebody is there.
#include <optional>
#include <stdexcept>

#include "fault/listener.h"
#include "fault/transport_fixture.h"

namespace processhub::fault {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

class Connects : public TransportTest {
 protected:
  // The API server has no part in it.
  void SetUp() override {
    TransportTest::SetUp();
    connect_to("http://127.0.0.1:1");
  }
};

TEST_F(Connects, SucceedWhereSomebodyListens) {
  const Listener listener;
  const auto got = try_to_connect("127.0.0.1", listener.port());
  EXPECT_TRUE(got) << got.error().message;
}

TEST_F(Connects, WorkWithIPv6) {
  std::optional<Listener> listener;
  try {
    listener.emplace("::1");
  } catch (const std::runtime_error&) {
    GTEST_SKIP() << "this machine has no IPv6";
  }
  const auto got = try_to_connect("::1", listener->port());
  EXPECT_TRUE(got) << got.error().message;
}

TEST_F(Connects, RefusedPortIsUnreachable) {
  int port = 0;
  {
    const Listener listener;
    port = listener.port();
  }
  const auto got = try_to_connect("127.0.0.1", port);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().kind, ErrorKind::kUnreachable);
  EXPECT_NE(got.error().message.find("127.0.0.1 port " + std::to_string(port)), std::string::npos);
}

TEST_F(Connects, SilenceEndsAtTheDeadline) {
  const Listener listener("127.0.0.1", Listener::Kind::kSilent);
  const auto start = steady_clock::now();
  const auto got = try_to_connect("127.0.0.1", listener.port(), milliseconds(200));
  EXPECT_GE(steady_clock::now() - start, milliseconds(200));
  EXPECT_LT(steady_clock::now() - start, seconds(5));
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().kind, ErrorKind::kTimeout);
  EXPECT_NE(got.error().message.find("200 ms"), std::string::npos);
}

TEST_F(Connects, WhatIsNoAddressOrPortIsInvalid) {
  for (const auto& [address, port] :
       {std::pair{"node-a", 10250}, {"", 10250}, {"127.0.0.1", 0}, {"127.0.0.1", 65536}}) {
    const auto got = try_to_connect(address, port);
    ASSERT_FALSE(got) << address;
    EXPECT_EQ(got.error().kind, ErrorKind::kInvalid);
  }
}

TEST_F(Connects, ThousandLeaveNoDescriptorBehind) {
  const Listener listener;
  ASSERT_TRUE(try_to_connect("127.0.0.1", listener.port()));
  const size_t before = open_descriptors();
  for (int round = 0; round < 10; ++round) {
    int open = 100;
    for (int i = 0; i < 100; ++i) {
      transport->connect("127.0.0.1", listener.port(), seconds(20), [&](const Result<void>& got) {
        EXPECT_TRUE(got) << got.error().message;
        if (--open == 0) loop.stop();
      });
    }
    run();
  }
  EXPECT_LE(descriptors_once_down_to(before), before);
}

TEST_F(Connects, EachIsAnsweredOnceAlsoWhereTheDeadlineIsAlreadyOver) {
  const Listener listener;
  int answers = 0;
  for (int i = 0; i < 200; ++i) {
    transport->connect("127.0.0.1", listener.port(), milliseconds(i % 2),
                       [&](const Result<void>&) { ++answers; });
  }
  while (answers < 200) {
    transport->connect("127.0.0.1", listener.port(), seconds(20),
                       [&](const Result<void>&) { loop.stop(); });
    run();
  }
  EXPECT_EQ(answers, 200);
}

TEST_F(Connects, NoCallbackRunsOnceTheTransportIsGone) {
  const Listener takes;
  const Listener silent("127.0.0.1", Listener::Kind::kSilent);
  ASSERT_TRUE(try_to_connect("127.0.0.1", takes.port()));  // the library's own are open now
  const size_t before = open_descriptors();
  bool called = false;
  for (int i = 0; i < 50; ++i) {
    for (const int port : {takes.port(), silent.port()}) {
      transport->connect("127.0.0.1", port, seconds(20),
                         [&](const Result<void>&) { called = true; });
    }
  }
  transport.reset();
  loop.post([this] { loop.stop(); });
  run();
  EXPECT_FALSE(called);
  EXPECT_LE(descriptors_once_down_to(before), before);
}

}  // namespace
}  // namespace processhub::fault
