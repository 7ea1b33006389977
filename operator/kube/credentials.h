// Where the API server is and how to log in: from a kubeconfig or from the pod's service
// account.
//
//   auto config = find_config(flags.kubeconfig, flags.context, system_environment(), files);
//   if (!config) ...  // the message names the file and the field, and says what to do
//
// Files that rotate (tokens, certificates) are named here and read when they are used.
// No message holds a secret. Nothing here throws.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/file_reader.h"
#include "base/result.h"

namespace processhub::kube {

// A text given as such or by a file that is read anew each time.
struct TextSource {
  std::string text = {};
  std::string file = {};  // wins over `text`
  [[nodiscard]] bool empty() const { return text.empty() && file.empty(); }
  [[nodiscard]] Result<std::string> read(const FileReader& files) const;
  bool operator==(const TextSource&) const = default;
};

struct ConnectionConfig {
  std::string server = {};      // "https://host:port", perhaps with a path before the API's own
  TextSource ca = {};           // PEM; empty: the certificates that the system trusts
  TextSource certificate = {};  // PEM, the client's chain; empty: none
  TextSource key = {};          // PEM, of `certificate`
  TextSource token = {};        // bearer token; empty: none
  bool insecure_skip_tls_verify = false;
  std::string tls_server_name = {};  // expected in the certificate in place of the host
  std::string ns = "default";
};

// What is wrong with the URL of an API server, and what to do; none where it can be used.
[[nodiscard]] std::optional<std::string> server_problem(std::string_view server);

// A variable of the environment; none where it is not set.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;
[[nodiscard]] Environment system_environment();

// The kubeconfig at `path`. `context`: empty for its current-context. Client
// certificates, tokens and token files are understood; exec plugins, auth providers,
// passwords, impersonation and proxies are refused by kInvalid.
[[nodiscard]] Result<ConnectionConfig> load_kubeconfig(const std::string& path,
                                                       const std::string& context,
                                                       const FileReader& files);

// Of the pod that this process runs in.
[[nodiscard]] Result<ConnectionConfig> load_in_cluster(const Environment& environment,
                                                       const FileReader& files);

// The first that there is: the kubeconfig `flag`; the first file that can be read of those
// in KUBECONFIG (they are not merged); the pod's service account; ~/.kube/config.
[[nodiscard]] Result<ConnectionConfig> find_config(const std::string& flag,
                                                   const std::string& context,
                                                   const Environment& environment,
                                                   const FileReader& files);

}  // namespace processhub::kube
