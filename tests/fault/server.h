// A server that does to its clients whatever a test wants: on raw sockets, with or without
// TLS, it cuts answers short, resets, keeps silent. One thread a connection runs the script.
//
//   Server server([](Connection& c) {
//     while (c.read_request()) c.write(answer(200, "{}"));
//   });
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <openssl/ssl.h>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "fault/pki.h"

namespace processhub::fault {

struct HttpRequest {
  std::string method;
  std::string target;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

// A whole answer with Content-Length.
[[nodiscard]] std::string answer(int status, const std::string& body,
                                 const std::string& headers = {});
// The head of an answer in chunks, and one chunk of it.
[[nodiscard]] std::string chunked_head(int status = 200);
[[nodiscard]] std::string chunk(const std::string& data);
inline constexpr const char* kLastChunk = "0\r\n\r\n";

class Connection {
 public:
  Connection(int socket, SSL* tls) : socket_(socket), tls_(tls) {}
  // None once the peer has closed the connection.
  std::optional<HttpRequest> read_request();
  // False once the peer has closed the connection.
  bool write(const std::string& text);
  // Ends it with a reset (RST) in place of an orderly close.
  void reset();
  // Reads, and drops, until the peer has closed the connection or the server is stopped.
  void wait_until_closed();
  // Whether that comes to pass within `limit`; reads nothing.
  [[nodiscard]] bool is_closed_within(std::chrono::milliseconds limit) const;
  // Subject's common name of the client certificate; empty without one.
  [[nodiscard]] std::string client_name() const;

 private:
  bool read_more();

  int socket_;
  SSL* tls_;
  std::string buffer_;
};

struct ServerTls {
  Identity identity;
  std::string client_ca = {};  // PEM; not empty: a client certificate of it is required
  int max_version = 0;         // 0: the newest
  bool silent = false;         // never answers the handshake
};

class Server {
 public:
  using Script = std::function<void(Connection&)>;
  enum class Family { kIPv4, kIPv6 };
  // On the loopback. Throws where it cannot listen: a machine may have no IPv6.
  explicit Server(Script script, std::optional<ServerTls> tls = {}, int port = 0,
                  Family family = Family::kIPv4);
  ~Server();
  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] int connections() const { return connections_; }
  void use(ServerTls tls);  // for the connections to come

 private:
  void accept_all();
  void serve(int socket);

  Script script_;
  std::mutex mutex_;
  std::optional<ServerTls> tls_;
  std::vector<int> sockets_;  // open ones
  std::vector<std::thread> threads_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> stopping_ = false;
  std::atomic<int> connections_ = 0;
  std::thread acceptor_;
};

}  // namespace processhub::fault
