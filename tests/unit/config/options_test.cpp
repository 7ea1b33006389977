#include "config/options.h"

#include <gmock/gmock.h>
#include <map>
#include <unistd.h>
#include <vector>

namespace processhub::config {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class MapFiles final : public FileReader {
 public:
  std::map<std::string, std::string> files = {};
  [[nodiscard]] Result<std::string> read(const std::string& path) const override {
    const auto found = files.find(path);
    if (found == files.end()) return fail(ErrorKind::kIo, "cannot read " + path + ": no such file");
    return found->second;
  }
};

class OptionsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    unsetenv("POD_NAME");
    unsetenv("POD_NAMESPACE");
  }

  Result<Options> parse(std::vector<const char*> flags) {
    flags.insert(flags.begin(), "processhub-operator");
    return parse_options(static_cast<int>(flags.size()), flags.data(), files_);
  }

  // With `yaml` as the configuration file.
  Result<Options> parse_file(const std::string& yaml, std::vector<const char*> flags = {}) {
    files_.files["/c.yaml"] = yaml;
    flags.insert(flags.end(), {"--config", "/c.yaml"});
    return parse(std::move(flags));
  }

  static std::string message_of(const Result<Options>& result) {
    return result ? "no error" : result.error().message;
  }

  MapFiles files_;
};

TEST_F(OptionsTest, DefaultsAreThoseOfTheHelp) {
  const auto options = parse({});
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_EQ(options->kubeconfig, "");
  EXPECT_EQ(options->ns, "");
  EXPECT_EQ(options->bind_address, "0.0.0.0:8080");
  EXPECT_TRUE(options->leader_elect);
  EXPECT_EQ(options->lease_name, "processhub-operator");
  EXPECT_EQ(options->lease_namespace, "default");
  EXPECT_EQ(options->lease_duration, 15s);
  EXPECT_EQ(options->renew_deadline, 10s);
  EXPECT_EQ(options->retry_period, 2s);
  EXPECT_EQ(options->log_level, LogLevel::kInfo);
  EXPECT_EQ(options->log_format, LogFormat::kJson);
  EXPECT_EQ(options->max_in_flight, 32);
  EXPECT_THAT(options->identity, ::testing::MatchesRegex(".+_[0-9a-f]+"));
  EXPECT_FALSE(options->print);
}

TEST_F(OptionsTest, EveryFlagIsTaken) {
  const auto options = parse({"--kubeconfig",
                              "/k",
                              "--context=prod",
                              "--namespace",
                              "shop",
                              "--bind-address=:0",
                              "--leader-elect=false",
                              "--lease-name",
                              "a.b",
                              "--lease-namespace",
                              "kube-system",
                              "--lease-duration=1m",
                              "--renew-deadline",
                              "40s",
                              "--retry-period",
                              "500ms",
                              "--identity",
                              "me",
                              "--log-level",
                              "debug",
                              "--log-format=text",
                              "--max-in-flight",
                              "8"});
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_EQ(options->kubeconfig, "/k");
  EXPECT_EQ(options->context, "prod");
  EXPECT_EQ(options->ns, "shop");
  EXPECT_EQ(options->bind_address, ":0");
  EXPECT_FALSE(options->leader_elect);
  EXPECT_EQ(options->lease_name, "a.b");
  EXPECT_EQ(options->lease_namespace, "kube-system");
  EXPECT_EQ(options->lease_duration, 1min);
  EXPECT_EQ(options->renew_deadline, 40s);
  EXPECT_EQ(options->retry_period, 500ms);
  EXPECT_EQ(options->identity, "me");
  EXPECT_EQ(options->log_level, LogLevel::kDebug);
  EXPECT_EQ(options->log_format, LogFormat::kText);
  EXPECT_EQ(options->max_in_flight, 8);
}

TEST_F(OptionsTest, ASwitchNeedsNoValue) {
  for (const auto& flags :
       std::vector<std::vector<const char*>>{{"--leader-elect"},
                                             {"--leader-elect=true"},
                                             {"--leader-elect", "--log-level", "info"}}) {
    const auto options = parse_file("leaderElect: false", flags);
    ASSERT_TRUE(options) << options.error().message;
    EXPECT_TRUE(options->leader_elect);
  }
}

TEST_F(OptionsTest, EveryKeyOfTheFileIsTaken) {
  const auto options = parse_file(R"(
kubeconfig: /k
context: prod
namespace: shop
bindAddress: "127.0.0.1:9090"
leaderElect: false
leaseName: l
leaseNamespace: kube-system
leaseDuration: 30s
renewDeadline: 20s
retryPeriod: 4s
identity: me
logLevel: warn
logFormat: text
maxInFlight: 16
)");
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_EQ(options->kubeconfig, "/k");
  EXPECT_EQ(options->context, "prod");
  EXPECT_EQ(options->ns, "shop");
  EXPECT_EQ(options->bind_address, "127.0.0.1:9090");
  EXPECT_FALSE(options->leader_elect);
  EXPECT_EQ(options->lease_name, "l");
  EXPECT_EQ(options->lease_namespace, "kube-system");
  EXPECT_EQ(options->lease_duration, 30s);
  EXPECT_EQ(options->renew_deadline, 20s);
  EXPECT_EQ(options->retry_period, 4s);
  EXPECT_EQ(options->identity, "me");
  EXPECT_EQ(options->log_level, LogLevel::kWarn);
  EXPECT_EQ(options->log_format, LogFormat::kText);
  EXPECT_EQ(options->max_in_flight, 16);
}

TEST_F(OptionsTest, AFlagWinsOverTheFile) {
  const auto options = parse_file("logLevel: error\nmaxInFlight: 16", {"--log-level", "debug"});
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_EQ(options->log_level, LogLevel::kDebug);
  EXPECT_EQ(options->max_in_flight, 16);
}

TEST_F(OptionsTest, AnEmptyFileChangesNothing) {
  for (const char* yaml : {"", "# a comment\n", "---\n", "{}"}) {
    const auto options = parse_file(yaml);
    EXPECT_TRUE(options) << options.error().message;
  }
}

TEST_F(OptionsTest, AWrongFlagIsNamedOnOneLine) {
  const std::vector<std::pair<std::vector<const char*>, const char*>> cases = {
      {{"--nope"}, "--nope"},
      {{"stray"}, "stray"},
      {{"--lease-duration"}, "--lease-duration"},
      {{"--lease-duration", "15"},
       "--lease-duration '15': expected a duration above 0 such as 15s"},
      {{"--lease-duration", "0s"}, "--lease-duration '0s': expected a duration above 0"},
      {{"--lease-duration", "15s500ms"}, "--lease-duration 15s500ms: expected whole seconds"},
      {{"--renew-deadline", "15s"}, "--renew-deadline 15s must be below --lease-duration 15s"},
      {{"--retry-period", "10s"}, "--retry-period 10s must be below --renew-deadline 10s"},
      {{"--leader-elect=maybe"}, "--leader-elect 'maybe': expected true or false"},
      {{"--log-level", "loud"}, "--log-level 'loud': expected debug, info, warn or error"},
      {{"--log-format", "xml"}, "--log-format 'xml': expected json or text"},
      {{"--max-in-flight", "0"}, "--max-in-flight '0': expected a number from 1 to 1000"},
      {{"--max-in-flight", "8x"}, "--max-in-flight '8x'"},
      {{"--namespace", "Not_A_Name"}, "--namespace 'Not_A_Name': expected the name of a namespace"},
      {{"--namespace", "a/../b"}, "--namespace 'a/../b'"},
      {{"--lease-name", "a..b"}, "--lease-name 'a..b'"},
      {{"--identity", "a b"}, "--identity 'a b'"},
      {{"--kubeconfig", ""}, "--kubeconfig"},
      {{"--log-level", "info", "--log-level", "debug"}, "--log-level"},
      {{"--config", "/missing.yaml"}, "cannot read /missing.yaml"},
  };
  for (const auto& [flags, message] : cases) {
    const auto options = parse(flags);
    EXPECT_THAT(message_of(options), HasSubstr(message));
    EXPECT_THAT(message_of(options), Not(HasSubstr("\n")));
  }
}

TEST_F(OptionsTest, AWrongFileIsNamedWithItsKey) {
  const std::vector<std::pair<const char*, const char*>> cases = {
      {"logLevl: info", "/c.yaml: unknown key 'logLevl'"},
      {"log-level: info", "/c.yaml: unknown key 'log-level'"},
      {"config: /other.yaml", "/c.yaml: unknown key 'config'"},
      {"logLevel: loud", "/c.yaml: logLevel: 'loud': expected debug, info, warn or error"},
      {"leaderElect: y", "/c.yaml: leaderElect: 'y': expected true or false"},
      {"logLevel:", "/c.yaml: logLevel: expected debug"},
      {"logLevel: [info]", "/c.yaml: logLevel: expected debug"},
      {"logLevel: {a: b}", "/c.yaml: logLevel: expected debug"},
      {"logLevel: info\nlogLevel: warn", "/c.yaml: logLevel is there twice"},
      {"[logLevel]", "/c.yaml: expected keys and values"},
      {"just text", "/c.yaml: expected keys and values"},
      {"logLevel: info\n---\nlogLevel: warn", "/c.yaml: more than one YAML document"},
      {"logLevel: [", "/c.yaml: yaml-cpp: error at line"},
      {"? [a]\n: b", "/c.yaml: a key is not a plain name"},
      {"leaseDuration: 15", "/c.yaml: leaseDuration: '15': expected a duration"},
      {"renewDeadline: 20s", "--renew-deadline 20s must be below --lease-duration 15s"},
  };
  for (const auto& [yaml, message] : cases) {
    EXPECT_THAT(message_of(parse_file(yaml)), StartsWith(message)) << yaml;
  }
  EXPECT_THAT(message_of(parse_file(std::string(5000, '['))), StartsWith("/c.yaml: "));
}

TEST_F(OptionsTest, IdentityAndNamespaceComeFromThePod) {
  files_.files["/var/run/secrets/kubernetes.io/serviceaccount/namespace"] = "from-file\n";
  EXPECT_EQ(parse({})->lease_namespace, "from-file");
  setenv("POD_NAME", "processhub-operator-5d8f-x", 1);
  setenv("POD_NAMESPACE", "from-env", 1);
  const auto options = parse({});
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_THAT(options->identity, ::testing::StartsWith("processhub-operator-5d8f-x_"));
  EXPECT_NE(options->identity, parse({})->identity) << "of this process alone";
  EXPECT_EQ(options->lease_namespace, "from-env");
  EXPECT_EQ(parse({"--identity", "me"})->identity, "me");
  EXPECT_EQ(parse({"--lease-namespace", "mine"})->lease_namespace, "mine");
}

TEST_F(OptionsTest, HelpAndVersionArePrinted) {
  auto options = parse({"--help"});
  ASSERT_TRUE(options && options->print);
  for (const char* flag : {"--config", "--kubeconfig", "--leader-elect", "--lease-duration",
                           "--max-in-flight", "--log-format", "--version"}) {
    EXPECT_THAT(*options->print, HasSubstr(flag));
  }
  options = parse({"--version"});
  ASSERT_TRUE(options && options->print);
  EXPECT_THAT(*options->print, ::testing::MatchesRegex("processhub-operator [0-9.]+\n"));
}

}  // namespace
}  // namespace processhub::config
