#include "kube/credentials.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <utility>
#include <vector>

namespace processhub::kube {
namespace {

constexpr const char* kAccount = "/var/run/secrets/kubernetes.io/serviceaccount/";

std::string trimmed(std::string text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; };
  while (!text.empty() && blank(text.back())) text.pop_back();
  size_t start = 0;
  while (start < text.size() && blank(text[start])) ++start;
  return text.substr(start);
}

std::string value_of(const Environment& environment, const char* name) {
  return environment(name).value_or("");
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  size_t start = 0;
  while (start <= text.size()) {
    const size_t end = std::min(text.find(separator, start), text.size());
    if (end > start) parts.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return parts;
}

}  // namespace

Result<std::string> TextSource::read(const FileReader& files) const {
  if (file.empty()) return text;
  return files.read(file);
}

Environment system_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return value;
  };
}

std::optional<std::string> server_problem(std::string_view server) {
  size_t start = 0;
  if (server.starts_with("https://")) start = 8;
  if (server.starts_with("http://")) start = 7;
  if (start == 0) return "it must begin with https:// or http://";
  const std::string_view host = server.substr(start, server.find_first_of("/?#", start) - start);
  if (host.empty() || host.front() == ':') return "it names no host";
  if (host.front() == '[') {
    return "an IPv6 address cannot be used: give a DNS name that resolves to it";
  }
  if (host.find('@') != std::string_view::npos) return "it must not hold a user name";
  const size_t colon = host.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::string_view port = host.substr(colon + 1);
  if (port.empty() || port.size() > 5 ||
      port.find_first_not_of("0123456789") != std::string_view::npos) {
    return "its port is no number";
  }
  return std::nullopt;
}

Result<ConnectionConfig> load_in_cluster(const Environment& environment, const FileReader& files) {
  const std::string host = value_of(environment, "KUBERNETES_SERVICE_HOST");
  const std::string port = value_of(environment, "KUBERNETES_SERVICE_PORT");
  if (host.empty() || port.empty()) {
    return fail(
        ErrorKind::kInvalid,
        "not in a cluster: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set");
  }
  if (host.find(':') != std::string::npos) {
    return fail(ErrorKind::kInvalid,
                "KUBERNETES_SERVICE_HOST is an IPv6 address, which cannot be used: set it to "
                "kubernetes.default.svc in the pod's environment");
  }
  ConnectionConfig config;
  config.server = "https://" + host + ":" + port;
  if (const auto problem = server_problem(config.server)) {
    return fail(ErrorKind::kInvalid, "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT give " +
                                         config.server + ": " + *problem);
  }
  config.ca.file = std::string(kAccount) + "ca.crt";
  config.token.file = std::string(kAccount) + "token";
  for (const std::string& file : {config.ca.file, config.token.file}) {
    if (const auto text = files.read(file); !text) {
      return fail(ErrorKind::kIo, text.error().message +
                                      " (does the pod set automountServiceAccountToken: false?)");
    }
  }
  if (const auto ns = files.read(std::string(kAccount) + "namespace"); ns) {
    if (std::string name = trimmed(*ns); !name.empty()) config.ns = std::move(name);
  }
  return config;
}

Result<ConnectionConfig> find_config(const std::string& flag, const std::string& context,
                                     const Environment& environment, const FileReader& files) {
  if (!flag.empty()) return load_kubeconfig(flag, context, files);
  if (const std::string list = value_of(environment, "KUBECONFIG"); !list.empty()) {
    std::string problems;
    for (const std::string& path : split(list, ':')) {
      const auto text = files.read(path);
      if (text) return load_kubeconfig(path, context, files);
      problems += (problems.empty() ? "" : "; ") + text.error().message;
    }
    return fail(ErrorKind::kIo, "KUBECONFIG names no file that can be read: " + problems);
  }
  Result<ConnectionConfig> in_cluster = load_in_cluster(environment, files);
  if (in_cluster || !value_of(environment, "KUBERNETES_SERVICE_HOST").empty()) return in_cluster;
  const std::string path = value_of(environment, "HOME") + "/.kube/config";
  if (const auto text = files.read(path); !text) {
    return fail(ErrorKind::kIo, "no cluster to talk to: " + text.error().message + "; " +
                                    in_cluster.error().message +
                                    "; give --kubeconfig or set KUBECONFIG");
  }
  return load_kubeconfig(path, context, files);
}

}  // namespace processhub::kube
