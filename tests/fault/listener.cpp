#include "fault/listener.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

namespace processhub::fault {

Listener::Listener(const std::string& address, Kind kind) {
  sockaddr_storage storage{};
  socklen_t size = 0;
  auto* four = reinterpret_cast<sockaddr_in*>(&storage);
  auto* six = reinterpret_cast<sockaddr_in6*>(&storage);
  if (inet_pton(AF_INET, address.c_str(), &four->sin_addr) == 1) {
    four->sin_family = AF_INET;
    size = sizeof *four;
  } else if (inet_pton(AF_INET6, address.c_str(), &six->sin6_addr) == 1) {
    six->sin6_family = AF_INET6;
    size = sizeof *six;
  }
  auto* any = reinterpret_cast<sockaddr*>(&storage);
  socket_ = ::socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket_ < 0 || ::bind(socket_, any, size) != 0 ||
      ::listen(socket_, kind == Kind::kTakes ? 1024 : 0) != 0 ||
      ::getsockname(socket_, any, &size) != 0) {
    if (socket_ >= 0) ::close(socket_);
    throw std::runtime_error("cannot listen on " + address);
  }
  port_ = ntohs(size == sizeof *four ? four->sin_port : six->sin6_port);
  if (kind == Kind::kTakes) {
    thread_ = std::thread([this] { take_all(); });
  } else {
    fill(&storage, size);
  }
}

Listener::~Listener() {
  stopping_ = true;
  ::shutdown(socket_, SHUT_RDWR);
  if (thread_.joinable()) thread_.join();
  for (const int one : waiting_) ::close(one);
  ::close(socket_);
}

void Listener::take_all() {
  while (!stopping_) {
    const int one = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
    if (one < 0) continue;
    ++taken_;
    ::close(one);
  }
}

void Listener::fill(const void* address, unsigned size) {
  const auto* any = static_cast<const sockaddr*>(address);
  for (int i = 0; i < 16; ++i) {
    const int one = ::socket(any->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    waiting_.push_back(one);
    static_cast<void>(::connect(one, any, size));
    pollfd writable{.fd = one, .events = POLLOUT, .revents = 0};
    if (::poll(&writable, 1, 200) == 0) return;  // the first that is not answered
  }
  throw std::runtime_error("this machine answers more connections than it was told to");
}

}  // namespace processhub::fault
