// One request to another server than the API server: a pod, which may be anybody's code.
// Plain HTTP over a connection of its own; no credentials, no proxy, no redirects, no second
// try. Private to the transport.
//
// Not with cpprestsdk, which keeps a whole chunk and all headers in memory before anybody can
// count them: here no more than the limit and 64 KB is ever held.
#pragma once

#include <boost/asio/io_service.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "kube/transport.h"

namespace processhub::kube::cpprest {

// On the library's thread, but for its construction. What is under way keeps it alive.
class DirectRequest : public std::enable_shared_from_this<DirectRequest> {
 public:
  using Done = std::function<void(Result<Response>)>;

  // `body_limit`: of the answer, where the request itself has none.
  DirectRequest(boost::asio::io_service& service, Request request, const std::string& user_agent,
                size_t body_limit);

  // `done` runs exactly once, also within this or cancel(), and then no descriptor is open.
  void start(Done done);
  void cancel() { give_up(ErrorKind::kCancelled, "stopped"); }

 private:
  using ErrorCode = boost::system::error_code;

  // "http://10.1.2.3:8080", "http://[fd00::1]:8080"; else kInvalid.
  [[nodiscard]] Result<boost::asio::ip::tcp::endpoint> endpoint() const;
  void write();
  void read();
  void on_read(const ErrorCode& error);
  void finish(Result<Response> result);
  void give_up(ErrorKind kind, const std::string& why);

  const Request from_;
  const std::chrono::steady_clock::time_point made_ = std::chrono::steady_clock::now();
  const size_t body_limit_;
  boost::beast::http::request<boost::beast::http::string_body> request_;
  boost::beast::http::response_parser<boost::beast::http::string_body> parser_;
  boost::beast::flat_buffer buffer_;
  boost::asio::ip::tcp::socket socket_;
  boost::asio::steady_timer timer_;
  bool sending_ = false;  // some of the request may have left
  Done done_;
};

}  // namespace processhub::kube::cpprest
