#include "api/types.h"

#include <gtest/gtest.h>

#include "api/label_syntax.h"

namespace processhub::api {
namespace {

using Op = LabelRequirement::Op;

bool matches(Op op, std::vector<std::string> values, const kube::StringMap& labels) {
  return LabelSelector{.match_expressions = {{"k", op, std::move(values)}}}.matches(labels);
}

TEST(LabelSelector, MatchesEverythingWhenEmpty) {
  EXPECT_TRUE(LabelSelector{}.matches({}));
  EXPECT_TRUE(LabelSelector{}.matches({{"a", "b"}}));
}

TEST(LabelSelector, NeedsEveryTerm) {
  const LabelSelector selector{.match_labels = {{"a", "1"}, {"b", ""}},
                               .match_expressions = {{"c", Op::kExists, {}}}};
  EXPECT_TRUE(selector.matches({{"a", "1"}, {"b", ""}, {"c", "x"}, {"d", "y"}}));
  EXPECT_FALSE(selector.matches({{"a", "2"}, {"b", ""}, {"c", "x"}}));
  EXPECT_FALSE(selector.matches({{"a", "1"}, {"c", "x"}}));
  EXPECT_FALSE(selector.matches({{"a", "1"}, {"b", ""}}));
}

TEST(LabelSelector, HasKubernetesOperators) {
  EXPECT_TRUE(matches(Op::kIn, {"x", "y"}, {{"k", "y"}}));
  EXPECT_FALSE(matches(Op::kIn, {"x", "y"}, {{"k", "z"}}));
  EXPECT_FALSE(matches(Op::kIn, {"x", ""}, {}));
  EXPECT_FALSE(matches(Op::kNotIn, {"x", "y"}, {{"k", "y"}}));
  EXPECT_TRUE(matches(Op::kNotIn, {"x", "y"}, {{"k", "z"}}));
  EXPECT_TRUE(matches(Op::kNotIn, {"x"}, {}));  // also without the label
  EXPECT_TRUE(matches(Op::kExists, {}, {{"k", ""}}));
  EXPECT_FALSE(matches(Op::kExists, {}, {{"l", ""}}));
  EXPECT_TRUE(matches(Op::kDoesNotExist, {}, {}));
  EXPECT_FALSE(matches(Op::kDoesNotExist, {}, {{"k", ""}}));
}

TEST(Toleration, ComparesAsKubernetesDoes) {
  const kube::Taint taint{.key = "k", .value = "v", .effect = "NoSchedule"};
  EXPECT_TRUE((Toleration{.key = "k", .value = "v"}.tolerates(taint)));
  EXPECT_TRUE((Toleration{.key = "k", .op = "", .value = "v"}.tolerates(taint)));
  EXPECT_TRUE((Toleration{.key = "k", .op = "Exists"}.tolerates(taint)));
  EXPECT_TRUE((Toleration{.key = "k", .op = "Exists", .effect = "NoSchedule"}.tolerates(taint)));
  EXPECT_FALSE((Toleration{.key = "k"}.tolerates(taint)));
  EXPECT_FALSE((Toleration{.key = "k", .value = "w"}.tolerates(taint)));
  EXPECT_FALSE((Toleration{.key = "j", .op = "Exists"}.tolerates(taint)));
  EXPECT_FALSE((Toleration{.key = "k", .op = "Exists", .effect = "NoExecute"}.tolerates(taint)));
  EXPECT_FALSE((Toleration{.key = "k", .op = "Gt", .value = "v"}.tolerates(taint)));
  EXPECT_TRUE((Toleration{.key = "k"}.tolerates({.key = "k", .effect = "NoExecute"})));
}

TEST(IntOrPercent, RoundsUp) {
  EXPECT_EQ((IntOrPercent{.value = 7}.of(100)), 7);
  EXPECT_EQ((IntOrPercent{.value = 10, .percent = true}.of(100)), 10);
  EXPECT_EQ((IntOrPercent{.value = 10, .percent = true}.of(101)), 11);
  EXPECT_EQ((IntOrPercent{.value = 1, .percent = true}.of(1)), 1);
  EXPECT_EQ((IntOrPercent{.value = 10, .percent = true}.of(0)), 0);
  EXPECT_EQ((IntOrPercent{.value = 100, .percent = true}.of(2147483647)), 2147483647);
}

TEST(Condition, SaysTheSameWhateverTheTime) {
  const Condition one{.type = "Ready", .reason = "All", .last_transition = WallTime{}};
  Condition other = one;
  other.last_transition += std::chrono::hours(1);
  EXPECT_TRUE(one.says_the_same(other));
  for (auto change :
       {+[](Condition& c) { c.type = "x"; }, +[](Condition& c) { c.reason = "x"; },
        +[](Condition& c) { c.message = "x"; }, +[](Condition& c) { c.observed_generation = 1; },
        +[](Condition& c) { c.status = kube::ConditionStatus::kTrue; }}) {
    other = one;
    change(other);
    EXPECT_FALSE(one.says_the_same(other));
  }
}

TEST(LabelSyntax, FollowsKubernetes) {
  const std::string long63(63, 'a');
  const std::string long253(253, 'a');
  for (const char* good : {"a", "a-b", "0", "9lives"}) EXPECT_TRUE(is_dns_label(good)) << good;
  EXPECT_TRUE(is_dns_label(long63));
  for (const char* bad : {"", "-a", "a-", "A", "a.b", "a_b", "ä"}) {
    EXPECT_FALSE(is_dns_label(bad)) << bad;
  }
  EXPECT_FALSE(is_dns_label(long63 + "a"));
  for (const char* good : {"a", "a.b", "0.0-0", "ip-10-0-0-1.ec2.internal"}) {
    EXPECT_TRUE(is_dns_subdomain(good)) << good;
  }
  EXPECT_TRUE(is_dns_subdomain(long253));
  for (const char* bad : {"", ".", "a.", ".a", "a..b", "a.-b", "A.b", "a_b", "a b"}) {
    EXPECT_FALSE(is_dns_subdomain(bad)) << bad;
  }
  EXPECT_FALSE(is_dns_subdomain(long253 + "a"));
  for (const char* good : {"a", "A.b_c-d", "x.y/z", "0/0"}) EXPECT_TRUE(is_label_key(good)) << good;
  EXPECT_TRUE(is_label_key(long253 + "/" + long63));
  for (const char* bad : {"", "/", "a/", "/a", "a/b/c", "A/b", "a b", "a..b/c", "-a", "a_", "é"}) {
    EXPECT_FALSE(is_label_key(bad)) << bad;
  }
  EXPECT_FALSE(is_label_key(long253 + "a/b"));
  EXPECT_TRUE(is_label_value(""));
  EXPECT_TRUE(is_label_value("A.b"));
  EXPECT_FALSE(is_label_value("a b"));
  EXPECT_FALSE(is_label_value(".a"));
  EXPECT_TRUE(is_reserved_key("processhub.io/x"));
  EXPECT_TRUE(is_reserved_key("a.processhub.io/x"));
  EXPECT_FALSE(is_reserved_key("processhub.io"));
  EXPECT_FALSE(is_reserved_key("myprocesshub.io/x"));
}

}  // namespace
}  // namespace processhub::api
