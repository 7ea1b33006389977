#include "cache/store_sink.h"

namespace processhub::cache {

std::string meta_text(const nlohmann::json& object, const char* field) {
  if (!object.is_object()) return {};
  const auto meta = object.find("metadata");
  if (meta == object.end() || !meta->is_object()) return {};
  const auto value = meta->find(field);
  return value != meta->end() && value->is_string() ? value->get<std::string>() : std::string();
}

}  // namespace processhub::cache
