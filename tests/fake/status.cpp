#include "fake/status.h"

#include <utility>

namespace processhub::testing {
namespace {

json details_of(const Kind& kind, const std::string& name, std::string_view what) {
  json details = {{"name", name}, {"kind", what}};
  if (!kind.resource.group.empty()) details["group"] = kind.resource.group;
  return details;
}

}  // namespace

json failure(int code, std::string_view reason, const std::string& message, json details) {
  json status = {{"kind", "Status"},    {"apiVersion", "v1"}, {"metadata", json::object()},
                 {"status", "Failure"}, {"message", message}, {"code", code}};
  if (!reason.empty()) status["reason"] = reason;
  if (!details.is_null()) status["details"] = std::move(details);
  return status;
}

kube::Response answer(int code, const json& body) { return {.status = code, .body = body.dump()}; }

kube::Response answer_of(const json& status) {
  return answer(status.at("code").get<int>(), status);
}

kube::Response not_found(const Kind& kind, const std::string& name) {
  return answer_of(failure(404, "NotFound", kind.plural() + " \"" + name + "\" not found",
                           details_of(kind, name, kind.resource.plural)));
}

kube::Response already_exists(const Kind& kind, const std::string& name) {
  return answer_of(failure(409, "AlreadyExists", kind.plural() + " \"" + name + "\" already exists",
                           details_of(kind, name, kind.resource.plural)));
}

kube::Response conflict(const Kind& kind, const std::string& name, const std::string& why) {
  return answer_of(
      failure(409, "Conflict",
              "Operation cannot be fulfilled on " + kind.plural() + " \"" + name + "\": " + why,
              details_of(kind, name, kind.resource.plural)));
}

kube::Response modified(const Kind& kind, const std::string& name) {
  return conflict(kind, name,
                  "the object has been modified; please apply your changes to the latest version "
                  "and try again");
}

kube::Response invalid(const Kind& kind, const std::string& name, std::string_view cause,
                       const std::string& field, const std::string& message) {
  json details = details_of(kind, name, kind.resource.kind);
  details["causes"] = {{{"reason", cause}, {"message", message}, {"field", field}}};
  return answer_of(failure(
      422, "Invalid",
      kind.qualified_kind() + " \"" + name + "\" is invalid: " + field + ": " + message, details));
}

kube::Response immutable(const Kind& kind, const std::string& name, const std::string& field,
                         const json& value) {
  return invalid(kind, name, "FieldValueInvalid", field,
                 "Invalid value: " + value.dump() + ": field is immutable");
}

kube::Response bad_request(const std::string& message) {
  return answer_of(failure(400, "BadRequest", message));
}

kube::Response method_not_allowed() {
  return answer_of(failure(405, "MethodNotAllowed",
                           "the server does not allow this method on the requested resource",
                           json::object()));
}

kube::Response unsupported_media_type(const std::string& got) {
  return answer_of(failure(415, "UnsupportedMediaType",
                           "the body of the request was in an unknown format - accepted media "
                           "types include: application/merge-patch+json; got " +
                               got));
}

json expired(const std::string& message) { return failure(410, "Expired", message); }

kube::Response no_such_path() { return {.status = 404, .body = "404 page not found\n"}; }

kube::Response deleted(const Kind& kind, const json& object) {
  const json& meta = object.at("metadata");
  json details = details_of(kind, meta.at("name"), kind.resource.plural);
  details["uid"] = meta.at("uid");
  return answer(200, {{"kind", "Status"},
                      {"apiVersion", "v1"},
                      {"metadata", json::object()},
                      {"status", "Success"},
                      {"details", details}});
}

}  // namespace processhub::testing
