#include "kube/json_text.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace processhub::kube {
namespace {

using nlohmann::json;

TEST(JsonText, IsTheStringAtThePlace) {
  const json object = {{"kind", "Pod"}, {"metadata", {{"name", "p"}}}};
  EXPECT_EQ(text_at(object, "kind"), "Pod");
  EXPECT_EQ(meta_text(object, "name"), "p");
}

TEST(JsonText, IsEmptyWhereThereIsNone) {
  for (const json& object : {json(nullptr), json("metadata"), json::array({"metadata"}),
                             json::object(), json{{"metadata", nullptr}},
                             json{{"metadata", "name"}}, json{{"metadata", {{"name", 7}}}}}) {
    EXPECT_EQ(meta_text(object, "name"), "") << object;
    EXPECT_EQ(text_at(object, "name"), "") << object;
  }
}

}  // namespace
}  // namespace processhub::kube
