#include "kube/direct_request.h"

#include <algorithm>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <charconv>
#include <utility>

#include "kube/http_text.h"

namespace processhub::kube::cpprest {
namespace {

namespace http = boost::beast::http;
using boost::asio::ip::tcp;

constexpr size_t kHeadLimit = 16 << 10;
constexpr size_t kBufferLimit = 64 << 10;
constexpr std::string_view kScheme = "http://";

boost::beast::string_view view(std::string_view text) { return {text.data(), text.size()}; }

// Anything else would end the request's first line, or begin another request.
bool is_target(std::string_view path) {
  return path.starts_with('/') &&
         std::all_of(path.begin(), path.end(), [](char c) { return c > ' ' && c < 0x7F; });
}

}  // namespace

DirectRequest::DirectRequest(boost::asio::io_service& service, Request request,
                             const std::string& user_agent, size_t body_limit)
    : from_(std::move(request)),
      body_limit_(from_.body_limit > 0 ? from_.body_limit : body_limit),
      buffer_(kBufferLimit),
      socket_(service),
      timer_(service) {
  request_.version(11);
  request_.method_string(view(to_string(from_.method)));
  request_.target(from_.path);
  request_.set(http::field::host,
               from_.server.substr(std::min(kScheme.size(), from_.server.size())));
  request_.set(http::field::user_agent, user_agent);
  request_.set(http::field::accept, from_.accept);
  request_.set(http::field::connection, "close");
  if (!from_.content_type.empty()) request_.set(http::field::content_type, from_.content_type);
  request_.body() = from_.body;
  request_.prepare_payload();
  parser_.header_limit(kHeadLimit);
  parser_.body_limit(body_limit_);
}

Result<tcp::endpoint> DirectRequest::endpoint() const {
  std::string_view text = from_.server;
  const auto wrong = fail(ErrorKind::kInvalid, "the server must be http://IP:PORT");
  if (!text.starts_with(kScheme)) return wrong;
  text.remove_prefix(kScheme.size());
  const bool bracket = text.starts_with('[');
  const size_t end = bracket ? text.find(']') : text.find(':');
  if (end == std::string_view::npos) return wrong;
  const size_t colon = bracket ? end + 1 : end;
  if (colon >= text.size() || text[colon] != ':') return wrong;
  ErrorCode invalid;
  const auto address = boost::asio::ip::make_address(
      std::string(bracket ? text.substr(1, end - 1) : text.substr(0, end)), invalid);
  if (invalid || address.is_v6() != bracket) return wrong;
  const std::string_view digits = text.substr(colon + 1);
  uint16_t port = 0;
  const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc() || stop != digits.data() + digits.size() || port == 0) return wrong;
  return tcp::endpoint(address, port);
}

void DirectRequest::start(Done done) {
  done_ = std::move(done);
  const auto to = endpoint();
  if (!to) return give_up(to.error().kind, to.error().message);
  if (!is_target(from_.path)) {
    return give_up(ErrorKind::kInvalid, "the path must begin with / and be percent-encoded");
  }
  timer_.expires_at(made_ + from_.deadline);
  timer_.async_wait([self = shared_from_this()](const ErrorCode& cancelled) {
    if (cancelled) return;
    self->give_up(ErrorKind::kTimeout,
                  "no answer within " + std::to_string(self->from_.deadline.count()) + " ms");
  });
  socket_.async_connect(*to, [self = shared_from_this()](const ErrorCode& error) {
    if (!self->done_) return;
    if (error) return self->give_up(ErrorKind::kUnreachable, error.message());
    self->write();
  });
}

void DirectRequest::write() {
  sending_ = true;
  http::async_write(socket_, request_, [self = shared_from_this()](const ErrorCode& error, size_t) {
    if (!self->done_) return;
    // A server may refuse a body before it has read it all: its answer is there to be read.
    if (error && error != boost::asio::error::broken_pipe &&
        error != boost::asio::error::connection_reset) {
      return self->give_up(ErrorKind::kBroken, error.message());
    }
    self->read();
  });
}

void DirectRequest::read() {
  // The head first: Beast 1.74 forgets that a Content-Length is beyond the limit where some of
  // the body has come along with it and both are read as one.
  http::async_read_header(
      socket_, buffer_, parser_, [self = shared_from_this()](const ErrorCode& error, size_t) {
        if (error || self->parser_.is_done() || !self->done_) return self->on_read(error);
        http::async_read(self->socket_, self->buffer_, self->parser_,
                         [self](const ErrorCode& failed, size_t) { self->on_read(failed); });
      });
}

void DirectRequest::on_read(const ErrorCode& error) {
  if (!done_) return;
  if (error == http::error::body_limit) {
    return give_up(ErrorKind::kInvalid,
                   "the answer has more than " + std::to_string(body_limit_) + " bytes");
  }
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return give_up(ErrorKind::kInvalid, "the head of the answer is too large");
  }
  if (error == http::error::end_of_stream) {
    return give_up(ErrorKind::kBroken, "the connection was closed without an answer");
  }
  if (error) return give_up(ErrorKind::kBroken, error.message());
  auto& answer = parser_.get();
  const auto wait = answer[http::field::retry_after];
  finish(Response{.status = static_cast<int>(answer.result_int()),
                  .body = std::move(answer.body()),
                  .retry_after = parse_retry_after({wait.data(), wait.size()})});
}

void DirectRequest::finish(Result<Response> result) {
  if (!done_) return;
  const Done done = std::exchange(done_, nullptr);
  timer_.cancel();
  ErrorCode ignored;
  static_cast<void>(socket_.close(ignored));
  done(std::move(result));
}

void DirectRequest::give_up(ErrorKind kind, const std::string& why) {
  const bool write = from_.method != Method::kGet;
  finish(
      tl::unexpected(Error{.kind = kind,
                           .message = std::string(to_string(from_.method)) + " " + from_.server +
                                      from_.path.substr(0, from_.path.find('?')) + ": " + why,
                           .committed = write && sending_ ? Committed::kUnknown : Committed::kNo}));
}

}  // namespace processhub::kube::cpprest
