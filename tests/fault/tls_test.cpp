// Who is trusted, and as whom the operator shows itself.
#include "fault/transport_fixture.h"

namespace processhub::fault {
namespace {

class Tls : public TransportTest {
 protected:
  static void serve(Connection& connection) {
    while (connection.read_request()) {
      connection.write(answer(200, "\"" + connection.client_name() + "\""));
    }
  }
  static void serve_once(Connection& connection) {
    if (connection.read_request()) {
      connection.write(
          answer(200, "\"" + connection.client_name() + "\"", "Connection: close\r\n"));
    }
  }
};

TEST_F(Tls, ServerOfTheConfiguredAuthorityIsTrusted) {
  Server server(serve, server_tls());
  connect(server, true);
  const auto got = get();
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(got->status, 200);
}

TEST_F(Tls, AuthorityMayBeInline) {
  Server server(serve, server_tls());
  config.ca.text = authority().certificate();
  connect(server, true);
  EXPECT_TRUE(get());
}

TEST_F(Tls, ServerOfAnotherAuthorityIsRefusedAndTheReasonSaid) {
  Authority other("someone else");
  Server server(serve, ServerTls{.identity = other.issue("server", "IP:127.0.0.1")});
  connect(server, true);
  const auto got = post();
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().kind, ErrorKind::kUnreachable);
  EXPECT_EQ(got.error().committed, Committed::kNo);
  EXPECT_NE(got.error().message.find("not trusted"), std::string::npos) << got.error().message;
}

TEST_F(Tls, CertificateOfAnotherHostIsRefused) {
  Server server(serve, ServerTls{.identity = authority().issue("server", "DNS:example.org")});
  connect(server, true);
  const auto got = get();
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().kind, ErrorKind::kUnreachable);
  EXPECT_NE(got.error().message.find("another host name"), std::string::npos)
      << got.error().message;
}

TEST_F(Tls, ServerNameOfTheKubeconfigIsExpectedInPlaceOfTheHost) {
  Server server(serve, ServerTls{.identity = authority().issue("server", "DNS:example.org")});
  config.tls_server_name = "example.org";
  connect(server, true);
  const auto got = get();
  EXPECT_TRUE(got) << got.error().message;
}

TEST_F(Tls, AnyServerIsTakenWhereVerificationIsOff) {
  Authority other("someone else");
  Server server(serve, ServerTls{.identity = other.issue("server", "DNS:nobody")});
  config.insecure_skip_tls_verify = true;
  connect(server, true);
  EXPECT_TRUE(get());
}

TEST_F(Tls, OldProtocolIsRefused) {
  ServerTls tls = server_tls();
  tls.max_version = TLS1_1_VERSION;
  Server server(serve, tls);
  connect(server, true);
  const auto got = get();
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().kind, ErrorKind::kUnreachable);
}

TEST_F(Tls, RotatedAuthorityIsTrustedByTheNextConnection) {
  Server server(serve_once, server_tls());
  connect(server, true);
  EXPECT_TRUE(get());
  Authority next("next year's authority");
  server.use({.identity = next.issue("server", "IP:127.0.0.1")});
  EXPECT_FALSE(get());
  files.put("/ca.pem", authority().certificate() + next.certificate());
  const auto got = get();
  EXPECT_TRUE(got) << got.error().message;
}

TEST_F(Tls, MissingAuthorityFileIsNamed) {
  Server server(serve, server_tls());
  config.ca.file = "/no/ca.pem";
  connect(server, true);
  const auto got = get();
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().kind, ErrorKind::kUnreachable);
  EXPECT_NE(got.error().message.find("/no/ca.pem"), std::string::npos) << got.error().message;
  // It is there a moment later.
  files.put("/no/ca.pem", authority().certificate());
  EXPECT_TRUE(get());
}

TEST_F(Tls, ClientCertificateIsShownAndRotates) {
  ServerTls tls = server_tls();
  tls.client_ca = authority().certificate();
  Server server(serve_once, tls);
  const Identity first = authority().issue("operator-1", "DNS:operator");
  files.put("/client.pem", first.certificate);
  files.put("/client.key", first.key);
  config.certificate.file = "/client.pem";
  config.key.file = "/client.key";
  connect(server, true);
  auto got = get();
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(got->body, "\"operator-1\"");
  const Identity second = authority().issue("operator-2", "DNS:operator");
  files.put("/client.pem", second.certificate);
  got = get();  // the key is not there yet
  ASSERT_FALSE(got);
  EXPECT_NE(got.error().message.find("/client.key"), std::string::npos) << got.error().message;
  EXPECT_EQ(got.error().message.find("PRIVATE"), std::string::npos);
  files.put("/client.key", second.key);
  got = get();
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(got->body, "\"operator-2\"");
}

TEST_F(Tls, ServerThatWantsACertificateRefusesWithoutOne) {
  ServerTls tls = server_tls();
  tls.client_ca = authority().certificate();
  Server server(serve, tls);
  connect(server, true);
  EXPECT_FALSE(get());
}

}  // namespace
}  // namespace processhub::fault
