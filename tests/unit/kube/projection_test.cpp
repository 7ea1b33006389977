#include "kube/projection.h"

#include <gtest/gtest.h>
#include <vector>

namespace processhub::kube {
namespace {

using nlohmann::json;

json project(const std::string& text, const Projection& mask) {
  const auto object = parse_object(text, mask);
  EXPECT_TRUE(object) << object.error().message;
  return object ? *object : json();
}

TEST(Projection, KeepsWhatIsNamedAndNothingElse) {
  const std::string pod = R"({"kind":"Pod","metadata":{"name":"p","labels":{"a":"b"},
    "managedFields":[{"fieldsV1":{"f:x":{}}}]},"spec":{"nodeName":"n","containers":[{"name":"c"}]}})";
  EXPECT_EQ(project(pod, {"metadata.name", "metadata.labels", "spec.nodeName"}),
            json::parse(R"({"metadata":{"name":"p","labels":{"a":"b"}},"spec":{"nodeName":"n"}})"));
  EXPECT_EQ(project(pod, Projection::everything()), json::parse(pod));
  EXPECT_EQ(project(pod, {}), json::object());
}

TEST(Projection, PassesThroughArrays) {
  EXPECT_EQ(project(R"({"a":[{"b":1,"c":2},{"c":3},[{"b":4,"c":5}],6]})", {"a.b"}),
            json::parse(R"({"a":[{"b":1},{},[{"b":4}],6]})"));
}

TEST(Projection, BracketsHoldNamesWithDotsAndBeginningsOfNames) {
  const std::string text =
      R"({"annotations":{"processhub.io/x":"1","kubectl.kubernetes.io/y":"2","processhub.ioz":"3"}})";
  EXPECT_EQ(project(text, {"annotations[processhub.io/*]"}),
            json::parse(R"({"annotations":{"processhub.io/x":"1"}})"));
  EXPECT_EQ(project(text, {"annotations[kubectl.kubernetes.io/y]"}),
            json::parse(R"({"annotations":{"kubectl.kubernetes.io/y":"2"}})"));
}

TEST(Projection, StarStandsForEveryField) {
  EXPECT_EQ(project(R"({"a":{"x":{"n":1,"m":2},"y":{"n":3}}})", {"a.*.n"}),
            json::parse(R"({"a":{"x":{"n":1},"y":{"n":3}}})"));
}

TEST(Projection, MaskCanBeAddedToWithoutChangingTheOriginal) {
  const Projection small{"a.b"};
  const Projection large = small.with({"a.c", "d"});
  const std::string text = R"({"a":{"b":1,"c":2},"d":3})";
  EXPECT_EQ(project(text, small), json::parse(R"({"a":{"b":1}})"));
  EXPECT_EQ(project(text, large), json::parse(text));
}

TEST(Projection, ListIsHandedOverItemByItem) {
  std::vector<json> items;
  const auto meta = parse_list(R"({"kind":"PodList","metadata":{"resourceVersion":"42",
      "continue":"next","remainingItemCount":7},"items":[{"a":1,"b":2},{"a":3}]})",
                               {"a"}, [&](json&& item) { items.push_back(std::move(item)); });
  ASSERT_TRUE(meta) << meta.error().message;
  EXPECT_EQ(meta->version.str(), "42");
  EXPECT_EQ(meta->continue_token, "next");
  EXPECT_EQ(items, (std::vector<json>{{{"a", 1}}, {{"a", 3}}}));
}

TEST(Projection, EmptyListMayBeNull) {
  for (const std::string items : {"null", "[]"}) {
    const auto meta = parse_list(R"({"items":)" + items + R"(,"metadata":{"resourceVersion":"1"}})",
                                 Projection::everything(), [](json&&) { FAIL(); });
    ASSERT_TRUE(meta);
    EXPECT_EQ(meta->version.str(), "1");
  }
}

TEST(Projection, WhatIsNoListIsAnErrorAndNotAnEmptyList) {
  for (const std::string body : {R"({"kind":"Status","code":500})", "[]", "null", "7", "", "{",
                                 R"({"items":{}})", R"({"items":[{"a":1})", R"({"items":[]} x)",
                                 "<html>", "\xFF\xFE", R"({"items":[{"a":"\xC3"}]})"}) {
    const auto meta = parse_list(body, Projection::everything(), [](json&&) {});
    ASSERT_FALSE(meta) << body;
    EXPECT_EQ(meta.error().kind, ErrorKind::kInvalid);
  }
}

TEST(Projection, EveryTruncationIsAnError) {
  const std::string body =
      R"({"metadata":{"resourceVersion":"1"},"items":[{"a":{"b":[1,2.5,true,null,"x"]}}]})";
  for (size_t size = 0; size < body.size(); ++size) {
    EXPECT_FALSE(parse_list(body.substr(0, size), {"a.b"}, [](json&&) {})) << size;
  }
}

TEST(Projection, DeepNestingIsRefusedWhereverItIs) {
  const auto nested = [](int depth) {
    std::string text;
    for (int i = 0; i < depth; ++i) text += R"({"a":)";
    return text + "1" + std::string(static_cast<size_t>(depth), '}');
  };
  EXPECT_TRUE(parse_object(nested(60), Projection::everything()));
  EXPECT_FALSE(parse_object(nested(100), Projection::everything()));
  EXPECT_FALSE(parse_object(nested(100), {"unwanted"}));
  EXPECT_FALSE(parse_object(R"({"a":)" + std::string(1'000'000, '['), Projection::everything()));
  EXPECT_FALSE(parse_list(std::string(1'000'000, '['), {"a"}, [](json&&) {}));
}

TEST(Projection, NumbersOfAnySizeAreReadOrRefusedButDoNoHarm) {
  EXPECT_FALSE(parse_object(R"({"a":1e999})", Projection::everything()));
  const auto large = parse_object(
      R"({"a":123456789012345678901234567890,"b":-9223372036854775808})", Projection::everything());
  ASSERT_TRUE(large);
  EXPECT_TRUE((*large)["a"].is_number_float());
}

TEST(Projection, WatchLineIsAnEvent) {
  const auto event = parse_watch_line(
      R"({"type":"MODIFIED","object":{"metadata":{"name":"p","uid":"u"},"spec":{}}})",
      {"metadata.name"});
  ASSERT_TRUE(event);
  EXPECT_EQ(event->type, WatchType::kModified);
  EXPECT_EQ(event->object, json::parse(R"({"metadata":{"name":"p"}})"));
  for (const auto& [name, type] :
       {std::pair{"ADDED", WatchType::kAdded}, std::pair{"DELETED", WatchType::kDeleted},
        std::pair{"BOOKMARK", WatchType::kBookmark}}) {
    const auto other = parse_watch_line(std::string(R"({"type":")") + name + R"(","object":{}})",
                                        Projection::everything());
    ASSERT_TRUE(other);
    EXPECT_EQ(other->type, type);
  }
}

TEST(Projection, WatchErrorCarriesTheServersStatus) {
  for (
      const std::string line :
      {R"({"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"old"}})",
       R"({"object":{"kind":"Status","code":410,"reason":"Expired","message":"old"},"type":"ERROR"})"}) {
    const auto event = parse_watch_line(line, {"metadata.name"});
    ASSERT_TRUE(event);
    EXPECT_EQ(event->type, WatchType::kError);
    EXPECT_EQ(event->status.code, 410);
    EXPECT_EQ(event->status.reason, "Expired");
    EXPECT_EQ(event->status.message, "old");
    EXPECT_EQ(to_error(event->status, Method::kGet).kind, ErrorKind::kGone);
  }
}

TEST(Projection, WatchLineOfAnotherShapeIsAnError) {
  for (const std::string line :
       {R"({"type":"NEW","object":{}})", R"({"type":"ADDED"})", R"({"type":"ADDED","object":[]})",
        R"({"object":{}})", R"({"type":7,"object":{}})", "{}", "", "garbage"}) {
    EXPECT_FALSE(parse_watch_line(line, Projection::everything())) << line;
  }
}

}  // namespace
}  // namespace processhub::kube
