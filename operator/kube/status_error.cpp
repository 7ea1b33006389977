#include "kube/status_error.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/text.h"
#include "kube/json_text.h"
#include "kube/projection.h"

namespace processhub::kube {
namespace {

constexpr size_t kMessageLimit = 1024;
constexpr size_t kQuoteLimit = 200;  // of a body that is no Status

const nlohmann::json* field(const nlohmann::json& object, const char* name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

std::optional<int64_t> integer(const nlohmann::json& object, const char* name) {
  const nlohmann::json* value = field(object, name);
  if (value == nullptr || !value->is_number_integer()) return std::nullopt;
  return value->get<int64_t>();
}

ErrorKind kind_of(const Status& status) {
  switch (status.code) {
    case 401:
      return ErrorKind::kUnauthorized;
    case 403:
      return ErrorKind::kForbidden;
    case 404:
      return ErrorKind::kNotFound;
    case 408:
    case 504:
      return ErrorKind::kTimeout;
    case 409:
      return status.reason == "AlreadyExists" ? ErrorKind::kAlreadyExists : ErrorKind::kConflict;
    case 410:
      return ErrorKind::kGone;
    case 422:
      return status.uid_mismatch ? ErrorKind::kConflict : ErrorKind::kUnprocessable;
    case 429:
      return ErrorKind::kTooManyRequests;
    default:
      return status.code >= 400 && status.code < 500 ? ErrorKind::kUnprocessable
                                                     : ErrorKind::kServer;
  }
}

}  // namespace

Status read_status(const nlohmann::json& object) {
  Status status;
  status.code = static_cast<int>(integer(object, "code").value_or(0));
  status.reason = clean_text(text_at(object, "reason"), kMessageLimit);
  status.message = clean_text(text_at(object, "message"), kMessageLimit);
  const nlohmann::json* details = field(object, "details");
  if (details == nullptr) return status;
  if (const auto seconds = integer(*details, "retryAfterSeconds");
      seconds && *seconds > 0 && *seconds < 86'400) {
    status.retry_after = std::chrono::seconds(*seconds);
  }
  if (const nlohmann::json* causes = field(*details, "causes");
      causes != nullptr && causes->is_array()) {
    for (const nlohmann::json& cause : *causes) {
      if (text_at(cause, "field") == "metadata.uid") status.uid_mismatch = true;
    }
  }
  return status;
}

Error to_error(const Status& status, Method method) {
  Error error{.kind = kind_of(status),
              .message = status.message,
              .http_status = status.code,
              .reason = status.reason,
              .retry_after = status.retry_after};
  if (error.message.empty()) {
    error.message = "the API server answered with code " + std::to_string(status.code) +
                    (status.reason.empty() ? "" : " (" + status.reason + ")");
  }
  if (method != Method::kGet && (status.code >= 500 || status.code == 408)) {
    error.committed = Committed::kUnknown;
  }
  return error;
}

Error to_error(const Response& response, Method method) {
  static const Projection mask{"kind", "code", "reason", "message", "details"};
  Status status;
  if (const auto body = parse_object(response.body, mask);
      body && text_at(*body, "kind") == "Status") {
    status = read_status(*body);
  } else {
    // Not the API server's own words: those of a proxy before it, or a plain-text 404.
    std::string quote =
        clean_text(std::string_view(response.body).substr(0, kQuoteLimit), kQuoteLimit);
    for (char& c : quote) {
      if (static_cast<unsigned char>(c) < ' ') c = ' ';
    }
    while (!quote.empty() && quote.back() == ' ') quote.pop_back();
    status.message = "the server answered with HTTP status " + std::to_string(response.status) +
                     " and no Kubernetes Status" + (quote.empty() ? "" : ": " + quote);
  }
  status.code = response.status;  // what the wire says counts
  if (response.retry_after) status.retry_after = response.retry_after;
  return to_error(status, method);
}

}  // namespace processhub::kube
