#include "unit/api/yaml_json.h"

#include <yaml-cpp/yaml.h>

namespace processhub::api::test {

using nlohmann::json;

namespace {

json scalar_json(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  if (node.Tag() == "!") return text;  // quoted or folded
  const json parsed = json::parse(text, nullptr, /*allow_exceptions=*/false);
  return parsed.is_number() || parsed.is_boolean() ? parsed : json(text);
}

json node_json(const YAML::Node& node) {
  json value;
  if (node.IsMap()) {
    value = json::object();
    for (const auto& entry : node) value[entry.first.Scalar()] = node_json(entry.second);
  } else if (node.IsSequence()) {
    value = json::array();
    for (const auto& element : node) value.push_back(node_json(element));
  } else if (node.IsScalar()) {
    value = scalar_json(node);
  }
  return value;
}

}  // namespace

json load_yaml(const std::string& path) {
  return node_json(YAML::LoadFile(std::string(PROCESSHUB_SOURCE_DIR) + "/" + path));
}

}  // namespace processhub::api::test
