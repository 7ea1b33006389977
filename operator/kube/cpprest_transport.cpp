#include "kube/cpprest_transport.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cpprest/http_client.h>
#include <future>
#include <openssl/crypto.h>
#include <pplx/threadpool.h>
#include <stdexcept>
#include <unordered_map>
#include <utility>

#include "kube/line_decoder.h"
#include "kube/tls.h"
#include "kube/token_source.h"

namespace processhub::kube {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

boost::asio::io_service& library_thread() {
  return crossplat::threadpool::shared_instance().service();
}

std::string name_of(Method method) {
  switch (method) {
    case Method::kGet:
      return "GET";
    case Method::kPost:
      return "POST";
    case Method::kPut:
      return "PUT";
    case Method::kPatch:
      return "PATCH";
    case Method::kDelete:
      return "DELETE";
  }
  return "GET";
}

// The library's own timer must never be the first: deadlines are kept here.
constexpr std::chrono::seconds kNever{24 * 3600};

// A Retry-After in seconds; a date, which the API server never sends, is left out.
std::optional<milliseconds> retry_after(const web::http::http_headers& headers) {
  const auto found = headers.find("Retry-After");
  if (found == headers.end()) return std::nullopt;
  const std::string& text = found->second;
  if (text.empty() || text.size() > 5 ||
      text.find_first_not_of("0123456789") != std::string::npos) {
    return std::nullopt;
  }
  return std::chrono::seconds(std::stoi(text));
}

// Where the library writes the body of an answer. It writes on its one thread and takes no
// failure: a task that fails hangs the request, an exception ends the process.
class Sink final : public Concurrency::streams::details::streambuf_state_manager<uint8_t> {
 public:
  using OnData = std::function<void(std::string_view)>;
  explicit Sink(OnData on_data)
      : streambuf_state_manager<uint8_t>(std::ios_base::out), on_data_(std::move(on_data)) {}

  bool can_seek() const override { return false; }
  bool has_size() const override { return false; }
  size_t buffer_size(std::ios_base::openmode) const override { return 0; }
  void set_buffer_size(size_t, std::ios_base::openmode) override {}
  size_t in_avail() const override { return 0; }
  pos_type getpos(std::ios_base::openmode) const override { return pos_type(off_type(-1)); }
  pos_type seekpos(pos_type, std::ios_base::openmode) override { return pos_type(off_type(-1)); }
  pos_type seekoff(off_type, std::ios_base::seekdir, std::ios_base::openmode) override {
    return pos_type(off_type(-1));
  }
  bool acquire(uint8_t*& pointer, size_t& count) override {
    pointer = nullptr;
    count = 0;
    return false;
  }
  void release(uint8_t*, size_t) override {}

 protected:
  pplx::task<int_type> _putc(uint8_t byte) override {
    take(&byte, 1);
    return pplx::task_from_result<int_type>(byte);
  }
  pplx::task<size_t> _putn(const uint8_t* bytes, size_t count) override {
    take(bytes, count);
    return pplx::task_from_result(count);
  }
  pplx::task<bool> _sync() override { return pplx::task_from_result(true); }
  uint8_t* _alloc(size_t) override { return nullptr; }
  void _commit(size_t) override {}

  // The reading half, which is never used.
  pplx::task<int_type> _bumpc() override { return pplx::task_from_result(traits::eof()); }
  int_type _sbumpc() override { return traits::eof(); }
  pplx::task<int_type> _getc() override { return pplx::task_from_result(traits::eof()); }
  int_type _sgetc() override { return traits::eof(); }
  pplx::task<int_type> _nextc() override { return pplx::task_from_result(traits::eof()); }
  pplx::task<int_type> _ungetc() override { return pplx::task_from_result(traits::eof()); }
  pplx::task<size_t> _getn(uint8_t*, size_t) override { return pplx::task_from_result(size_t{0}); }
  size_t _scopy(uint8_t*, size_t) override { return 0; }

 private:
  void take(const uint8_t* bytes, size_t count) noexcept {
    on_data_({reinterpret_cast<const char*>(bytes), count});
  }

  OnData on_data_;
};

// One request or stream. The library's thread alone, but for `pending`.
struct Operation {
  Operation(uint64_t number, Request what, std::optional<milliseconds> idle, size_t max_line)
      : id(number),
        request(std::move(what)),
        idle_limit(idle),
        body_size(request.body.size()),
        decoder(max_line),
        timer(library_thread()) {}

  [[nodiscard]] bool streaming() const { return idle_limit.has_value(); }

  const uint64_t id;
  Request request;
  const std::optional<milliseconds> idle_limit;  // none: an ordinary request
  const size_t body_size;

  pplx::cancellation_token_source cancellation;
  bool connected = false;  // the head of the request has left
  bool sent = false;       // all of it has left
  bool again = false;      // this is the second try
  bool answered = false;   // its end has been told to the core thread, or nobody asks
  std::optional<int> status;
  std::optional<milliseconds> wait;  // Retry-After
  std::string body;                  // of the answer; of a stream only before or without a 200
  LineDecoder decoder;
  boost::asio::steady_timer timer;
  steady_clock::time_point heard = steady_clock::now();
  std::shared_ptr<std::atomic<size_t>> pending = std::make_shared<std::atomic<size_t>>(0);
};
using OperationPtr = std::shared_ptr<Operation>;

}  // namespace

struct CpprestTransport::Waiting {
  std::unordered_map<uint64_t, std::function<void(Result<Response>)>> requests;
  std::unordered_map<uint64_t, std::shared_ptr<StreamCallbacks>> streams;

  void end(uint64_t id, Result<Response> result) {
    if (const auto found = requests.find(id); found != requests.end()) {
      const auto done = std::move(found->second);
      requests.erase(found);
      done(std::move(result));
    } else if (const auto stream = streams.find(id); stream != streams.end()) {
      const auto callbacks = stream->second;
      streams.erase(stream);
      callbacks->end(std::move(result));
    }
  }

  void opened(uint64_t id) {
    const auto stream = streams.find(id);
    if (stream == streams.end() || !stream->second->opened) return;
    const auto callbacks = stream->second;  // kept while it runs: it may drop the stream
    callbacks->opened();
  }

  void lines(uint64_t id, std::vector<std::string> lines) {
    const auto stream = streams.find(id);
    if (stream == streams.end()) return;
    const auto callbacks = stream->second;  // kept while it runs: it may drop the stream
    callbacks->lines(std::move(lines));
  }
};

// All but the constructor, post() and stop() runs on the library's thread. Kept alive by
// whatever of it is still under way there.
class CpprestTransport::Wire : public std::enable_shared_from_this<Wire> {
 public:
  Wire(ConnectionConfig config, Executor& executor, const FileReader& files, const Clock& clock,
       TransportOptions options, std::weak_ptr<Waiting> waiting)
      : config_(std::move(config)),
        executor_(executor),
        files_(files),
        options_(std::move(options)),
        waiting_(std::move(waiting)),
        token_(config_.token, files, clock, options_.token_lifetime) {}

  // Any thread.
  void post(std::function<void(Wire&)> task) {
    boost::asio::post(library_thread(),
                      [self = shared_from_this(), task = std::move(task)] { task(*self); });
  }

  // Any thread but the library's. Returns once everything has ended.
  void stop() {
    const auto ended = std::make_shared<std::promise<void>>();
    post([ended](Wire& wire) {
      wire.stopped_ = [ended] { ended->set_value(); };
      const auto operations = wire.operations_;
      for (const auto& [id, operation] : operations) wire.drop(id);
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

  void start(const OperationPtr& operation);
  // Nobody waits for it any more.
  void drop(uint64_t id);

  [[nodiscard]] size_t max_line() const { return options_.max_line; }

 private:
  using Client = web::http::client::http_client;
  // Clients of their own for requests and for streams: neither disturbs the other's pool.
  struct Line {
    std::shared_ptr<Client> client;
    int errors = 0;  // in a row
  };

  std::shared_ptr<Client> client_for(Line& line);
  void set_up(boost::asio::ssl::context& context, const std::shared_ptr<std::string>& problem);
  void begin(const OperationPtr& operation, const std::string& token);
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
  std::function<void()> stopped_;
};

std::shared_ptr<CpprestTransport::Wire::Client> CpprestTransport::Wire::client_for(Line& line) {
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

void CpprestTransport::Wire::set_up(boost::asio::ssl::context& context,
                                    const std::shared_ptr<std::string>& problem) {
  problem->clear();
  tls_problem_ = problem;
  const auto done = set_up_tls(context.native_handle(), config_, files_, problem.get());
  // The library catches it and fails the request with these words.
  if (!done) throw std::runtime_error(done.error().message);
}

void CpprestTransport::Wire::start(const OperationPtr& operation) {
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

void CpprestTransport::Wire::begin(const OperationPtr& operation, const std::string& token) {
  const auto self = shared_from_this();
  try {
    const auto client = client_for(line_of(*operation));
    const Request& from = operation->request;
    web::http::http_request request(name_of(from.method));
    request.set_request_uri(web::uri(from.path));
    request.headers().add("Accept", "application/json");
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

void CpprestTransport::Wire::arm(const OperationPtr& operation) {
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

void CpprestTransport::Wire::on_data(const OperationPtr& operation, std::string_view bytes) {
  if (operation->answered) return;
  if (operation->streaming()) operation->heard = steady_clock::now();
  if (operation->streaming() && operation->status == 200) return split_lines(operation, bytes);
  if (operation->body.size() + bytes.size() > options_.max_body) {
    return give_up(operation, ErrorKind::kBroken, "the answer is too large");
  }
  operation->body += bytes;
}

void CpprestTransport::Wire::on_head(const OperationPtr& operation,
                                     const web::http::http_response& response) {
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

void CpprestTransport::Wire::split_lines(const OperationPtr& operation, std::string_view bytes) {
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

void CpprestTransport::Wire::on_end(const OperationPtr& operation,
                                    const std::optional<std::string>& problem) {
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

void CpprestTransport::Wire::drop(uint64_t id) {
  const auto found = operations_.find(id);
  if (found == operations_.end()) return;
  const OperationPtr operation = found->second;
  operation->answered = true;
  operation->timer.cancel();
  operation->cancellation.cancel();
}

void CpprestTransport::Wire::give_up(const OperationPtr& operation, ErrorKind kind,
                                     const std::string& why) {
  Line& line = line_of(*operation);
  if (++line.errors >= options_.errors_before_new_client) {
    // Its requests under way keep the old one.
    line = {};
  }
  answer(operation, tl::unexpected(error_of(*operation, kind, why)));
  operation->timer.cancel();
  operation->cancellation.cancel();
}

Error CpprestTransport::Wire::error_of(const Operation& operation, ErrorKind kind,
                                       const std::string& why) const {
  const std::string& path = operation.request.path;
  std::string message = name_of(operation.request.method) + " " + config_.server +
                        path.substr(0, path.find('?')) + ": " + why;
  if (!operation.connected && tls_problem_ != nullptr && !tls_problem_->empty()) {
    message += " (" + *tls_problem_ + ")";
  }
  const bool write = operation.request.method != Method::kGet;
  return {.kind = kind,
          .message = std::move(message),
          .committed = write && operation.sent ? Committed::kUnknown : Committed::kNo};
}

void CpprestTransport::Wire::answer(const OperationPtr& operation, Result<Response> result) {
  operation->answered = true;
  executor_.post([waiting = waiting_, id = operation->id, result = std::move(result)]() mutable {
    if (const auto at = waiting.lock()) at->end(id, std::move(result));
  });
}

void CpprestTransport::Wire::look_whether_stopped() {
  if (!stopped_ || !operations_.empty()) return;
  lines_ = {};
  std::exchange(stopped_, nullptr)();
}

class CpprestTransport::StreamHandle final : public Stream {
 public:
  StreamHandle(uint64_t id, const std::shared_ptr<Waiting>& waiting,
               const std::shared_ptr<Wire>& wire)
      : id_(id), waiting_(waiting), wire_(wire) {}

  ~StreamHandle() override {
    if (const auto waiting = waiting_.lock()) waiting->streams.erase(id_);
    if (const auto wire = wire_.lock()) {
      wire->post([id = id_](Wire& on_its_thread) { on_its_thread.drop(id); });
    }
  }

 private:
  uint64_t id_;
  std::weak_ptr<Waiting> waiting_;
  std::weak_ptr<Wire> wire_;
};

CpprestTransport::CpprestTransport(ConnectionConfig config, Executor& executor,
                                   const FileReader& files, const Clock& clock,
                                   TransportOptions options)
    : waiting_(std::make_shared<Waiting>()),
      wire_(std::make_shared<Wire>(std::move(config), executor, files, clock, std::move(options),
                                   waiting_)) {
  prepare_process();
}

CpprestTransport::~CpprestTransport() { wire_->stop(); }

void CpprestTransport::send(Request request, std::function<void(Result<Response>)> done) {
  const uint64_t id = next_id_++;
  waiting_->requests.emplace(id, std::move(done));
  const auto operation =
      std::make_shared<Operation>(id, std::move(request), std::nullopt, wire_->max_line());
  wire_->post([operation](Wire& wire) { wire.start(operation); });
}

std::unique_ptr<Stream> CpprestTransport::stream(Request request, milliseconds idle_limit,
                                                 StreamCallbacks callbacks) {
  const uint64_t id = next_id_++;
  waiting_->streams.emplace(id, std::make_shared<StreamCallbacks>(std::move(callbacks)));
  const auto operation =
      std::make_shared<Operation>(id, std::move(request), idle_limit, wire_->max_line());
  wire_->post([operation](Wire& wire) { wire.start(operation); });
  return std::make_unique<StreamHandle>(id, waiting_, wire_);
}

void prepare_process() {
  static const bool done = [] {
    disable_default_roots();
    crossplat::threadpool::initialize_with_threads(1);
    return true;
  }();
  static_cast<void>(done);
}

}  // namespace processhub::kube
