// The API server's refusals (HTTP status and the Status object in the body, or an
// ERROR event of a watch) as Errors.
#pragma once

#include <chrono>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "base/result.h"
#include "kube/transport.h"

namespace processhub::kube {

// What is read of a metav1.Status.
struct Status {
  int code = 0;
  std::string reason = {};                                    // "AlreadyExists", "Expired", ...
  std::string message = {};                                   // valid UTF-8 of at most 1024 bytes
  std::optional<std::chrono::milliseconds> retry_after = {};  // details.retryAfterSeconds
  bool uid_mismatch = false;  // refused because metadata.uid is not the object's
};

// Fields that are absent or of a wrong type are left at their defaults.
[[nodiscard]] Status read_status(const nlohmann::json& object);

// The kind follows code and reason (see ErrorKind). `method` decides `committed`: a
// write that met 5xx may have been carried out, one that met 4xx was not. A 422 on
// metadata.uid is a kConflict like the 409 that other requests get for it.
[[nodiscard]] Error to_error(const Status& status, Method method);

// Precondition: `response.status` is not 2xx. A body that is no Status is quoted, a little.
[[nodiscard]] Error to_error(const Response& response, Method method);

}  // namespace processhub::kube
