#include "kube/cpprest_wire.h"

#include <boost/asio/post.hpp>
#include <future>
#include <openssl/crypto.h>
#include <stdexcept>
#include <utility>

#include "kube/connect_attempt.h"
#include "kube/cpprest_sink.h"
#include "kube/direct_request.h"
#include "kube/http_text.h"
#include "kube/tls.h"

namespace processhub::kube::cpprest {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

// The library's own timer must never be the first: deadlines are kept here.
constexpr std::chrono::seconds kNever{24 * 3600};

std::optional<milliseconds> retry_after(const web::http::http_headers& headers) {
  const auto found = headers.find("Retry-After");
  if (found == headers.end()) return std::nullopt;
  return parse_retry_after(found->second);
}

}  // namespace

Wire::Wire(ConnectionConfig config, Executor& executor, const FileReader& files, const Clock& clock,
           TransportOptions options, std::weak_ptr<Waiting> waiting)
    : config_(std::move(config)),
      executor_(executor),
      files_(files),
      options_(std::move(options)),
      waiting_(std::move(waiting)),
      token_(config_.token, files, clock, options_.token_lifetime) {}

void Wire::post(std::function<void(Wire&)> task) {
  boost::asio::post(library_thread(),
                    [self = shared_from_this(), task = std::move(task)] { task(*self); });
}

void Wire::start(uint64_t id, Request request, std::optional<milliseconds> idle_limit) {
  const auto operation =
      std::make_shared<Operation>(id, std::move(request), idle_limit, options_.max_line);
  post([operation](Wire& wire) { wire.launch(operation); });
}

void Wire::start_direct(uint64_t id, Request request) {
  const auto direct = std::make_shared<DirectRequest>(library_thread(), std::move(request),
                                                      options_.user_agent, options_.max_body);
  post([id, direct](Wire& wire) {
    wire.keep(id, direct);
    direct->start([self = wire.shared_from_this(), id](Result<Response> result) {
      self->errands_.erase(id);
      self->executor_.post([waiting = self->waiting_, id, result = std::move(result)]() mutable {
        if (const auto at = waiting.lock()) at->end(id, std::move(result));
      });
      self->look_whether_stopped();
    });
  });
}

void Wire::start_connect(uint64_t id, std::string address, int port, milliseconds deadline) {
  const auto attempt =
      std::make_shared<ConnectAttempt>(library_thread(), std::move(address), port, deadline);
  post([id, attempt](Wire& wire) {
    wire.keep(id, attempt);
    attempt->start([self = wire.shared_from_this(), id](Result<void> result) {
      self->errands_.erase(id);
      self->executor_.post([waiting = self->waiting_, id, result = std::move(result)]() mutable {
        if (const auto at = waiting.lock()) at->connected(id, std::move(result));
      });
      self->look_whether_stopped();
    });
  });
}

template <typename Errand>
void Wire::keep(uint64_t id, const std::shared_ptr<Errand>& errand) {
  errands_.emplace(id, [weak = std::weak_ptr(errand)] {
    if (const auto errand = weak.lock()) errand->cancel();
  });
}

void Wire::drop(uint64_t id) {
  post([id](Wire& wire) { wire.cancel(id); });
}

void Wire::stop() {
  const auto ended = std::make_shared<std::promise<void>>();
  post([ended](Wire& wire) {
    wire.stopped_ = [ended] { ended->set_value(); };
    const auto operations = wire.operations_;
    for (const auto& [id, operation] : operations) wire.cancel(id);
    const auto errands = wire.errands_;
    for (const auto& [id, end] : errands) end();
    wire.look_whether_stopped();
  });
  ended->get_future().wait();
  // What the library has queued on its thread by now goes, too, before this returns.
  const auto drained = std::make_shared<std::promise<void>>();
  boost::asio::post(library_thread(), [drained] {
    OPENSSL_thread_stop();  // at the process's end it would be too late for it
    drained->set_value();
  });
  drained->get_future().wait();
}

std::shared_ptr<Wire::Client> Wire::client_for(Line& line) {
  if (line.client != nullptr) return line.client;
  web::http::client::http_client_config config;
  config.set_timeout(kNever);
  config.set_max_redirects(0);
  config.set_validate_certificates(!config_.insecure_skip_tls_verify);
  // OpenSSL writes to the text as long as connections live, and these live no longer than
  // the client that owns this function.
  config.set_ssl_context_callback(
      [weak = weak_from_this(),
       problem = std::make_shared<std::string>()](boost::asio::ssl::context& context) {
        if (const auto self = weak.lock()) self->set_up(context, problem);
      });
  line.client = std::make_shared<Client>(web::uri(config_.server), config);
  return line.client;
}

void Wire::set_up(boost::asio::ssl::context& context, const std::shared_ptr<std::string>& problem) {
  problem->clear();
  tls_problem_ = problem;
  const auto done = set_up_tls(context.native_handle(), config_, files_, problem.get());
  // The library catches it and fails the request with these words.
  if (!done) throw std::runtime_error(done.error().message);
}

void Wire::launch(const OperationPtr& operation) {
  operations_.emplace(operation->id, operation);
  const Result<std::string> token = token_.get();
  if (!token) {
    answer(operation, tl::unexpected(token.error()));
    on_end(operation, std::nullopt);
    return;
  }
  arm(operation);
  begin(operation, *token);
}

void Wire::begin(const OperationPtr& operation, const std::string& token) {
  const auto self = shared_from_this();
  try {
    const auto client = client_for(line_of(*operation));
    const Request& from = operation->request;
    web::http::http_request request(std::string(to_string(from.method)));
    request.set_request_uri(web::uri(from.path));
    request.headers().add("Accept", from.accept);
    request.headers().add("User-Agent", options_.user_agent);
    if (!token.empty()) request.headers().add("Authorization", "Bearer " + token);
    // The library takes the name that the certificate must have from here.
    if (!config_.tls_server_name.empty()) request.headers().add("Host", config_.tls_server_name);
    if (!from.body.empty()) request.set_body(from.body, from.content_type);
    request.set_response_stream(
        Concurrency::streams::streambuf<uint8_t>(
            std::make_shared<Sink>(
                [self, operation](std::string_view bytes) { self->on_data(operation, bytes); }))
            .create_ostream());
    request.set_progress_handler(
        [operation](web::http::message_direction::direction direction, uint64_t bytes) {
          if (direction != web::http::message_direction::upload) return;
          operation->connected = true;
          // Sticky: the library may begin again on another connection.
          if (bytes >= operation->body_size) operation->sent = true;
        });
    client->request(request, operation->cancellation.get_token())
        .then([self, operation](const web::http::http_response& response) {
          self->on_head(operation, response);
          return response.content_ready();
        })
        .then([self, operation, client](const pplx::task<web::http::http_response>& task) {
          std::optional<std::string> problem;
          try {
            task.get();
          } catch (const std::exception& exception) {
            problem = exception.what();
          } catch (...) {
            problem = "unknown failure";
          }
          self->on_end(operation, problem);
        });
  } catch (const std::exception& exception) {
    on_end(operation, exception.what());
  }
}

void Wire::arm(const OperationPtr& operation) {
  const milliseconds limit = operation->idle_limit.value_or(operation->request.deadline);
  operation->timer.expires_at(operation->heard + limit);
  operation->timer.async_wait(
      [self = shared_from_this(), operation, limit](const boost::system::error_code& cancelled) {
        if (cancelled || operation->answered) return;
        if (steady_clock::now() < operation->heard + limit) return self->arm(operation);
        self->give_up(operation, ErrorKind::kTimeout,
                      (operation->streaming() ? "nothing was heard for " : "no answer within ") +
                          std::to_string(limit.count()) + " ms");
      });
}

void Wire::on_data(const OperationPtr& operation, std::string_view bytes) {
  if (operation->answered) return;
  if (operation->streaming()) operation->heard = steady_clock::now();
  if (operation->streaming() && operation->status == 200) return split_lines(operation, bytes);
  const size_t own = operation->request.body_limit;
  const size_t limit = own > 0 ? own : options_.max_body;
  if (operation->body.size() + bytes.size() > limit) {
    return give_up(operation, own > 0 ? ErrorKind::kInvalid : ErrorKind::kBroken,
                   "the answer has more than " + std::to_string(limit) + " bytes");
  }
  operation->body += bytes;
}

void Wire::on_head(const OperationPtr& operation, const web::http::http_response& response) {
  operation->status = response.status_code();
  operation->wait = retry_after(response.headers());
  line_of(*operation).errors = 0;
  if (response.status_code() == 401) token_.expire();
  if (operation->streaming()) {
    operation->heard = steady_clock::now();
    // The first of the body may have come before this.
    if (operation->status == 200 && !operation->answered) {
      executor_.post([waiting = waiting_, id = operation->id] {
        if (const auto at = waiting.lock()) at->opened(id);
      });
      split_lines(operation, std::exchange(operation->body, {}));
    }
  }
}

void Wire::split_lines(const OperationPtr& operation, std::string_view bytes) {
  std::vector<std::string> lines;
  const bool fits = operation->decoder.feed(bytes, lines);
  if (!lines.empty()) {
    size_t size = 0;
    for (const std::string& line : lines) size += line.size();
    const size_t pending = operation->pending->fetch_add(size) + size;
    executor_.post([waiting = waiting_, counter = operation->pending, id = operation->id, size,
                    lines = std::move(lines)]() mutable {
      counter->fetch_sub(size);
      if (const auto at = waiting.lock()) at->lines(id, std::move(lines));
    });
    // What is delivered counts: its reader goes on from there on a new stream.
    if (pending > options_.max_pending) {
      return give_up(operation, ErrorKind::kBroken, "its reader is too slow");
    }
  }
  if (!fits) give_up(operation, ErrorKind::kBroken, "a line is too long");
}

void Wire::on_end(const OperationPtr& operation, const std::optional<std::string>& problem) {
  // A connection that was closed while idle: the library begins anew where it notices that
  // when it reads, not when it writes the body. Nothing was carried out, as not all of the
  // request had left. The new client is for the other connections, which will be dead too.
  if (problem && !operation->answered && operation->connected && !operation->sent &&
      !std::exchange(operation->again, true)) {
    if (const Result<std::string> token = token_.get()) {
      operation->connected = false;
      line_of(*operation).client = nullptr;
      return begin(operation, *token);
    }
  }
  operation->timer.cancel();
  operations_.erase(operation->id);
  if (!operation->answered) {
    if (problem) {
      give_up(operation, operation->connected ? ErrorKind::kBroken : ErrorKind::kUnreachable,
              *problem);
    } else if (operation->streaming() && operation->status == 200 &&
               !operation->decoder.rest().empty()) {
      give_up(operation, ErrorKind::kBroken, "it ended within a line");
    } else {
      answer(operation, Response{.status = *operation->status,
                                 .body = std::move(operation->body),
                                 .retry_after = operation->wait});
    }
  }
  look_whether_stopped();
}

void Wire::cancel(uint64_t id) {
  const auto found = operations_.find(id);
  if (found == operations_.end()) return;
  const OperationPtr operation = found->second;
  operation->answered = true;
  operation->timer.cancel();
  operation->cancellation.cancel();
}

void Wire::give_up(const OperationPtr& operation, ErrorKind kind, const std::string& why) {
  Line& line = line_of(*operation);
  if (++line.errors >= options_.errors_before_new_client) {
    // Its requests under way keep the old one.
    line = {};
  }
  answer(operation, tl::unexpected(error_of(*operation, kind, why)));
  operation->timer.cancel();
  operation->cancellation.cancel();
}

Error Wire::error_of(const Operation& operation, ErrorKind kind, const std::string& why) const {
  const std::string& path = operation.request.path;
  std::string message = std::string(to_string(operation.request.method)) + " " + config_.server +
                        path.substr(0, path.find('?')) + ": " + why;
  if (!operation.connected && tls_problem_ != nullptr && !tls_problem_->empty()) {
    message += " (" + *tls_problem_ + ")";
  }
  const bool write = operation.request.method != Method::kGet;
  return {.kind = kind,
          .message = std::move(message),
          .committed = write && operation.sent ? Committed::kUnknown : Committed::kNo};
}

void Wire::answer(const OperationPtr& operation, Result<Response> result) {
  operation->answered = true;
  executor_.post([waiting = waiting_, id = operation->id, result = std::move(result)]() mutable {
    if (const auto at = waiting.lock()) at->end(id, std::move(result));
  });
}

void Wire::look_whether_stopped() {
  if (!stopped_ || !operations_.empty() || !errands_.empty()) return;
  lines_ = {};
  std::exchange(stopped_, nullptr)();
}

}  // namespace processhub::kube::cpprest
