#include "fake/taints.h"

#include <algorithm>
#include <string_view>

namespace processhub::testing {

using nlohmann::json;

const json& list_at(const json& object, const char* path) {
  static const json none = json::array();
  const json* at = &object;
  std::string_view rest = path;
  while (!rest.empty()) {
    rest.remove_prefix(1);
    const std::string_view name = rest.substr(0, rest.find('/'));
    rest.remove_prefix(name.size());
    if (!at->is_object()) return none;
    const auto found = at->find(name);
    if (found == at->end()) return none;
    at = &*found;
  }
  return at->is_array() ? *at : none;
}

const json* toleration_for(const json& pod, const json& taint) {
  for (const json& toleration : list_at(pod, "/spec/tolerations")) {
    const std::string effect = toleration.value("effect", "");
    if (!effect.empty() && effect != taint.value("effect", "")) continue;
    const std::string key = toleration.value("key", "");
    if (!key.empty() && key != taint.value("key", "")) continue;
    const bool exists = toleration.value("operator", "Equal") == "Exists";
    if (key.empty() && !exists) continue;
    if (!exists && toleration.value("value", "") != taint.value("value", "")) continue;
    return &toleration;
  }
  return nullptr;
}

bool has_taint(const json& node, const std::string& key, const std::string& effect) {
  const json& taints = list_at(node, "/spec/taints");
  return std::any_of(taints.begin(), taints.end(), [&](const json& taint) {
    return taint.value("key", "") == key && taint.value("effect", "") == effect;
  });
}

}  // namespace processhub::testing
