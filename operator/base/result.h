// Errors are values: a function that can fail returns Result<T>.
//
//   Result<Config> config = load_config(path);
//   if (!config) return tl::unexpected(config.error());
//
// Exceptions stay inside the adapters of the libraries that throw them.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace processhub {

enum class ErrorKind {
  kInvalid,          // input that cannot be used: the message names the field and what to do
  kIo,               // a file or socket of this machine
  kUnauthorized,     // 401
  kForbidden,        // 403
  kNotFound,         // 404
  kConflict,         // 409: not what was read
  kAlreadyExists,    // 409 with reason AlreadyExists
  kGone,             // 410: list again
  kUnprocessable,    // 400, 415, 422: the server refuses the object
  kTooManyRequests,  // 429: wait
  kServer,           // any other 5xx
  kUnreachable,      // no connection was made, so nothing was sent
  kBroken,           // the connection ended before the whole answer was there
  kTimeout,          // the deadline passed, or the server gave the request up (504)
  kCancelled,        // we stopped it
  kNotLeader,        // refused on this side: no time is left on the lease
};

// Whether the server carried out the write that failed.
enum class Committed { kNo, kYes, kUnknown };

struct Error {
  ErrorKind kind = ErrorKind::kInvalid;
  std::string message = {};  // names the object, the field and what to do; holds no secret
  int http_status = 0;       // 0: there was no HTTP answer
  std::string reason = {};   // `reason` of the server's Status, for example "AlreadyExists"
  std::optional<std::chrono::milliseconds> retry_after = {};  // the server's Retry-After
  Committed committed = Committed::kNo;
};

// The server has looked at the object and will not have it, as opposed to not having answered
// or not now. It may all the same later: a policy may change.
[[nodiscard]] inline bool is_refusal(const Error& error) {
  return error.kind == ErrorKind::kForbidden || error.kind == ErrorKind::kUnprocessable;
}

template <typename T>
using Result = tl::expected<T, Error>;

[[nodiscard]] inline tl::unexpected<Error> fail(ErrorKind kind, std::string message) {
  return tl::unexpected(Error{.kind = kind, .message = std::move(message)});
}

[[nodiscard]] std::string_view to_string(ErrorKind kind);

}  // namespace processhub
