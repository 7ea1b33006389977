// The operator as a program: how it refuses to start, how it ends, what its log holds.
#include <fstream>
#include <gmock/gmock.h>

#include "e2e/support/cluster.h"
#include "e2e/support/fixture.h"

namespace processhub::e2e {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class Program : public WithoutOperator {};

// Started so, it has to say on one line what is wrong, and to end with 1.
void expect_refusal(const Words& flags, const std::string& because,
                    const std::map<std::string, std::string>& environment = {}) {
  Words command = {PROCESSHUB_OPERATOR, "--bind-address", "127.0.0.1:0"};
  command.insert(command.end(), flags.begin(), flags.end());
  const Output output = run(command, "", environment);
  EXPECT_EQ(output.code, 1) << because;
  EXPECT_EQ(output.out, "");
  EXPECT_THAT(output.err, StartsWith("processhub-operator: "));
  EXPECT_THAT(output.err, EndsWith("\n"));
  EXPECT_EQ(std::count(output.err.begin(), output.err.end(), '\n'), 1) << output.err;
  EXPECT_THAT(output.err, HasSubstr(because));
}

std::string file(const std::string& name, const std::string& text) {
  const auto path = scratch() / name;
  std::ofstream(path) << text;
  return path.string();
}

TEST(ProgramStart, IsRefusedWithOneLineWhenTheKubeconfigCannotBeUsed) {
  expect_refusal({"--kubeconfig", "/nowhere/config"}, "/nowhere/config");
  expect_refusal({"--kubeconfig", scratch().string()}, scratch().string());
  expect_refusal({"--kubeconfig", file("broken", "clusters: [}")}, "broken");
  expect_refusal({"--kubeconfig", file("empty", "")}, "empty");
  expect_refusal({"--kubeconfig", operator_kubeconfig(), "--context", "elsewhere"}, "elsewhere");
  expect_refusal({}, "/nowhere/else", {{"KUBECONFIG", "/nowhere/else"}});
  expect_refusal({"--no-such-flag"}, "no-such-flag");
}

TEST_F(Program, EndsWithZeroWhenItIsAskedTo) {
  OperatorProcess one;
  operators_ = {&one};
  one.wait_ready();
  EXPECT_EQ(one.stop(), 0) << one.log_tail(20);
  OperatorProcess early;  // before it has begun, too
  operators_ = {&early};
  EXPECT_TRUE(wait_until([&] { return early.has_said("started"); }));
  EXPECT_EQ(early.stop(), 0) << early.log_tail(20);
  operators_.clear();
}

TEST_F(Program, HoldsNoSecretInItsLog) {
  const NodeSet nodes(3);
  OperatorProcess one({"--leader-elect=false", "--log-level=debug"});
  operators_ = {&one};
  given_hub("workers", nodes,
            {{"template",
              {{"spec",
                {{"containers",
                  {{{"name", "worker"},
                    {"image", "registry.example/worker:1"},
                    {"env", {{{"name", "PASSWORD"}, {"value", "pa55w0rd-of-the-pod"}}}}}}}}}}}});
  given_children("workers", names("tenant", 5));
  eventually_placed({.children = names("tenant", 5), .nodes = nodes.names()});
  must_kubectl({"delete", "pod", pods_of_child("tenant-1").at(0).name, "-n", ns_, "--wait=false"});
  eventually_placed({.children = names("tenant", 5), .nodes = nodes.names()});
  EXPECT_EQ(one.stop(), 0);

  const std::string log = one.log_tail(one.log().size());
  const std::string token = operator_token();
  ASSERT_GT(token.size(), 100U);
  EXPECT_THAT(log, Not(HasSubstr(token.substr(token.size() - 40))));
  EXPECT_THAT(log, Not(HasSubstr(token.substr(0, 40))));
  EXPECT_THAT(log, Not(HasSubstr("pa55w0rd-of-the-pod")));
  EXPECT_THAT(log, Not(HasSubstr("Bearer")));
  operators_.clear();
}

TEST_F(Program, SaysThatItsCredentialsAreRefusedWithoutThem) {
  auto config = json::parse(std::ifstream(operator_kubeconfig()));
  config["users"][0]["user"] = {{"token", "an-0ld-t0ken"}};
  OperatorProcess one({"--leader-elect=false", "--log-level=debug"},
                      file("old-token", config.dump()));
  operators_ = {&one};
  EXPECT_TRUE(wait_until([&] { return one.has_said("401") || one.has_said("Unauthorized"); }));
  EXPECT_FALSE(one.answers_ready());
  EXPECT_TRUE(one.running()) << "credentials may be renewed";
  EXPECT_EQ(one.stop(), 0);
  EXPECT_FALSE(one.has_said("an-0ld-t0ken"));
  operators_.clear();
}

}  // namespace
}  // namespace processhub::e2e
