#include "config/settings.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "api/label_syntax.h"
#include "config/duration.h"

namespace processhub::config {
namespace {

// A DNS subdomain (the name of most objects): labels between dots, at most 253.
bool is_object_name(std::string_view text) {
  if (text.size() > 253) return false;
  while (true) {
    const size_t dot = text.find('.');
    if (!api::is_dns_label(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

auto store_text(std::string Options::* member) {
  return [member](Options& options, const std::string& value) {
    if (value.empty()) return false;
    options.*member = value;
    return true;
  };
}

auto store_namespace(std::string Options::* member) {
  return [member](Options& options, const std::string& value) {
    if (!api::is_dns_label(value)) return false;
    options.*member = value;
    return true;
  };
}

auto store_duration(Duration Options::* member) {
  return [member](Options& options, const std::string& value) {
    const auto duration = parse_duration(value);
    if (!duration || *duration == Duration(0)) return false;
    options.*member = *duration;
    return true;
  };
}

bool store_lease_name(Options& options, const std::string& value) {
  if (!is_object_name(value)) return false;
  options.lease_name = value;
  return true;
}

bool store_leader_elect(Options& options, const std::string& value) {
  if (value != "true" && value != "false") return false;
  options.leader_elect = value == "true";
  return true;
}

bool store_identity(Options& options, const std::string& value) {
  const auto visible = [](char c) { return c > ' ' && c < 127; };
  if (value.empty() || !std::all_of(value.begin(), value.end(), visible)) return false;
  options.identity = value;
  return true;
}

bool store_log_level(Options& options, const std::string& value) {
  if (value == "debug") {
    options.log_level = LogLevel::kDebug;
  } else if (value == "info") {
    options.log_level = LogLevel::kInfo;
  } else if (value == "warn") {
    options.log_level = LogLevel::kWarn;
  } else if (value == "error") {
    options.log_level = LogLevel::kError;
  } else {
    return false;
  }
  return true;
}

bool store_log_format(Options& options, const std::string& value) {
  if (value != "json" && value != "text") return false;
  options.log_format = value == "json" ? LogFormat::kJson : LogFormat::kText;
  return true;
}

bool store_max_in_flight(Options& options, const std::string& value) {
  int count = 0;
  const char* const end = value.data() + value.size();
  const auto [stopped, error] = std::from_chars(value.data(), end, count);
  if (error != std::errc() || stopped != end || count < 1 || count > 1000) return false;
  options.max_in_flight = count;
  return true;
}

}  // namespace

std::span<const Setting> settings() {
  static constexpr const char* kDurationWords = "a duration above 0 such as 15s, 500ms or 1m30s";
  static const std::array table = {
      Setting{"kubeconfig", "FILE",
              "the cluster and how to reach it (default: $KUBECONFIG, the pod's service account, "
              "~/.kube/config)",
              "the name of a file", store_text(&Options::kubeconfig)},
      Setting{"context", "NAME", "the context of the kubeconfig (default: its current one)",
              "the name of a context", store_text(&Options::context)},
      Setting{"namespace", "NAME", "watch this namespace alone (default: all)",
              "the name of a namespace", store_namespace(&Options::ns)},
      Setting{"bind-address", "HOST:PORT",
              "where /healthz, /readyz and /metrics are served (default: 0.0.0.0:8080)",
              "host:port, for example 0.0.0.0:8080", store_text(&Options::bind_address)},
      Setting{"leader-elect", "true|false",
              "of several replicas one works, chosen by a Lease (default: true)", "true or false",
              store_leader_elect, true},
      Setting{"lease-name", "NAME", "the Lease (default: processhub-operator)",
              "the name of an object", store_lease_name},
      Setting{"lease-namespace", "NAME",
              "the namespace of the Lease (default: the pod's, else default)",
              "the name of a namespace", store_namespace(&Options::lease_namespace)},
      Setting{"lease-duration", "DURATION",
              "how long others wait before they take over a Lease that is not renewed "
              "(default: 15s)",
              kDurationWords, store_duration(&Options::lease_duration)},
      Setting{"renew-deadline", "DURATION",
              "how long the leader tries to renew before it gives up (default: 10s)",
              kDurationWords, store_duration(&Options::renew_deadline)},
      Setting{"retry-period", "DURATION", "how long between tries (default: 2s)", kDurationWords,
              store_duration(&Options::retry_period)},
      Setting{"identity", "NAME",
              "this process in the Lease (default: $POD_NAME or the host, and a random number)",
              "a name of visible ASCII characters", store_identity},
      Setting{"log-level", "LEVEL", "debug, info, warn or error (default: info)",
              "debug, info, warn or error", store_log_level},
      Setting{"log-format", "FORMAT", "json or text (default: json)", "json or text",
              store_log_format},
      Setting{"max-in-flight", "NUMBER", "requests to the API server at a time (default: 32)",
              "a number from 1 to 1000", store_max_in_flight},
  };
  return table;
}

std::string file_key(const Setting& setting) {
  std::string key;
  bool upper = false;
  for (const char* c = setting.flag; *c != '\0'; ++c) {
    if (*c == '-') {
      upper = true;
    } else {
      key += upper ? static_cast<char>(*c - 'a' + 'A') : *c;
      upper = false;
    }
  }
  return key;
}

}  // namespace processhub::config
