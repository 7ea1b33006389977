#include "e2e/support/kubectl.h"

#include <stdexcept>

namespace processhub::e2e {

Output kubectl(const Words& words, const std::string& input) {
  Words command = {"kubectl"};
  command.insert(command.end(), words.begin(), words.end());
  return run(command, input);
}

std::string must_kubectl(const Words& words, const std::string& input) {
  Output output = kubectl(words, input);
  if (output.code == 0) return output.out;
  std::string typed = "kubectl";
  for (const std::string& word : words) typed += " " + word;
  throw std::runtime_error(typed + ": " + output.err);
}

void apply(const std::string& text) { must_kubectl({"apply", "-f", "-"}, text); }

void apply(const json& object) { apply(object.dump()); }

json get(const Words& words) {
  Words command = {"get", "-o", "json"};
  command.insert(command.end(), words.begin(), words.end());
  return json::parse(must_kubectl(command));
}

void patch(const Words& words, const json& merge) {
  Words command = {"patch", "--type=merge", "-p", merge.dump()};
  command.insert(command.end(), words.begin(), words.end());
  must_kubectl(command);
}

json status_of(const json& object) {
  return object.is_null() ? json::object() : object.value("status", json::object());
}

json condition(const json& object, const std::string& type) {
  const json::json_pointer where("/status/conditions");
  if (!object.contains(where)) return nullptr;
  for (const json& condition : object.at(where)) {
    if (condition.value("type", "") == type) return condition;
  }
  return nullptr;
}

std::string said(const json& object, const std::string& type) {
  const json found = condition(object, type);
  if (found.is_null()) return "";
  return found.value("status", "") + "/" + found.value("reason", "");
}

}  // namespace processhub::e2e
