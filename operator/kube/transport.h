// The way out: HTTP requests and watch streams to the API server, requests to pods, and
// connections that only try whether a node is reached.
//
// The seam that tests replace (in-memory API server) and that keeps the HTTP
// library behind one class. Paths are absolute, escaped, and may carry a query
// ("/api/v1/pods?limit=500"); host, TLS and credentials are the implementation's.
//
// Threads: all methods are called on the core thread, and every callback runs on
// it, never from within the call itself.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace processhub::kube {

enum class Method { kGet, kPost, kPut, kPatch, kDelete };

struct Request {
  // Another server than the API server, a pod: "http://10.1.2.3:8080", "http://[fd00::1]:8080".
  // No credentials go there, no proxy is used, and connections are not kept. Not for a stream.
  std::string server = {};
  Method method = Method::kGet;
  std::string path;
  std::string content_type = {};  // of `body`; empty without one
  std::string body = {};
  std::string accept = "application/json";
  std::chrono::milliseconds deadline = std::chrono::seconds(30);  // for the whole answer
  // More than so many bytes of an answer are not read: kInvalid. 0: the transport's own limit.
  size_t body_limit = 0;
};

// An HTTP answer of any status.
struct Response {
  int status = 0;
  std::string body = {};
  std::optional<std::chrono::milliseconds> retry_after = {};
};

// An open stream. Destroying it ends the stream; no callback runs after that.
class Stream {
 public:
  virtual ~Stream() = default;
};

struct StreamCallbacks {
  // Complete lines, without their newline, in order; never empty.
  std::function<void(std::vector<std::string>)> lines;
  // Once, last. A value: the server ended the stream in order (status 200), or
  // answered with the given other status and body. An error: the stream broke.
  std::function<void(Result<Response>)> end;
  // Once, before any line: the server has answered 200. May be empty.
  std::function<void()> opened = {};
};

class Transport {
 public:
  virtual ~Transport() = default;

  // `done` runs exactly once, unless the transport is destroyed before. Errors:
  // kUnreachable (no connection, so nothing was sent), kBroken, kTimeout; kIo and kInvalid
  // where the credentials cannot be read. `committed` is unknown for a write of which all
  // had left, else no. The library may send a request twice by itself: every write is
  // idempotent or carries a precondition.
  virtual void send(Request request, std::function<void(Result<Response>)> done) = 0;

  // A GET whose answer is read line by line. `idle_limit`: the longest silence
  // before the stream counts as broken (kTimeout). `request.deadline` is not used.
  [[nodiscard]] virtual std::unique_ptr<Stream> stream(Request request,
                                                       std::chrono::milliseconds idle_limit,
                                                       StreamCallbacks callbacks) = 0;

  // Whether a TCP connection to `address` (an IP) can be made within `deadline`; it is closed
  // at once. `done` runs exactly once, unless the transport is destroyed before. Errors:
  // kUnreachable, kTimeout; kInvalid for what is no address or port; kIo where this machine
  // could not even try, which says nothing of the other one.
  virtual void connect(std::string address, int port, std::chrono::milliseconds deadline,
                       std::function<void(Result<void>)> done) = 0;
};

}  // namespace processhub::kube
