#include "config/options.h"

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <fmt/core.h>
#include <map>
#include <random>
#include <set>
#include <unistd.h>
#include <yaml-cpp/yaml.h>

#include "api/label_syntax.h"
#include "config/duration.h"
#include "config/settings.h"

namespace processhub::config {
namespace {

constexpr const char* kNamespaceFile = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

using Values = std::map<std::string, std::string>;  // by flag

tl::unexpected<Error> invalid(std::string message) {
  return fail(ErrorKind::kInvalid, std::move(message));
}

struct CommandLine {
  Values values;
  std::string config_file = {};
  std::optional<std::string> print = {};
};

// CLI11's messages may have several lines.
std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

Result<CommandLine> read_command_line(int argc, const char* const* argv) {
  CommandLine read;
  CLI::App app("Runs ProcessHubs: named children, each on the nodes that a hash ring gives it.",
               "processhub-operator");
  app.set_version_flag("--version", "processhub-operator " PROCESSHUB_VERSION);
  app.add_option("--config", read.config_file,
                 "read settings from this YAML file; its keys are the flags in lowerCamelCase")
      ->option_text("FILE");
  for (const Setting& setting : settings()) {
    const auto keep = [&read, flag = setting.flag](const std::string& value) {
      read.values[flag] = value;
    };
    CLI::Option* option =
        app.add_option_function<std::string>(std::string("--") + setting.flag, keep, setting.help);
    option->option_text(setting.value);
    // A value may follow, but --leader-elect alone is enough.
    if (setting.is_switch) option->expected(0, 1)->default_str("true");
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    read.print = app.help();
  } catch (const CLI::CallForVersion&) {
    read.print = app.version() + "\n";
  } catch (const CLI::Error& error) {
    return invalid(first_line(error.what()) + " (--help lists the flags)");
  }
  return read;
}

// The entries of the file, by flag. Typed look-ups only, no walk: an alias in the file
// cannot make this long.
Result<Values> read_entries(const std::string& path, const YAML::Node& root) {
  Values values;
  if (root.IsNull()) return values;  // an empty file
  if (!root.IsMap()) return invalid(path + ": expected keys and values, like logLevel: info");
  for (const auto& entry : root) {
    if (!entry.first.IsScalar()) return invalid(path + ": a key is not a plain name");
    const std::string& key = entry.first.Scalar();
    const auto known = settings();
    const auto setting = std::find_if(known.begin(), known.end(),
                                      [&](const Setting& s) { return file_key(s) == key; });
    if (setting == known.end()) return invalid(fmt::format("{}: unknown key '{}'", path, key));
    if (!entry.second.IsScalar()) {
      return invalid(fmt::format("{}: {}: expected {}", path, key, setting->expected));
    }
    if (!values.emplace(setting->flag, entry.second.Scalar()).second) {
      return invalid(fmt::format("{}: {} is there twice", path, key));
    }
  }
  return values;
}

Result<Values> read_file(const std::string& path, const FileReader& files) {
  const auto text = files.read(path);
  if (!text) return tl::unexpected(text.error());
  try {
    const auto documents = YAML::LoadAll(*text);
    if (documents.size() > 1) return invalid(path + ": more than one YAML document");
    if (documents.empty()) return Values{};
    return read_entries(path, documents.front());
  } catch (const YAML::Exception& error) {
    return invalid(path + ": " + first_line(error.what()));
  }
}

std::optional<std::string> environment(const char* name) {
  const char* const value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

// With something that no other process has: a container that starts again in its pod is
// another candidate, and a process id there is always the same.
std::string default_identity() {
  std::string host(256, '\0');
  if (gethostname(host.data(), host.size() - 1) != 0) host = "unknown";
  return fmt::format("{}_{:08x}", environment("POD_NAME").value_or(host.c_str()),
                     std::random_device{}());
}

std::string default_lease_namespace(const FileReader& files) {
  if (const auto ns = environment("POD_NAMESPACE")) return *ns;
  if (const auto text = files.read(kNamespaceFile)) {
    const std::string ns = first_line(*text);
    if (api::is_dns_label(ns)) return ns;
  }
  return "default";
}

// What concerns more than one setting.
Result<Options> checked(Options options) {
  const auto refuse = [](const char* flag, Duration is, const char* what, Duration limit) {
    return invalid(fmt::format("--{} {} must be {} {}", flag, format_duration(is), what,
                               format_duration(limit)));
  };
  if (options.lease_duration % std::chrono::seconds(1) != Duration(0)) {
    return invalid(fmt::format("--lease-duration {}: expected whole seconds, as a Lease holds them",
                               format_duration(options.lease_duration)));
  }
  if (options.renew_deadline >= options.lease_duration) {
    return refuse("renew-deadline", options.renew_deadline, "below --lease-duration",
                  options.lease_duration);
  }
  if (options.retry_period >= options.renew_deadline) {
    return refuse("retry-period", options.retry_period, "below --renew-deadline",
                  options.renew_deadline);
  }
  return options;
}

}  // namespace

Result<Options> parse_options(int argc, const char* const* argv, const FileReader& files) {
  const auto flags = read_command_line(argc, argv);
  if (!flags) return tl::unexpected(flags.error());
  Options options;
  if (flags->print) {
    options.print = flags->print;
    return options;
  }
  Values entries;
  if (!flags->config_file.empty()) {
    auto read = read_file(flags->config_file, files);
    if (!read) return tl::unexpected(read.error());
    entries = std::move(*read);
  }

  options.identity = default_identity();
  options.lease_namespace = default_lease_namespace(files);
  for (const Setting& setting : settings()) {
    // The file's value is checked also where a flag wins: it is wrong either way.
    if (const auto entry = entries.find(setting.flag);
        entry != entries.end() && !setting.store(options, entry->second)) {
      return invalid(fmt::format("{}: {}: '{}': expected {}", flags->config_file, file_key(setting),
                                 entry->second, setting.expected));
    }
    if (const auto flag = flags->values.find(setting.flag);
        flag != flags->values.end() && !setting.store(options, flag->second)) {
      return invalid(
          fmt::format("--{} '{}': expected {}", setting.flag, flag->second, setting.expected));
    }
  }
  return checked(std::move(options));
}

}  // namespace processhub::config
