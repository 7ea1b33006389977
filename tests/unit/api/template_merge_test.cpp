#include "api/template_merge.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "api/revision.h"
#include "unit/api/merge_cases.h"

namespace processhub::api {
namespace {

using nlohmann::json;

class NamedMerge : public testing::TestWithParam<test::MergeCase> {};

TEST_P(NamedMerge, GivesWhatKubectlGives) {
  const test::MergeCase& named = GetParam();
  const auto merged = merge_template(json::parse(named.base), json::parse(named.patch));
  if (named.merged == nullptr) {
    EXPECT_FALSE(merged) << merged->dump();
    return;
  }
  ASSERT_TRUE(merged) << merged.error().message;
  EXPECT_EQ(*merged, json::parse(named.merged)) << merged->dump();
}

INSTANTIATE_TEST_SUITE_P(TemplateMerge, NamedMerge, testing::ValuesIn(test::merge_cases()),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(TemplateMerge, LeavesTheArgumentsAlone) {
  const json base = json::parse(R"({"spec":{"containers":[{"name":"a","image":"1"}]}})");
  const json overlay = json::parse(R"({"spec":{"containers":[{"name":"a","image":"2"}]}})");
  const json base_before = base;
  const json overlay_before = overlay;
  ASSERT_TRUE(merge_template(base, overlay));
  EXPECT_EQ(base, base_before);
  EXPECT_EQ(overlay, overlay_before);
}

TEST(TemplateMerge, TakesNoOverlayAsNoChange) {
  const json base = json::parse(R"({"spec":{"containers":[{"name":"a"}],"hostname":null}})");
  const auto merged = merge_template(base, nullptr);
  ASSERT_TRUE(merged);
  EXPECT_EQ(*merged, json::parse(R"({"spec":{"containers":[{"name":"a"}]}})"));
}

TEST(TemplateMerge, RefusesWhatIsNoObject) {
  EXPECT_FALSE(merge_template(json::array(), json::object()));
  EXPECT_FALSE(merge_template(json::object(), "text"));
}

TEST(TemplateMerge, NamesThePlaceOfAnError) {
  const json base = json::parse(R"({"spec":{"containers":[{"name":"a","env":[{"name":"X"}]}]}})");
  const json overlay =
      json::parse(R"({"spec":{"containers":[{"name":"a","env":[{"value":"no name"}]}]}})");
  const auto merged = merge_template(base, overlay);
  ASSERT_FALSE(merged);
  EXPECT_EQ(merged.error().message, "spec.containers.[\"a\"].env: an element has no \"name\"");
}

TEST(TemplateMerge, RefusesEndlessDepthInsteadOfEndingTheProgram) {
  json deep = json::object();
  for (int i = 0; i < 5000; ++i) deep = json{{"a", std::move(deep)}};
  const auto merged = merge_template(deep, deep);
  ASSERT_FALSE(merged);
  EXPECT_NE(merged.error().message.find("too deeply"), std::string::npos);
  EXPECT_FALSE(merge_template(deep, json::object()));
}

TEST(TemplateMerge, IsQuickForLongLists) {
  json base = json::parse(R"({"spec":{"containers":[{"name":"a","env":[]}]}})");
  json& env = base["spec"]["containers"][0]["env"];
  for (int i = 0; i < 20000; ++i) env.push_back({{"name", "V" + std::to_string(i)}});
  const auto merged = merge_template(base, base);
  ASSERT_TRUE(merged);
  EXPECT_EQ(*merged, base);
}

TEST(TemplateProblem, NamesWhatIsMissing) {
  EXPECT_EQ(template_problem(json::parse(R"({"spec":{"containers":[{"name":"a"}]}})")),
            std::nullopt);
  EXPECT_EQ(template_problem(json::parse(R"({"spec":{"containers":[]}})")),
            "spec.template.spec.containers: needs at least one container");
  EXPECT_EQ(template_problem(json::object()),
            "spec.template.spec: is required: it holds the pods' containers");
}

TEST(TemplateRevision, IsThatOfTheContentAlone) {
  const json one = json::parse(R"({"spec":{"hostname":"x","containers":[{"name":"a"}]}})");
  const json same = json::parse(R"({ "spec": {"containers":[{"name":"a"}], "hostname":"x"} })");
  EXPECT_EQ(template_revision(one, "Affinity"), template_revision(same, "Affinity"));
  EXPECT_EQ(template_revision(one, "Affinity").size(), 10U);
  EXPECT_NE(template_revision(one, "Affinity"), template_revision(one, "NodeName"));
  json other = one;
  other["spec"]["hostname"] = "y";
  EXPECT_NE(template_revision(one, "Affinity"), template_revision(other, "Affinity"));
}

// A change of this value restarts every pod of every installation on the operator's update.
TEST(TemplateRevision, NeverChangesWithTheOperator) {
  EXPECT_EQ(template_revision(json::parse(R"({"spec":{"containers":[{"name":"a"}]}})"), "Affinity"),
            "wgv5jrgwvo");
}

}  // namespace
}  // namespace processhub::api
