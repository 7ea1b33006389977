#include "kube/json_text.h"

#include <nlohmann/json.hpp>

namespace processhub::kube {

using nlohmann::json;

std::string text_at(const json& object, std::string_view field) {
  if (!object.is_object()) return {};
  const auto found = object.find(field);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::string meta_text(const json& object, std::string_view field) {
  if (!object.is_object()) return {};
  const auto meta = object.find("metadata");
  return meta == object.end() ? std::string() : text_at(*meta, field);
}

}  // namespace processhub::kube
