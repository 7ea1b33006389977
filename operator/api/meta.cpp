#include "api/meta.h"

#include <nlohmann/json.hpp>

#include "api/fields.h"

namespace processhub::api {

using nlohmann::json;

Result<kube::ObjectMeta> decode_meta(const json& object) {
  if (!object.is_object()) return fail(ErrorKind::kInvalid, "is not an object");
  Problems problems;
  const Fields meta = Fields(&object, "object", problems).section("metadata");
  kube::ObjectMeta result{.ns = meta.text("namespace"),
                          .name = meta.text("name"),
                          .uid = Uid(meta.text("uid")),
                          .version = ResourceVersion(meta.text("resourceVersion"))};
  if (const json* generation = meta.find("generation"); generation && generation->is_number()) {
    result.generation = generation->get<int64_t>();
  }
  result.labels = meta.string_map("labels");
  for (auto& [key, value] : meta.string_map("annotations")) {
    if (key.starts_with("processhub.io/")) result.annotations.emplace(key, value);
  }
  if (auto time = parse_time(meta.text("creationTimestamp"))) result.created = *time;
  result.deleted = parse_time(meta.text("deletionTimestamp"));
  for (const Fields& owner : meta.list("ownerReferences", 100)) {
    if (!owner.boolean("controller", false)) continue;
    result.owner_kind = owner.text("kind");
    result.owner_name = owner.text("name");
    result.owner_uid = Uid(owner.text("uid"));
  }
  if (!problems.empty()) return fail(ErrorKind::kInvalid, *problems.text());
  if (result.name.empty()) return fail(ErrorKind::kInvalid, "has no metadata.name");
  return result;
}

}  // namespace processhub::api
