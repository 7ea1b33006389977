#include "leader/lease_record.h"

#include <algorithm>
#include <utility>

namespace processhub::leader {

using nlohmann::json;

namespace {

// No candidate waits longer than this, whatever a lease says.
constexpr std::chrono::seconds kLongest = std::chrono::hours(24);

// The integer `spec[field]`; none where it is absent or anything else.
std::optional<int64_t> integer_at(const json& spec, const char* field) {
  if (!spec.is_object()) return std::nullopt;
  const auto value = spec.find(field);
  if (value == spec.end() || !value->is_number_integer()) return std::nullopt;
  return value->get<int64_t>();
}

// The spec to write to, and metadata that a PUT may carry.
json& prepare(json& lease) {
  if (!lease.is_object()) lease = json::object();
  lease["apiVersion"] = "coordination.k8s.io/v1";
  lease["kind"] = "Lease";
  json& meta = lease["metadata"];
  if (!meta.is_object()) meta = json::object();
  meta.erase("managedFields");  // left out of a PUT, the server keeps them
  json& spec = lease["spec"];
  if (!spec.is_object()) spec = json::object();
  return spec;
}

}  // namespace

LeaseRecord read_lease(const json& lease) {
  LeaseRecord record;
  if (!lease.is_object()) return record;
  const auto spec = lease.find("spec");
  if (spec == lease.end() || spec->is_null()) return record;
  record.spec = *spec;
  if (!spec->is_object()) {
    record.malformed = true;
    return record;
  }
  if (const auto holder = spec->find("holderIdentity");
      holder != spec->end() && !holder->is_null()) {
    if (holder->is_string()) {
      record.holder = holder->get<std::string>();
    } else {
      record.malformed = true;
    }
  }
  if (const auto seconds = integer_at(*spec, "leaseDurationSeconds"); seconds && *seconds > 0) {
    record.duration = std::chrono::seconds(std::min<int64_t>(*seconds, kLongest.count()));
  }
  record.transitions = std::max<int64_t>(0, integer_at(*spec, "leaseTransitions").value_or(0));
  return record;
}

json held_lease(json lease, const std::string& identity, Duration duration, WallTime now) {
  const bool existed = lease.is_object() && lease.contains("spec");
  const LeaseRecord before = read_lease(lease);
  json& spec = prepare(lease);
  WallTime renewed = now;
  if (before.holder == identity) {
    // Each renewal has to look different, also when the machine's clock is set back.
    if (const auto last = spec.find("renewTime"); last != spec.end() && last->is_string()) {
      if (const auto time = parse_time(last->get_ref<const std::string&>())) {
        renewed = std::max(now, *time + std::chrono::microseconds(1));
      }
    }
  } else {
    spec["acquireTime"] = format_micro_time(now);
    spec["leaseTransitions"] = before.transitions + (existed ? 1 : 0);
  }
  spec["holderIdentity"] = identity;
  spec["renewTime"] = format_micro_time(renewed);
  spec["leaseDurationSeconds"] =
      std::max<int64_t>(1, std::chrono::ceil<std::chrono::seconds>(duration).count());
  return lease;
}

json released_lease(json lease, WallTime now) {
  json& spec = prepare(lease);
  spec["holderIdentity"] = "";
  spec["leaseDurationSeconds"] = 1;
  spec["acquireTime"] = format_micro_time(now);
  spec["renewTime"] = format_micro_time(now);
  return lease;
}

}  // namespace processhub::leader
