#include "base/result.h"

namespace processhub {

std::string_view to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalid:
      return "Invalid";
    case ErrorKind::kIo:
      return "IO";
    case ErrorKind::kUnauthorized:
      return "Unauthorized";
    case ErrorKind::kForbidden:
      return "Forbidden";
    case ErrorKind::kNotFound:
      return "NotFound";
    case ErrorKind::kConflict:
      return "Conflict";
    case ErrorKind::kAlreadyExists:
      return "AlreadyExists";
    case ErrorKind::kGone:
      return "Gone";
    case ErrorKind::kUnprocessable:
      return "Unprocessable";
    case ErrorKind::kTooManyRequests:
      return "TooManyRequests";
    case ErrorKind::kServer:
      return "ServerError";
    case ErrorKind::kUnreachable:
      return "Unreachable";
    case ErrorKind::kBroken:
      return "BrokenConnection";
    case ErrorKind::kTimeout:
      return "Timeout";
    case ErrorKind::kCancelled:
      return "Cancelled";
    case ErrorKind::kNotLeader:
      return "NotLeader";
  }
  return "Unknown";
}

}  // namespace processhub
