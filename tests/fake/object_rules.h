// What the server does to objects as they are written, kind by kind: what it fills in,
// what it keeps, what it refuses. Pure.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/clock.h"
#include "fake/kind.h"
#include "kube/transport.h"

namespace processhub::testing {

// In place: nulls and empty lists that the server would not keep.
void normalize(const Kind& kind, nlohmann::json& object);

// A new object as it is stored, but for its version.
void prepare_create(const Kind& kind, nlohmann::json& object, const std::string& uid, WallTime now);

// `after`, as the client wants it, becomes what will be stored; `subresource`: "" or "status".
// The refusal, or none.
[[nodiscard]] std::optional<kube::Response> prepare_update(const Kind& kind,
                                                           const std::string& subresource,
                                                           const nlohmann::json& before,
                                                           nlohmann::json& after);

// What of the preconditions of a delete does not hold of `object`; none: they all do.
[[nodiscard]] std::optional<kube::Response> check_preconditions(const Kind& kind,
                                                                const nlohmann::json& object,
                                                                const nlohmann::json& options);

// What a delete makes of a pod.
struct GracefulDelete {
  bool pending = false;  // it is on its way already, nothing changes
  bool graceful = false;
  int64_t seconds = 0;  // with graceful: until it goes
};
// Marks `pod` in place. `grace`: what the client says, if anything.
[[nodiscard]] GracefulDelete begin_delete(nlohmann::json& pod, std::optional<int64_t> grace,
                                          WallTime now);
// Marks an object that finalizers keep.
void mark_deleting(nlohmann::json& object, WallTime now);

[[nodiscard]] bool is_deleting(const nlohmann::json& object);
[[nodiscard]] bool has_finalizers(const nlohmann::json& object);

// Sets a condition of status.conditions; lastTransitionTime moves with the status alone.
// Whether anything has changed.
bool set_condition(nlohmann::json& object, const std::string& type, const std::string& status,
                   const std::string& reason, const std::string& message, WallTime now);
// "True", "False", "Unknown"; "" where there is none of that type.
[[nodiscard]] std::string condition_of(const nlohmann::json& object, const std::string& type);

}  // namespace processhub::testing
