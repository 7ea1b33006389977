#include "plan/owner.h"

#include <nlohmann/json.hpp>

namespace processhub::plan {

nlohmann::json owner_reference(const kube::Resource& kind, const kube::ObjectMeta& owner) {
  return {{"apiVersion", kind.api_version()}, {"kind", kind.kind},  {"name", owner.name},
          {"uid", owner.uid.str()},           {"controller", true}, {"blockOwnerDeletion", true}};
}

}  // namespace processhub::plan
