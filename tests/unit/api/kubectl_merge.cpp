#include "unit/api/kubectl_merge.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdlib.h>
#include <unistd.h>

namespace processhub::api::test {

using nlohmann::json;
namespace fs = std::filesystem;

namespace {

// A folder that goes away with its owner.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (fs::temp_directory_path() / "merge-XXXXXX").string();
    if (mkdtemp(name.data()) != nullptr) path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] fs::path file(const std::string& name) const { return path_ / name; }

 private:
  fs::path path_;
};

std::string read_all(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

}  // namespace

std::optional<std::string> find_kubectl() {
  if (const char* given = getenv("PROCESSHUB_KUBECTL")) return given;
  std::istringstream folders(getenv("PATH") != nullptr ? getenv("PATH") : "");
  for (std::string folder; std::getline(folders, folder, ':');) {
    const fs::path candidate = fs::path(folder) / "kubectl";
    if (access(candidate.c_str(), X_OK) == 0) return candidate.string();
  }
  return std::nullopt;
}

std::vector<std::optional<json>> kubectl_merge(const std::string& kubectl,
                                               const std::vector<json>& bases, const json& patch,
                                               std::string* complaint) {
  const TemporaryFolder folder;
  json items = json::array();
  for (size_t i = 0; i < bases.size(); ++i) {
    items.push_back({{"apiVersion", "v1"},
                     {"kind", "PodTemplate"},
                     {"metadata", {{"name", std::to_string(i)}}},
                     {"template", bases[i]}});
  }
  std::ofstream(folder.file("bases.json"))
      << json{{"apiVersion", "v1"}, {"kind", "List"}, {"items", items}};
  std::ofstream(folder.file("patch.json")) << json{{"template", patch}};
  const std::string command = "'" + kubectl + "' patch --local --type=strategic -o json -f " +
                              folder.file("bases.json").string() + " --patch-file " +
                              folder.file("patch.json").string() + " >" +
                              folder.file("out").string() + " 2>" + folder.file("err").string();
  // Refusals of single objects end in a status of their own: what was printed counts.
  const int status = std::system(command.c_str());
  if (complaint != nullptr) *complaint = read_all(folder.file("err"));
  (void)status;

  std::vector<std::optional<json>> results(bases.size());
  std::ifstream out(folder.file("out"));
  while (out >> std::ws && out.peek() != std::ifstream::traits_type::eof()) {
    json object;
    out >> object;
    const size_t index = std::stoul(object["metadata"]["name"].get<std::string>());
    results.at(index) = object.contains("template") ? object["template"] : json();
  }
  return results;
}

json as_served(json value) {
  const auto is_directive = [](const std::string& key) {
    return key == "$patch" || key == "$retainKeys" || key.starts_with("$setElementOrder/") ||
           key.starts_with("$deleteFromPrimitiveList/");
  };
  if (value.is_object()) {
    json kept = json::object();
    for (const auto& [key, field] : value.items()) {
      if (!field.is_null() && !is_directive(key)) kept[key] = as_served(field);
    }
    return kept;
  }
  if (value.is_array()) {
    for (json& element : value) element = as_served(element);
  }
  return value;
}

}  // namespace processhub::api::test
