// One try whether a TCP connection can be made. Private to the transport.
#pragma once

#include <boost/asio/io_service.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"

namespace processhub::kube::cpprest {

// On the library's thread, but for its construction. What is under way keeps it alive.
class ConnectAttempt : public std::enable_shared_from_this<ConnectAttempt> {
 public:
  using Done = std::function<void(Result<void>)>;

  ConnectAttempt(boost::asio::io_service& service, std::string address, int port,
                 std::chrono::milliseconds deadline);

  // `done` runs exactly once, also within this or cancel(), and then no descriptor is open.
  // Errors: kUnreachable, kTimeout; kInvalid for what is no address; kIo where this machine
  // could not even try (no descriptor, no port), which says nothing of the other one.
  void start(Done done);
  void cancel() { finish(fail(ErrorKind::kCancelled, "stopped")); }

 private:
  void finish(Result<void> result);
  [[nodiscard]] tl::unexpected<Error> failure(ErrorKind kind, const std::string& why) const;

  const std::string address_;
  const int port_;
  const std::chrono::milliseconds deadline_;
  const std::chrono::steady_clock::time_point made_ = std::chrono::steady_clock::now();
  boost::asio::ip::tcp::socket socket_;
  boost::asio::steady_timer timer_;
  Done done_;
};

}  // namespace processhub::kube::cpprest
