#include "kube/connect_attempt.h"

#include <cerrno>
#include <utility>

namespace processhub::kube::cpprest {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

// What this machine lacks.
bool is_our_own(const error_code& error) {
  switch (error.value()) {
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
    case EACCES:
    case EPERM:
      return true;
    default:
      return false;
  }
}

}  // namespace

ConnectAttempt::ConnectAttempt(boost::asio::io_service& service, std::string address, int port,
                               std::chrono::milliseconds deadline)
    : address_(std::move(address)),
      port_(port),
      deadline_(deadline),
      socket_(service),
      timer_(service) {}

void ConnectAttempt::start(Done done) {
  done_ = std::move(done);
  error_code invalid;
  const auto address = boost::asio::ip::make_address(address_, invalid);
  if (invalid) return finish(failure(ErrorKind::kInvalid, "not an IP address"));
  if (port_ < 1 || port_ > 65535) return finish(failure(ErrorKind::kInvalid, "not a port"));

  timer_.expires_at(made_ + deadline_);
  timer_.async_wait([self = shared_from_this()](const error_code& cancelled) {
    if (cancelled) return;
    self->finish(
        self->failure(ErrorKind::kTimeout,
                      "no answer within " + std::to_string(self->deadline_.count()) + " ms"));
  });
  socket_.async_connect(
      tcp::endpoint(address, static_cast<uint16_t>(port_)),
      [self = shared_from_this()](const error_code& error) {
        if (!error) return self->finish({});
        self->finish(self->failure(is_our_own(error) ? ErrorKind::kIo : ErrorKind::kUnreachable,
                                   error.message()));
      });
}

void ConnectAttempt::finish(Result<void> result) {
  if (!done_) return;
  const Done done = std::exchange(done_, nullptr);
  timer_.cancel();
  error_code ignored;
  // With a reset: an orderly close would leave each of these connections in TIME_WAIT for a
  // minute, with 1,000 nodes 60,000 of them.
  if (result) static_cast<void>(socket_.set_option(tcp::socket::linger(true, 0), ignored));
  static_cast<void>(socket_.close(ignored));
  done(std::move(result));
}

tl::unexpected<Error> ConnectAttempt::failure(ErrorKind kind, const std::string& why) const {
  return fail(kind, "connect to " + address_ + " port " + std::to_string(port_) + ": " + why);
}

}  // namespace processhub::kube::cpprest
