#include "worker/http.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <charconv>
#include <memory>
#include <thread>

namespace processhub::worker {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
using boost::asio::ip::make_address;
using boost::asio::ip::tcp;

constexpr size_t kBodyLimit = 64 * 1024;
constexpr int kHttp11 = 11;

void converse(tcp::socket socket, const std::function<Answer(const Request&)>& handler) {
  beast::error_code problem;
  beast::flat_buffer buffer;
  for (;;) {
    http::request_parser<http::string_body> parser;
    parser.body_limit(kBodyLimit);
    http::read(socket, buffer, parser, problem);
    if (problem) return;
    const auto& request = parser.get();
    const Answer answer = handler({.method = std::string(request.method_string()),
                                   .path = std::string(request.target()),
                                   .body = request.body()});
    http::response<http::string_body> response(static_cast<http::status>(answer.status),
                                               request.version());
    response.set(http::field::content_type, "application/json");
    response.keep_alive(request.keep_alive());
    response.body() = answer.body + "\n";
    response.prepare_payload();
    http::write(socket, response, problem);
    if (problem || !response.keep_alive()) return;
  }
}

struct Url {
  tcp::endpoint server;
  std::string host;
  std::string path = "/";
};

std::optional<Url> parse(const std::string& text) {
  constexpr std::string_view kScheme = "http://";
  if (!text.starts_with(kScheme)) return std::nullopt;
  Url url;
  const size_t slash = text.find('/', kScheme.size());
  url.host = text.substr(kScheme.size(), slash - kScheme.size());
  if (slash != std::string::npos) url.path = text.substr(slash);
  const size_t colon = url.host.rfind(':');
  if (colon == std::string::npos) return std::nullopt;
  std::string ip = url.host.substr(0, colon);
  if (ip.starts_with('[') && ip.ends_with(']')) ip = ip.substr(1, ip.size() - 2);
  uint16_t port = 0;
  const char* const end = url.host.data() + url.host.size();
  if (std::from_chars(url.host.data() + colon + 1, end, port).ptr != end) return std::nullopt;
  beast::error_code problem;
  url.server = {make_address(ip, problem), port};
  return problem ? std::nullopt : std::optional(url);
}

}  // namespace

std::string serve(const std::string& address, uint16_t port,
                  const std::function<Answer(const Request&)>& handler) {
  boost::asio::io_context context;
  beast::error_code problem;
  const tcp::endpoint endpoint{make_address(address, problem), port};
  if (problem) return address + ": " + problem.message();
  tcp::acceptor acceptor(context);
  acceptor.open(endpoint.protocol(), problem);
  if (!problem) acceptor.set_option(tcp::acceptor::reuse_address(true), problem);
  if (!problem) acceptor.bind(endpoint, problem);
  if (!problem) acceptor.listen(boost::asio::socket_base::max_listen_connections, problem);
  while (!problem) {
    tcp::socket socket(context);
    acceptor.accept(socket, problem);
    if (problem) break;
    std::thread([peer = std::make_shared<tcp::socket>(std::move(socket)), &handler] {
      converse(std::move(*peer), handler);
    }).detach();
  }
  return problem.message();
}

std::optional<int> post(const std::string& url, const std::string& body,
                        std::chrono::milliseconds timeout) {
  const auto to = parse(url);
  if (!to) return std::nullopt;
  boost::asio::io_context context;
  beast::tcp_stream stream(context);
  beast::error_code result = boost::asio::error::would_block;
  http::request<http::string_body> request{http::verb::post, to->path, kHttp11};
  request.set(http::field::host, to->host);
  request.set(http::field::content_type, "application/json");
  request.keep_alive(false);
  request.body() = body;
  request.prepare_payload();
  beast::flat_buffer buffer;
  http::response<http::string_body> response;
  // Timeouts hold for asynchronous operations alone.
  stream.expires_after(timeout);
  stream.async_connect(to->server, [&](beast::error_code problem) {
    if (problem) return void(result = problem);
    http::async_write(stream, request, [&](beast::error_code problem, size_t) {
      if (problem) return void(result = problem);
      http::async_read(stream, buffer, response,
                       [&](beast::error_code problem, size_t) { result = problem; });
    });
  });
  context.run();
  return result ? std::nullopt : std::optional(static_cast<int>(response.result_int()));
}

}  // namespace processhub::worker
