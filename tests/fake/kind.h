// What the in-memory API server knows of each kind of object: how real servers differ
// between kinds, as a table.
//
//   const Kind* pods = find_kind("", "v1", "pods");
//   pods->graceful;  // true: a delete gives a bound pod its time
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kube/resource.h"

namespace processhub::testing {

inline constexpr kube::Resource kServices{"", "v1", "services", "Service"};

struct Kind {
  kube::Resource resource;
  bool custom = false;          // of a CRD
  bool has_status = false;      // /status, and neither side writes the other's half
  bool keeps_status = false;    // a status in a POST is kept (nodes)
  bool has_generation = false;  // metadata.generation counts changes of all but status
  bool create_on_update = false;
  bool unconditional_update = false;         // a PUT without resourceVersion is taken
  bool graceful = false;                     // deleted in two steps
  bool returns_deleted = false;              // a DELETE answers with the object, not with a Status
  std::vector<std::string> selectable = {};  // by fieldSelector, beside name and namespace

  // "pods", "leases.coordination.k8s.io": as messages name it.
  [[nodiscard]] std::string plural() const;
  // "Pod", "Lease.coordination.k8s.io".
  [[nodiscard]] std::string qualified_kind() const;
};

[[nodiscard]] const std::vector<Kind>& all_kinds();
// nullptr where there is none. The pointer is good as long as the program.
[[nodiscard]] const Kind* find_kind(std::string_view group, std::string_view version,
                                    std::string_view plural);
[[nodiscard]] const Kind& kind_of(const kube::Resource& resource);

}  // namespace processhub::testing
