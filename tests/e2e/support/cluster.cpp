#include "e2e/support/cluster.h"

#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <stdlib.h>

#include "e2e/support/kubectl.h"

namespace processhub::e2e {
namespace {

namespace fs = std::filesystem;

constexpr const char* kAccount = "system:serviceaccount:processhub-system:processhub";

const fs::path& source() {
  static const fs::path path = PROCESSHUB_SOURCE_DIR;
  return path;
}

fs::path cluster_folder() {
  const char* folder = getenv("PROCESSHUB_CLUSTER");
  if (folder == nullptr) {
    throw std::runtime_error("PROCESSHUB_CLUSTER is not set: run by `dev test cluster`");
  }
  return folder;
}

struct Scratch {
  fs::path path;
  Scratch() {
    std::string name = (fs::temp_directory_path() / "processhub-e2e-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp " + name);
    path = name;
  }
  ~Scratch() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
};

}  // namespace

const fs::path& scratch() {
  static const Scratch folder;
  return folder.path;
}

void cluster(const Words& words) {
  Words command = {(source() / "tests/cluster/cluster").string()};
  command.insert(command.end(), words.begin(), words.end());
  command.insert(command.end(), {"--name", cluster_folder().filename().string()});
  const Output output = run(command);
  if (output.code != 0) throw std::runtime_error("cluster " + words.front() + ": " + output.err);
}

void install() {
  static bool done = false;
  if (done) return;
  must_kubectl({"apply", "--server-side", "--force-conflicts", "-f", (source() / "crds").string(),
                "-f", (source() / "manifests/namespace.yaml").string(), "-f",
                (source() / "manifests/rbac.yaml").string()});
  must_kubectl({"wait", "--for=condition=Established", "--timeout=60s",
                "crd/processhubs.processhub.io", "crd/processhubchildren.processhub.io"});
  done = true;
}

std::string operator_token() {
  static const std::string token = must_kubectl(
      {"create", "token", "processhub", "-n", "processhub-system", "--duration", "4h"});
  return token.substr(0, token.find('\n'));
}

std::string operator_kubeconfig() {
  const fs::path path = scratch() / "operator.kubeconfig";
  if (fs::exists(path)) return path.string();
  auto config = nlohmann::json::parse(
      must_kubectl({"config", "view", "--raw", "--minify", "--flatten", "-o", "json"}));
  config["users"][0]["user"] = {{"token", operator_token()}};
  std::ofstream(path) << config.dump();
  return path.string();
}

AuditLog::AuditLog() : path_(cluster_folder() / "audit.log") {
  at_ = static_cast<std::streamoff>(fs::file_size(path_));
}

std::vector<std::string> AuditLog::writes() {
  std::vector<std::string> found;
  std::ifstream log(path_);
  log.seekg(at_);
  for (std::string line; std::getline(log, line) && !log.eof();) {
    at_ += static_cast<std::streamoff>(line.size()) + 1;
    if (line.find(kAccount) == std::string::npos) continue;
    const auto entry = nlohmann::json::parse(line);
    if (entry.at("user").value("username", "") != kAccount) continue;
    const auto object = entry.value("objectRef", nlohmann::json::object());
    if (object.value("resource", "") == "leases") continue;
    found.push_back(entry.value("verb", "") + " " + object.value("resource", "") + "/" +
                    object.value("subresource", "") + " " + object.value("namespace", "") + "/" +
                    object.value("name", ""));
  }
  return found;
}

}  // namespace processhub::e2e
