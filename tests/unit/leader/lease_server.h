// One Lease in memory, with the API server's rules for reads, creation and updates.
// Behind a ScriptedTransport for each candidate; faults are the test's.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "kube/transport.h"

namespace processhub::leader {

class LeaseServer {
 public:
  nlohmann::json lease;  // null: there is none

  [[nodiscard]] kube::Response handle(const kube::Request& request) {
    using nlohmann::json;
    switch (request.method) {
      case kube::Method::kGet:
        return lease.is_null() ? status(404, "NotFound") : ok(200);
      case kube::Method::kPost:
        if (!lease.is_null()) return status(409, "AlreadyExists");
        lease = json::parse(request.body);
        lease["metadata"]["uid"] = "uid-" + std::to_string(++version_);
        break;
      case kube::Method::kPut: {
        if (lease.is_null()) return status(404, "NotFound");
        json changed = json::parse(request.body);
        const json& meta = changed["metadata"];
        const json& own = lease["metadata"];
        if (meta.value("resourceVersion", own["resourceVersion"]) != own["resourceVersion"] ||
            meta.value("uid", own["uid"]) != own["uid"]) {
          return status(409, "Conflict");
        }
        if (changed["spec"] == lease["spec"]) return ok(200);
        lease = std::move(changed);
        break;
      }
      default:
        return status(405, "MethodNotAllowed");
    }
    ++writes;
    lease["metadata"]["resourceVersion"] = std::to_string(++version_);
    return ok(request.method == kube::Method::kPost ? 201 : 200);
  }

  // Somebody else writes the spec.
  void set_spec(nlohmann::json spec) {
    if (lease.is_null()) {
      lease["metadata"] = {{"namespace", "sys"}, {"name", "op"}};
      lease["metadata"]["uid"] = "uid-" + std::to_string(++version_);
    }
    lease["spec"] = std::move(spec);
    lease["metadata"]["resourceVersion"] = std::to_string(++version_);
  }

  int writes = 0;

 private:
  [[nodiscard]] kube::Response ok(int code) const { return {.status = code, .body = lease.dump()}; }
  static kube::Response status(int code, const char* reason) {
    return {.status = code,
            .body = nlohmann::json{{"kind", "Status"}, {"code", code}, {"reason", reason}}.dump()};
  }

  uint64_t version_ = 100;
};

}  // namespace processhub::leader
