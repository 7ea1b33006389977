// The HTTP server for the kubelet and Prometheus: /healthz, /readyz, /metrics.
//
//   auto address = parse_bind_address("0.0.0.0:8080");
//   auto server = HealthServer::start(*address, readiness, metrics);
//
// It has threads of its own, so /healthz answers also while the core thread works.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "server/metrics.h"
#include "server/readiness.h"

namespace processhub::server {

struct BindAddress {
  std::string host;
  int port = 0;  // 0: any free one
};

// "host:port", "[ipv6]:port" or ":port" (all of IPv4). Error kInvalid names --bind-address.
[[nodiscard]] Result<BindAddress> parse_bind_address(std::string_view text);

class HealthServer {
 public:
  // Listens when it returns. Error kIo names --bind-address. `readiness` and
  // `metrics` must outlive the server.
  [[nodiscard]] static Result<std::unique_ptr<HealthServer>> start(const BindAddress& address,
                                                                   const Readiness& readiness,
                                                                   const Metrics& metrics);
  // Answers what has been asked, then ends the threads.
  ~HealthServer();
  HealthServer(const HealthServer&) = delete;
  HealthServer& operator=(const HealthServer&) = delete;

  // The port that it listens on.
  [[nodiscard]] int port() const;

 private:
  HealthServer();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace processhub::server
