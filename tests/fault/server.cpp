#include "fault/server.h"

#include <algorithm>
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace processhub::fault {
namespace {

X509* read_certificate(const std::string& pem) {
  BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  X509* certificate = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  return certificate;
}

SSL_CTX* context_of(const ServerTls& tls) {
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  // So that a server of an old version can be played.
  SSL_CTX_set_security_level(context, 0);
  SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
  if (tls.max_version != 0) SSL_CTX_set_max_proto_version(context, tls.max_version);
  X509* certificate = read_certificate(tls.identity.certificate);
  SSL_CTX_use_certificate(context, certificate);
  X509_free(certificate);
  BIO* bio = BIO_new_mem_buf(tls.identity.key.data(), static_cast<int>(tls.identity.key.size()));
  EVP_PKEY* key = PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  SSL_CTX_use_PrivateKey(context, key);
  EVP_PKEY_free(key);
  if (!tls.client_ca.empty()) {
    X509* ca = read_certificate(tls.client_ca);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), ca);
    X509_free(ca);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  return context;
}

}  // namespace

std::string answer(int status, const std::string& body, const std::string& headers) {
  return "HTTP/1.1 " + std::to_string(status) + " Words\r\nContent-Type: application/json\r\n" +
         headers + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string chunked_head(int status) {
  return "HTTP/1.1 " + std::to_string(status) +
         " Words\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
}

std::string chunk(const std::string& data) {
  char size[20];
  snprintf(size, sizeof size, "%zx\r\n", data.size());
  return size + data + "\r\n";
}

bool Connection::read_more() {
  char bytes[4096];
  const auto count = tls_ != nullptr ? SSL_read(tls_, bytes, sizeof bytes)
                                     : static_cast<int>(::recv(socket_, bytes, sizeof bytes, 0));
  if (count <= 0) return false;
  buffer_.append(bytes, static_cast<size_t>(count));
  return true;
}

std::optional<HttpRequest> Connection::read_request() {
  size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!read_more()) return std::nullopt;
  }
  HttpRequest request;
  std::string head = buffer_.substr(0, end + 2);
  buffer_.erase(0, end + 4);
  const std::string first = head.substr(0, head.find("\r\n"));
  request.method = first.substr(0, first.find(' '));
  request.target = first.substr(first.find(' ') + 1, first.rfind(' ') - first.find(' ') - 1);
  for (size_t at = first.size() + 2; at < head.size();) {
    const size_t stop = head.find("\r\n", at);
    const std::string line = head.substr(at, stop - at);
    std::string name = line.substr(0, line.find(':'));
    std::transform(name.begin(), name.end(), name.begin(), ::tolower);
    std::string value = line.substr(std::min(line.size(), name.size() + 1));
    value.erase(0, value.find_first_not_of(' '));
    request.headers[name] = value;
    at = stop + 2;
  }
  size_t length = 0;
  if (request.headers.contains("content-length")) {
    length = std::stoul(request.headers["content-length"]);
  }
  while (buffer_.size() < length) {
    if (!read_more()) return std::nullopt;
  }
  request.body = buffer_.substr(0, length);
  buffer_.erase(0, length);
  return request;
}

bool Connection::write(const std::string& text) {
  size_t done = 0;
  while (done < text.size()) {
    const int count =
        tls_ != nullptr ? SSL_write(tls_, text.data() + done, static_cast<int>(text.size() - done))
                        : static_cast<int>(::send(socket_, text.data() + done, text.size() - done,
                                                  MSG_NOSIGNAL));
    if (count <= 0) return false;
    done += static_cast<size_t>(count);
  }
  return true;
}

void Connection::reset() {
  const linger hard{.l_onoff = 1, .l_linger = 0};
  setsockopt(socket_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
}

void Connection::wait_until_closed() {
  while (read_more()) buffer_.clear();
}

bool Connection::is_closed_within(std::chrono::milliseconds limit) const {
  pollfd peer{.fd = socket_, .events = POLLRDHUP, .revents = 0};
  return ::poll(&peer, 1, static_cast<int>(limit.count())) > 0;
}

std::string Connection::client_name() const {
  X509* certificate = tls_ != nullptr ? SSL_get1_peer_certificate(tls_) : nullptr;
  if (certificate == nullptr) return {};
  char name[256] = {};
  X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof name);
  X509_free(certificate);
  return name;
}

Server::Server(Script script, std::optional<ServerTls> tls, int port, Family family)
    : script_(std::move(script)), tls_(std::move(tls)) {
  const bool six = family == Family::kIPv6;
  listener_ = ::socket(six ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  sockaddr_in6 address6{};
  address6.sin6_family = AF_INET6;
  address6.sin6_addr = in6addr_loopback;
  address6.sin6_port = address.sin_port;
  auto* any = six ? reinterpret_cast<sockaddr*>(&address6) : reinterpret_cast<sockaddr*>(&address);
  socklen_t size = six ? sizeof address6 : sizeof address;
  if (listener_ < 0 || ::bind(listener_, any, size) != 0 || ::listen(listener_, 128) != 0 ||
      ::getsockname(listener_, any, &size) != 0) {
    if (listener_ >= 0) ::close(listener_);
    throw std::runtime_error("the test's server cannot listen");
  }
  port_ = ntohs(six ? address6.sin6_port : address.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

Server::~Server() {
  stopping_ = true;
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  ::close(listener_);
  {
    const std::lock_guard lock(mutex_);
    for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
  }
  for (std::thread& thread : threads_) thread.join();
}

void Server::use(ServerTls tls) {
  const std::lock_guard lock(mutex_);
  tls_ = std::move(tls);
}

void Server::accept_all() {
  while (!stopping_) {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) continue;
    const int on = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ++connections_;
    const std::lock_guard lock(mutex_);
    sockets_.push_back(socket);
    threads_.emplace_back([this, socket] { serve(socket); });
  }
}

void Server::serve(int socket) {
  std::optional<ServerTls> tls;
  {
    const std::lock_guard lock(mutex_);
    tls = tls_;
  }
  SSL_CTX* context = tls ? context_of(*tls) : nullptr;
  SSL* ssl = nullptr;
  bool ready = true;
  if (tls && tls->silent) {
    Connection(socket, nullptr).wait_until_closed();
    ready = false;
  } else if (tls) {
    ssl = SSL_new(context);
    SSL_set_fd(ssl, socket);
    ready = SSL_accept(ssl) == 1;
  }
  if (ready) {
    Connection connection(socket, ssl);
    script_(connection);
  }
  ERR_clear_error();
  SSL_free(ssl);
  SSL_CTX_free(context);
  const std::lock_guard lock(mutex_);
  std::erase(sockets_, socket);
  ::close(socket);
}

}  // namespace processhub::fault
