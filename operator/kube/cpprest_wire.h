// The half of the transport that talks to the library, and all that runs on its thread:
// connections, tokens, certificates, deadlines. What comes in is posted to the executor.
// Private to the transport.
#pragma once

#include <array>
#include <boost/asio/ssl/context.hpp>
#include <chrono>
#include <cpprest/http_client.h>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/executor.h"
#include "base/file_reader.h"
#include "kube/cpprest_operation.h"
#include "kube/cpprest_transport.h"
#include "kube/cpprest_waiting.h"
#include "kube/credentials.h"
#include "kube/token_source.h"

namespace processhub::kube::cpprest {

// Kept alive by whatever of it is still under way on the library's thread, where all its
// private functions run.
class Wire : public std::enable_shared_from_this<Wire> {
 public:
  Wire(ConnectionConfig config, Executor& executor, const FileReader& files, const Clock& clock,
       TransportOptions options, std::weak_ptr<Waiting> waiting);

  // Any thread. What comes of it goes to the callbacks of `id`. `idle_limit`: of a stream;
  // none: an ordinary request.
  void start(uint64_t id, Request request, std::optional<std::chrono::milliseconds> idle_limit);
  // Any thread. A request to `request.server`; a TCP connection.
  void start_direct(uint64_t id, Request request);
  void start_connect(uint64_t id, std::string address, int port,
                     std::chrono::milliseconds deadline);
  // Any thread. Nobody waits for it any more.
  void drop(uint64_t id);
  // Any thread but the library's. Drops all, and returns once everything has ended.
  void stop();

 private:
  using Client = web::http::client::http_client;
  // Clients of their own for requests and for streams: neither disturbs the other's pool.
  struct Line {
    std::shared_ptr<Client> client;
    int errors = 0;  // in a row
  };

  void post(std::function<void(Wire&)> task);  // any thread

  std::shared_ptr<Client> client_for(Line& line);
  void set_up(boost::asio::ssl::context& context, const std::shared_ptr<std::string>& problem);
  template <typename Errand>
  void keep(uint64_t id, const std::shared_ptr<Errand>& errand);
  void launch(const OperationPtr& operation);
  void begin(const OperationPtr& operation, const std::string& token);
  void cancel(uint64_t id);
  void arm(const OperationPtr& operation);
  void on_data(const OperationPtr& operation, std::string_view bytes);
  void on_head(const OperationPtr& operation, const web::http::http_response& response);
  void on_end(const OperationPtr& operation, const std::optional<std::string>& problem);
  void split_lines(const OperationPtr& operation, std::string_view bytes);
  void give_up(const OperationPtr& operation, ErrorKind kind, const std::string& why);
  void answer(const OperationPtr& operation, Result<Response> result);
  [[nodiscard]] Error error_of(const Operation& operation, ErrorKind kind,
                               const std::string& why) const;
  void look_whether_stopped();
  Line& line_of(const Operation& operation) { return lines_[operation.streaming() ? 1 : 0]; }

  const ConnectionConfig config_;
  Executor& executor_;
  const FileReader& files_;
  const TransportOptions options_;
  const std::weak_ptr<Waiting> waiting_;  // locked on the core thread alone
  TokenSource token_;
  std::array<Line, 2> lines_;
  std::shared_ptr<std::string> tls_problem_;  // of the latest connection
  std::unordered_map<uint64_t, OperationPtr> operations_;
  // How to end what is under way without the library.
  std::unordered_map<uint64_t, std::function<void()>> errands_;
  std::function<void()> stopped_;
};

}  // namespace processhub::kube::cpprest
