// The API server's answers: objects, and Status objects in its own words.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "fake/kind.h"
#include "kube/transport.h"

namespace processhub::testing {

using nlohmann::json;

// A metav1.Status of a failure; `details` as they are there, or null.
[[nodiscard]] json failure(int code, std::string_view reason, const std::string& message,
                           json details = nullptr);
// An answer whose code is the one that the Status says.
[[nodiscard]] kube::Response answer_of(const json& status);
[[nodiscard]] kube::Response answer(int code, const json& body);

[[nodiscard]] kube::Response not_found(const Kind& kind, const std::string& name);
[[nodiscard]] kube::Response already_exists(const Kind& kind, const std::string& name);
// "Operation cannot be fulfilled on pods "a": WHY"
[[nodiscard]] kube::Response conflict(const Kind& kind, const std::string& name,
                                      const std::string& why);
[[nodiscard]] kube::Response modified(const Kind& kind, const std::string& name);
// 422; `cause`: FieldValueInvalid, FieldValueForbidden, FieldValueRequired.
[[nodiscard]] kube::Response invalid(const Kind& kind, const std::string& name,
                                     std::string_view cause, const std::string& field,
                                     const std::string& message);
[[nodiscard]] kube::Response immutable(const Kind& kind, const std::string& name,
                                       const std::string& field, const json& value);
[[nodiscard]] kube::Response bad_request(const std::string& message);
[[nodiscard]] kube::Response method_not_allowed();
[[nodiscard]] kube::Response unsupported_media_type(const std::string& got);
// Of a version that is compacted: as an answer, or as the object of an ERROR event.
[[nodiscard]] json expired(const std::string& message);
// A path that no handler has: no Status, as the real one.
[[nodiscard]] kube::Response no_such_path();
// Of a DELETE that leaves nothing.
[[nodiscard]] kube::Response deleted(const Kind& kind, const json& object);

}  // namespace processhub::testing
