#include "kube/status_error.h"

#include <nlohmann/json.hpp>
#include <utility>

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

std::string text(const nlohmann::json& object, const char* name) {
  const nlohmann::json* value = field(object, name);
  return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
}

std::optional<int64_t> integer(const nlohmann::json& object, const char* name) {
  const nlohmann::json* value = field(object, name);
  if (value == nullptr || !value->is_number_integer()) return std::nullopt;
  return value->get<int64_t>();
}

// The length of the UTF-8 character that `text` begins with; 0 where it begins with none.
size_t utf8_length(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const size_t length = first >= 0xC2 && first <= 0xDF   ? 2
                        : first >= 0xE0 && first <= 0xEF ? 3
                        : first >= 0xF0 && first <= 0xF4 ? 4
                                                         : 0;
  if (length == 0 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  // Overlong forms, surrogates and what is beyond U+10FFFF.
  if ((first == 0xE0 && byte(1) < 0xA0) || (first == 0xED && byte(1) > 0x9F) ||
      (first == 0xF0 && byte(1) < 0x90) || (first == 0xF4 && byte(1) > 0x8F)) {
    return 0;
  }
  return length;
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

std::string clean_text(std::string_view text, size_t limit) {
  static constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
  std::string clean;
  while (!text.empty()) {
    const size_t length = utf8_length(text);
    const std::string_view next = length == 0 ? kReplacement : text.substr(0, length);
    if (clean.size() + next.size() > limit) break;
    clean += next;
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return clean;
}

Status read_status(const nlohmann::json& object) {
  Status status;
  status.code = static_cast<int>(integer(object, "code").value_or(0));
  status.reason = clean_text(text(object, "reason"), kMessageLimit);
  status.message = clean_text(text(object, "message"), kMessageLimit);
  const nlohmann::json* details = field(object, "details");
  if (details == nullptr) return status;
  if (const auto seconds = integer(*details, "retryAfterSeconds");
      seconds && *seconds > 0 && *seconds < 86'400) {
    status.retry_after = std::chrono::seconds(*seconds);
  }
  if (const nlohmann::json* causes = field(*details, "causes");
      causes != nullptr && causes->is_array()) {
    for (const nlohmann::json& cause : *causes) {
      if (text(cause, "field") == "metadata.uid") status.uid_mismatch = true;
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
      body && text(*body, "kind") == "Status") {
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
