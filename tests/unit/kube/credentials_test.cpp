#include "kube/credentials.h"

#include <gmock/gmock.h>
#include <map>

#include "support/fake_clock.h"

#include "base/clock.h"
#include "kube/token_source.h"

namespace processhub::kube {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kSecret = "c2VjcmV0LXRva2Vu";

class MapFiles final : public FileReader {
 public:
  [[nodiscard]] Result<std::string> read(const std::string& path) const override {
    const auto found = files.find(path);
    if (found == files.end()) return fail(ErrorKind::kIo, "cannot read " + path + ": not there");
    return found->second;
  }
  std::map<std::string, std::string> files;
};

class Credentials : public ::testing::Test {
 protected:
  // A kubeconfig with one context; `cluster` and `user` are the insides of their mappings.
  static std::string kubeconfig(const std::string& cluster, const std::string& user) {
    return "apiVersion: v1\nkind: Config\ncurrent-context: main\n"
           "contexts:\n- name: main\n  context: {cluster: c, user: u, namespace: shop}\n"
           "clusters:\n- name: c\n  cluster: {" +
           cluster +
           "}\n"
           "users:\n- name: u\n  user: {" +
           user + "}\n";
  }
  Result<ConnectionConfig> load(const std::string& text, const std::string& context = "") {
    files.files["/home/me/.kube/config"] = text;
    return load_kubeconfig("/home/me/.kube/config", context, files);
  }
  // The message of the error that loading `text` gives.
  std::string refusal(const std::string& text, const std::string& context = "") {
    const auto config = load(text, context);
    EXPECT_FALSE(config) << text;
    if (config) return {};
    EXPECT_EQ(config.error().kind, ErrorKind::kInvalid);
    EXPECT_THAT(config.error().message, HasSubstr("/home/me/.kube/config"));
    EXPECT_THAT(config.error().message, Not(HasSubstr(kSecret)));
    return config.error().message;
  }
  Environment environment() {
    return [this](const std::string& name) -> std::optional<std::string> {
      const auto found = variables.find(name);
      if (found == variables.end()) return std::nullopt;
      return found->second;
    };
  }
  void in_a_pod() {
    variables["KUBERNETES_SERVICE_HOST"] = "10.96.0.1";
    variables["KUBERNETES_SERVICE_PORT"] = "443";
    const std::string folder = "/var/run/secrets/kubernetes.io/serviceaccount/";
    files.files[folder + "token"] = "t";
    files.files[folder + "ca.crt"] = "pem";
    files.files[folder + "namespace"] = "operators\n";
  }

  MapFiles files;
  std::map<std::string, std::string> variables;
};

const std::string kServer = "server: 'https://example.org:6443'";

TEST_F(Credentials, KubeconfigWithTokenAndInlineAuthority) {
  // "-----BEGIN CERTIFICATE-----\n" in base64
  const auto config = load(
      kubeconfig(kServer + ", certificate-authority-data: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg==",
                 "token: " + std::string(kSecret)));
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->server, "https://example.org:6443");
  EXPECT_EQ(config->ca.text, "-----BEGIN CERTIFICATE-----\n");
  EXPECT_EQ(config->token.text, kSecret);
  EXPECT_EQ(config->ns, "shop");
  EXPECT_FALSE(config->insecure_skip_tls_verify);
}

TEST_F(Credentials, FilesOfAKubeconfigAreRelativeToIt) {
  const auto config =
      load(kubeconfig(kServer + ", certificate-authority: pki/ca.crt",
                      "client-certificate: ../me.crt, client-key: /abs/me.key, tokenFile: t"));
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->ca.file, "/home/me/.kube/pki/ca.crt");
  EXPECT_EQ(config->certificate.file, "/home/me/me.crt");
  EXPECT_EQ(config->key.file, "/abs/me.key");
  EXPECT_EQ(config->token.file, "/home/me/.kube/t");
}

TEST_F(Credentials, OtherFieldsOfTheCluster) {
  const auto config = load(kubeconfig(
      "server: 'https://h/prefix/', insecure-skip-tls-verify: true, tls-server-name: other", ""));
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->server, "https://h/prefix");
  EXPECT_TRUE(config->insecure_skip_tls_verify);
  EXPECT_EQ(config->tls_server_name, "other");
}

TEST_F(Credentials, ContextCanBeChosen) {
  const std::string text = kubeconfig(kServer, "");
  EXPECT_TRUE(load(text, "main"));
  const std::string message = refusal(text, "nope");
  EXPECT_THAT(message, HasSubstr("context \"nope\""));
  EXPECT_THAT(message, HasSubstr("there are: main"));
}

TEST_F(Credentials, NamesThatYamlMightTakeForSomethingElseAreNames) {
  const auto config = load(
      "current-context: 010\ncontexts: [{name: 010, context: {cluster: y, user: n}}]\n"
      "clusters: [{name: y, cluster: {" +
      kServer + "}}]\nusers: [{name: n, user: {token: yes}}]\n");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->token.text, "yes");
}

TEST_F(Credentials, WhatIsNotSupportedIsSaidWithWhatToDo) {
  for (const std::string user : {"exec: {command: aws}", "auth-provider: {name: gcp}",
                                 "username: x, password: y", "as: z"}) {
    const std::string message = refusal(kubeconfig(kServer, user));
    EXPECT_THAT(message, HasSubstr("user \"u\""));
    EXPECT_THAT(message, HasSubstr("not supported"));
    EXPECT_THAT(message, HasSubstr("kubectl create token"));
  }
  EXPECT_THAT(refusal(kubeconfig(kServer + ", proxy-url: 'http://p'", "")), HasSubstr("proxy-url"));
  EXPECT_THAT(refusal(kubeconfig("server: 'https://[::1]:6443'", "")), HasSubstr("IPv6"));
}

TEST_F(Credentials, WhatIsWrongIsNamed) {
  EXPECT_THAT(refusal("contexts: []"), HasSubstr("current-context"));
  EXPECT_THAT(refusal("current-context: a"), HasSubstr("context \"a\" is not in the list"));
  EXPECT_THAT(refusal("current-context: a\ncontexts: [{name: a}]"),
              HasSubstr("context \"a\" is empty"));
  EXPECT_THAT(refusal("current-context: a\ncontexts: [{name: a, context: {cluster: c}}]"),
              HasSubstr("cluster \"c\""));
  EXPECT_THAT(refusal(kubeconfig("", "")), HasSubstr("has no server"));
  EXPECT_THAT(refusal(kubeconfig("server: example.org", "")), HasSubstr("https://"));
  EXPECT_THAT(refusal(kubeconfig("server: 'https://h:port'", "")), HasSubstr("port"));
  EXPECT_THAT(refusal(kubeconfig(kServer + ", insecure-skip-tls-verify: maybe", "")),
              HasSubstr("true or false"));
  EXPECT_THAT(refusal(kubeconfig(kServer + ", insecure-skip-tls-verify: true, "
                                           "certificate-authority: ca",
                                 "")),
              HasSubstr("remove one"));
  EXPECT_THAT(refusal(kubeconfig(kServer, "client-certificate: c")), HasSubstr("no client-key"));
  EXPECT_THAT(refusal(kubeconfig(kServer, std::string("client-key-data: '") + kSecret + "'")),
              HasSubstr("client-key-data"));
  EXPECT_THAT(refusal(kubeconfig(kServer, "token: [a]")), HasSubstr("token"));
}

TEST_F(Credentials, TextThatIsNoKubeconfigDoesNoHarm) {
  const std::string token = std::string("token: ") + kSecret;
  refusal("");
  refusal("just words");
  refusal("[1, 2]");
  refusal("a: b: " + token);
  refusal("\t" + token);
  refusal("'" + token);
  refusal("&a [*a]");
  refusal("contexts: &a {x: *a}\ncurrent-context: x\n");
  refusal("current-context: *missing");
  refusal("{current-context: x, contexts: [[[]], 1, {name: {}}, {name: x, context: [1]}]}");
  refusal(std::string(100'000, '['));
  refusal(std::string(100'000, '{'));
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 30; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int j = 0; j < 9; ++j) bomb += ", " + before;
    bomb += "]\n";
  }
  refusal(bomb + "contexts: *a29\ncurrent-context: x\n");
  refusal(std::string(5 << 20, ' '));
}

TEST_F(Credentials, PodUsesItsServiceAccount) {
  in_a_pod();
  const auto config = load_in_cluster(environment(), files);
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->server, "https://10.96.0.1:443");
  EXPECT_EQ(config->ca.file, "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt");
  EXPECT_EQ(config->token.file, "/var/run/secrets/kubernetes.io/serviceaccount/token");
  EXPECT_EQ(config->ns, "operators");
}

TEST_F(Credentials, PodThatCannotBeUsedSaysWhatToDo) {
  EXPECT_THAT(load_in_cluster(environment(), files).error().message, HasSubstr("not in a cluster"));
  in_a_pod();
  variables["KUBERNETES_SERVICE_HOST"] = "fd00::1";
  EXPECT_THAT(load_in_cluster(environment(), files).error().message,
              HasSubstr("kubernetes.default.svc"));
  in_a_pod();
  files.files.erase("/var/run/secrets/kubernetes.io/serviceaccount/token");
  EXPECT_THAT(load_in_cluster(environment(), files).error().message,
              HasSubstr("automountServiceAccountToken"));
}

TEST_F(Credentials, FirstSourceThatThereIsWins) {
  const auto with_server = [](const std::string& host) {
    return kubeconfig("server: 'https://" + host + "'", "");
  };
  files.files["/flag"] = with_server("flag");
  files.files["/second"] = with_server("variable");
  files.files["/home/me/.kube/config"] = with_server("home");
  variables["HOME"] = "/home/me";
  EXPECT_EQ(find_config("", "", environment(), files)->server, "https://home");
  in_a_pod();
  EXPECT_EQ(find_config("", "", environment(), files)->server, "https://10.96.0.1:443");
  variables["KUBECONFIG"] = "/first::/second";
  EXPECT_EQ(find_config("", "", environment(), files)->server, "https://variable");
  EXPECT_EQ(find_config("/flag", "", environment(), files)->server, "https://flag");
  variables["KUBECONFIG"] = "/first:/third";
  const auto missing = find_config("", "", environment(), files);
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().message, HasSubstr("/third"));
}

TEST_F(Credentials, NoSourceAtAllIsExplained) {
  variables["HOME"] = "/home/me";
  const auto config = find_config("", "", environment(), files);
  ASSERT_FALSE(config);
  EXPECT_THAT(config.error().message, HasSubstr("/home/me/.kube/config"));
  EXPECT_THAT(config.error().message, HasSubstr("not in a cluster"));
}

TEST_F(Credentials, TokenFileIsReadAgainOnceItIsOldOrRefused) {
  testing::FakeClock clock;
  files.files["/t"] = "one\n";
  TokenSource token({.file = "/t"}, files, clock, std::chrono::seconds(10));
  EXPECT_EQ(*token.get(), "one");
  files.files["/t"] = "two\n";
  EXPECT_EQ(*token.get(), "one");
  clock.move(std::chrono::seconds(10));
  EXPECT_EQ(*token.get(), "two");
  files.files["/t"] = "three\n";
  token.expire();
  EXPECT_EQ(*token.get(), "three");
  files.files.erase("/t");
  clock.move(std::chrono::seconds(10));
  EXPECT_EQ(*token.get(), "three");  // better than none
}

TEST_F(Credentials, TokenThatWouldBreakTheHeaderIsRefusedAndNotShown) {
  testing::FakeClock clock;
  files.files["/t"] = "secret\r\nX-Other: 1";
  TokenSource token({.file = "/t"}, files, clock, std::chrono::seconds(10));
  const auto got = token.get();
  ASSERT_FALSE(got);
  EXPECT_THAT(got.error().message, HasSubstr("/t"));
  EXPECT_THAT(got.error().message, Not(HasSubstr("secret")));
}

}  // namespace
}  // namespace processhub::kube
