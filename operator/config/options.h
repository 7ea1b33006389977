// The operator's settings: flags, and a YAML file with the same names in lowerCamelCase.
//
//   const auto options = parse_options(argc, argv, files);
//   if (!options) { print options.error().message; return 1; }
//   if (options->print) { print *options->print; return 0; }   // --help, --version
//
// A flag wins over the file, the file over the default.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/file_reader.h"
#include "base/log.h"
#include "base/result.h"

namespace processhub::config {

struct Options {
  std::string kubeconfig = {};  // empty: $KUBECONFIG, the service account, ~/.kube/config
  std::string context = {};     // empty: the kubeconfig's current one
  std::string ns = {};          // the one namespace to watch; empty: all
  std::string bind_address = "0.0.0.0:8080";
  bool leader_elect = true;
  std::string lease_name = "processhub-operator";
  std::string lease_namespace = {};  // default: the pod's, else "default"
  Duration lease_duration = std::chrono::seconds(15);
  Duration renew_deadline = std::chrono::seconds(10);
  Duration retry_period = std::chrono::seconds(2);
  std::string identity = {};  // default: $POD_NAME or the host, and a random number
  LogLevel log_level = LogLevel::kInfo;
  LogFormat log_format = LogFormat::kJson;
  int max_in_flight = 32;  // requests to the API server at a time

  // Text for standard output instead of a run.
  std::optional<std::string> print = {};
};

// Error kInvalid names the flag, or the file and its key, and what is expected, on one
// line; kIo where the file cannot be read. Reads $POD_NAME, $POD_NAMESPACE and the
// service account's namespace for the defaults. Call before other threads begin.
[[nodiscard]] Result<Options> parse_options(int argc, const char* const* argv,
                                            const FileReader& files);

}  // namespace processhub::config
