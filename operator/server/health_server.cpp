#include "server/health_server.h"

#include <atomic>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <fmt/core.h>
#include <httplib.h>
#include <thread>

namespace processhub::server {
namespace {

constexpr size_t kThreads = 2;
constexpr const char* kText = "text/plain; charset=utf-8";

// httplib's own options include SO_REUSEPORT, by which two processes would share
// a port without either noticing.
void only_reuse_address(int socket) {
  const int yes = 1;
  setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
}

}  // namespace

Result<BindAddress> parse_bind_address(std::string_view text) {
  const auto refuse = [&](std::string_view why) {
    return fail(ErrorKind::kInvalid,
                fmt::format("--bind-address '{}': {}; write host:port, for example 0.0.0.0:8080",
                            text, why));
  };
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return refuse("there is no port");
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);

  int port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size() || port < 0 ||
      port > 65535) {
    return refuse("the port is not a number from 0 to 65535");
  }
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
    if (host.empty()) return refuse("there is nothing between the brackets");
  } else if (host.find(':') != std::string_view::npos) {
    return refuse("an IPv6 address stands in brackets");
  } else if (host.empty()) {
    host = "0.0.0.0";
  }
  return BindAddress{.host = std::string(host), .port = port};
}

struct HealthServer::Impl {
  httplib::Server server;
  std::thread thread;
  std::atomic<bool> ended = false;
  int port = 0;
};

HealthServer::HealthServer() : impl_(std::make_unique<Impl>()) {}

Result<std::unique_ptr<HealthServer>> HealthServer::start(const BindAddress& address,
                                                          const Readiness& readiness,
                                                          const Metrics& metrics) {
  std::unique_ptr<HealthServer> made(new HealthServer());
  httplib::Server& server = made->impl_->server;
  server.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
  server.set_socket_options(only_reuse_address);
  // A kept connection would hold one of the few threads while it is idle.
  server.set_keep_alive_max_count(1);
  server.set_read_timeout(std::chrono::seconds(2));
  server.set_write_timeout(std::chrono::seconds(5));
  server.set_payload_max_length(0);

  server.Get("/healthz", [](const httplib::Request&, httplib::Response& response) {
    response.set_content("ok", kText);
  });
  server.Get("/readyz", [&readiness](const httplib::Request&, httplib::Response& response) {
    const std::string problems = readiness.problems();
    response.status = problems.empty() ? 200 : 503;
    response.set_content(problems.empty() ? "ok" : problems, kText);
  });
  server.Get("/metrics", [&metrics](const httplib::Request&, httplib::Response& response) {
    response.set_content(metrics.text(), "text/plain; version=0.0.4; charset=utf-8");
  });

  errno = 0;
  int port = address.port;
  if (port == 0) {
    port = server.bind_to_any_port(address.host);
  } else if (!server.bind_to_port(address.host, port)) {
    port = -1;
  }
  if (port < 0) {
    // errno is 0 where the host's name is what did not resolve.
    return fail(ErrorKind::kIo,
                fmt::format("--bind-address: cannot listen on {}:{}: {}", address.host,
                            address.port, errno != 0 ? std::strerror(errno) : "unknown host"));
  }
  made->impl_->port = port;
  made->impl_->thread = std::thread([impl = made->impl_.get()] {
    impl->server.listen_after_bind();
    impl->ended = true;
  });
  // stop() does nothing to a server whose loop has not begun.
  while (!server.is_running() && !made->impl_->ended) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return made;
}

HealthServer::~HealthServer() {
  impl_->server.stop();
  if (impl_->thread.joinable()) impl_->thread.join();
}

int HealthServer::port() const { return impl_->port; }

}  // namespace processhub::server
