// load_kubeconfig of credentials.h: the one place that reads YAML here. Look-ups are by name and
// bounded, so that an alias bomb or a cycle costs nothing; nothing walks the whole document.
#include <filesystem>
#include <memory>
#include <openssl/evp.h>
#include <utility>
#include <vector>
#include <yaml-cpp/yaml.h>

#include "kube/credentials.h"

namespace processhub::kube {
namespace {

constexpr size_t kMaxFile = 4 << 20;
constexpr size_t kMaxEntries = 10'000;  // of a list

// Leaves load_kubeconfig as an Error of kind kInvalid.
struct Refusal {
  std::string message;
};

// A mapping of the document, with the words that name it.
class Section {
 public:
  Section(const YAML::Node& node, std::string where) : node_(node), where_(std::move(where)) {
    if (node_.IsDefined() && !node_.IsNull() && !node_.IsMap()) refuse("is no mapping");
  }

  [[noreturn]] void refuse(const std::string& what) const { throw Refusal{where_ + " " + what}; }

  [[nodiscard]] bool has(const std::string& key) const { return value(key).IsDefined(); }

  [[nodiscard]] std::string text(const std::string& key) const {
    const YAML::Node found = value(key);
    if (!found.IsDefined()) return {};
    if (!found.IsScalar()) refuse("has a " + key + " that is no string");
    return found.Scalar();
  }

  [[nodiscard]] bool flag(const std::string& key) const {
    const std::string given = text(key);
    if (given == "true") return true;
    if (!given.empty() && given != "false") refuse("has a " + key + " that is not true or false");
    return false;
  }

  [[nodiscard]] Section section(const std::string& key, const std::string& where) const {
    return {value(key), where};
  }

  // The mapping `body` of the element of the list `list` that is called `name`.
  [[nodiscard]] Section named(const std::string& list, const std::string& body,
                              const std::string& name) const {
    const std::string where = where_ + ": " + body + " \"" + name + "\"";
    for (const YAML::Node& element : elements(list)) {
      if (!element.IsMap()) continue;
      const YAML::Node key = element["name"];
      if (!key.IsDefined() || !key.IsScalar() || key.Scalar() != name) continue;
      const YAML::Node found = element[body];
      if (!found.IsDefined() || !found.IsMap()) throw Refusal{where + " is empty"};
      return {found, where};
    }
    throw Refusal{where + " is not in the list " + list + "; there are: " + names(list)};
  }

  [[nodiscard]] std::string names(const std::string& list) const {
    std::string names;
    size_t count = 0;
    for (const YAML::Node& element : elements(list)) {
      if (!element.IsMap()) continue;
      const YAML::Node key = element["name"];
      if (!key.IsDefined() || !key.IsScalar()) continue;
      if (++count > 10) return names + ", …";
      names += (names.empty() ? "" : ", ") + key.Scalar();
    }
    return names.empty() ? "none" : names;
  }

 private:
  [[nodiscard]] YAML::Node value(const std::string& key) const {
    if (!node_.IsDefined() || !node_.IsMap()) return YAML::Node(YAML::NodeType::Undefined);
    YAML::Node found = node_[key];
    if (found.IsDefined() && found.IsNull()) return YAML::Node(YAML::NodeType::Undefined);
    return found;
  }

  [[nodiscard]] std::vector<YAML::Node> elements(const std::string& list) const {
    std::vector<YAML::Node> elements;
    const YAML::Node found = value(list);
    if (!found.IsDefined()) return elements;
    if (!found.IsSequence()) refuse("has a field " + list + " that is no list");
    for (const auto& element : found) {
      if (elements.size() == kMaxEntries) refuse("has too many " + list);
      elements.push_back(element);
    }
    return elements;
  }

  const YAML::Node node_;  // const: look-ups must not add to the document
  std::string where_;
};

std::optional<std::string> decode_base64(std::string_view text) {
  std::string bytes(text.size() / 4 * 3 + 3, '\0');
  const std::unique_ptr<EVP_ENCODE_CTX, decltype(&EVP_ENCODE_CTX_free)> context(
      EVP_ENCODE_CTX_new(), &EVP_ENCODE_CTX_free);
  EVP_DecodeInit(context.get());
  int length = 0;
  int last = 0;
  auto* out = reinterpret_cast<unsigned char*>(bytes.data());
  if (EVP_DecodeUpdate(context.get(), out, &length,
                       reinterpret_cast<const unsigned char*>(text.data()),
                       static_cast<int>(text.size())) < 0 ||
      EVP_DecodeFinal(context.get(), out + length, &last) < 0) {
    return std::nullopt;
  }
  bytes.resize(static_cast<size_t>(length) + static_cast<size_t>(last));
  return bytes;
}

class Loader {
 public:
  Loader(const std::string& path, const std::string& text)
      : path_(path), root_(YAML::Load(text), "kubeconfig " + path) {}

  [[nodiscard]] ConnectionConfig load(std::string context_name) const {
    if (context_name.empty()) context_name = root_.text("current-context");
    if (context_name.empty()) {
      root_.refuse("has no current-context: set it, or choose one with --context; there are: " +
                   root_.names("contexts"));
    }
    const Section context = root_.named("contexts", "context", context_name);
    const std::string cluster_name = context.text("cluster");
    if (cluster_name.empty()) context.refuse("names no cluster");
    ConnectionConfig config;
    read_cluster(root_.named("clusters", "cluster", cluster_name), config);
    if (const std::string user = context.text("user"); !user.empty()) {
      read_user(root_.named("users", "user", user), config);
    }
    if (std::string ns = context.text("namespace"); !ns.empty()) config.ns = std::move(ns);
    return config;
  }

 private:
  void read_cluster(const Section& cluster, ConnectionConfig& config) const {
    config.server = cluster.text("server");
    if (config.server.empty()) cluster.refuse("has no server: give the API server's URL");
    if (const auto problem = server_problem(config.server)) {
      cluster.refuse("has the server " + config.server + ": " + *problem);
    }
    while (config.server.ends_with('/')) config.server.pop_back();
    if (cluster.has("proxy-url")) {
      cluster.refuse("has a proxy-url, which is not supported: reach the API server directly");
    }
    config.ca = pem(cluster, "certificate-authority");
    config.insecure_skip_tls_verify = cluster.flag("insecure-skip-tls-verify");
    if (config.insecure_skip_tls_verify && !config.ca.empty()) {
      cluster.refuse("has both a certificate-authority and insecure-skip-tls-verify: remove one");
    }
    config.tls_server_name = cluster.text("tls-server-name");
  }

  void read_user(const Section& user, ConnectionConfig& config) const {
    static constexpr const char* kInstead =
        ", which is not supported: use a client certificate, a token or a tokenFile (for example "
        "of a service account: kubectl create token NAME)";
    for (const char* key : {"exec", "auth-provider", "username", "password", "as"}) {
      if (user.has(key)) user.refuse(std::string("has the field ") + key + kInstead);
    }
    config.certificate = pem(user, "client-certificate");
    config.key = pem(user, "client-key");
    if (config.certificate.empty() != config.key.empty()) {
      user.refuse(config.key.empty() ? "has a client-certificate but no client-key"
                                     : "has a client-key but no client-certificate");
    }
    config.token.text = user.text("token");
    config.token.file = beside(user.text("tokenFile"));
  }

  // Of the fields `key`-data, which wins as with kubectl, and `key`.
  [[nodiscard]] TextSource pem(const Section& section, const std::string& key) const {
    const std::string data = section.text(key + "-data");
    if (data.empty()) return {.file = beside(section.text(key))};
    const auto text = decode_base64(data);
    if (!text || text->find("-----BEGIN ") == std::string::npos) {
      section.refuse("has a " + key + "-data that is no PEM text in base64");
    }
    return {.text = *text};
  }

  // A relative path is relative to the kubeconfig.
  [[nodiscard]] std::string beside(const std::string& file) const {
    if (file.empty()) return {};
    return (std::filesystem::path(path_).parent_path() / file).lexically_normal().string();
  }

  std::string path_;
  Section root_;
};

}  // namespace

Result<ConnectionConfig> load_kubeconfig(const std::string& path, const std::string& context,
                                         const FileReader& files) {
  const Result<std::string> text = files.read(path);
  if (!text) return tl::unexpected(text.error());
  if (text->size() > kMaxFile) {
    return fail(ErrorKind::kInvalid, "kubeconfig " + path + " is too large");
  }
  try {
    return Loader(path, *text).load(context);
  } catch (const Refusal& refusal) {
    return fail(ErrorKind::kInvalid, refusal.message);
  } catch (const YAML::Exception& exception) {
    // Only the place: the library's words may quote the file.
    return fail(ErrorKind::kInvalid, "kubeconfig " + path + " is no valid YAML at line " +
                                         std::to_string(exception.mark.line + 1));
  } catch (const std::exception&) {
    return fail(ErrorKind::kInvalid, "kubeconfig " + path + " cannot be read as YAML");
  }
}

}  // namespace processhub::kube
