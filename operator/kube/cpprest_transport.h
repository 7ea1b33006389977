// Transport over HTTP/1.1 with cpprestsdk. No file but those called cpprest_* knows the library.
// What goes elsewhere than to the API server is on the library's thread, too, but over Boost's
// own sockets (direct_request.h, connect_attempt.h).
//
//   int main() {
//     prepare_process();  // before anything else
//     ...
//     CpprestTransport transport(config, loop, files, clock);
//
// The library runs on one thread of its own. Everything of it happens there: connections,
// tokens, certificates; what comes in is posted to the executor. CA, client certificate and
// token are read again as they rotate. Redirects are not followed.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/executor.h"
#include "base/file_reader.h"
#include "kube/credentials.h"
#include "kube/transport.h"

namespace processhub::kube {

namespace cpprest {
struct Waiting;  // the callbacks, on the core thread
class Wire;      // all that runs on the library's thread
}  // namespace cpprest

// Sets up what is one per process: the library's thread, OpenSSL's default roots. Call it
// first in main, before any thread exists. A second call does nothing.
void prepare_process();

struct TransportOptions {
  std::string user_agent = "processhub-operator";
  size_t max_body = 64 << 20;        // bytes of an answer; more is kBroken
  size_t max_line = 64 << 20;        // bytes of a line of a stream; more is kBroken
  size_t max_pending = 64 << 20;     // bytes that wait for the core thread; more ends the stream
  int errors_before_new_client = 3;  // transport errors in a row
  std::chrono::milliseconds token_lifetime = std::chrono::seconds(10);
};

class CpprestTransport final : public Transport {
 public:
  // `executor`, `files` and `clock` outlive the transport; the latter two are also used on
  // the library's thread.
  CpprestTransport(ConnectionConfig config, Executor& executor, const FileReader& files,
                   const Clock& clock, TransportOptions options = {});
  // Core thread. Cancels what is under way and waits until it has ended; after that no
  // callback runs.
  ~CpprestTransport() override;
  CpprestTransport(const CpprestTransport&) = delete;
  CpprestTransport& operator=(const CpprestTransport&) = delete;

  // Also kIo and kInvalid, nothing having been sent: the token cannot be read.
  void send(Request request, std::function<void(Result<Response>)> done) override;
  void connect(std::string address, int port, std::chrono::milliseconds deadline,
               std::function<void(Result<void>)> done) override;
  [[nodiscard]] std::unique_ptr<Stream> stream(Request request,
                                               std::chrono::milliseconds idle_limit,
                                               StreamCallbacks callbacks) override;

 private:
  std::shared_ptr<cpprest::Waiting> waiting_;
  std::shared_ptr<cpprest::Wire> wire_;
  uint64_t next_id_ = 1;
};

}  // namespace processhub::kube
