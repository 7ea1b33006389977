#include "cache/store_sink.h"

#include <gtest/gtest.h>

#include "kube/decode.h"

namespace processhub::cache {
namespace {

using nlohmann::json;

json pod(const std::string& name, int version, const json& uid) {
  return {{"metadata",
           {{"namespace", "shop"},
            {"name", name},
            {"uid", uid},
            {"resourceVersion", std::to_string(version)}}}};
}

class StoreSinkTest : public ::testing::Test {
 protected:
  Store<kube::Pod> store_;
  // A uid that is a number does not decode.
  watch::ReflectorSink sink_ =
      store_sink<kube::Pod>(store_, [](const json& object) -> Result<kube::Pod> {
        if (object["metadata"]["uid"].is_number()) return fail(ErrorKind::kInvalid, "bad uid");
        return kube::decode_pod(object);
      });
  const PodKey key_{"shop", "p"};
};

TEST_F(StoreSinkTest, PutsTypedObjectsIntoTheStore) {
  sink_.replace_begin();
  EXPECT_TRUE(sink_.replace_item(pod("p", 1, "u1")));
  sink_.replace_end(ResourceVersion("5"));
  ASSERT_NE(store_.find(key_), nullptr);
  EXPECT_TRUE(store_.synced());
  EXPECT_TRUE(sink_.upsert(pod("p", 6, "u2")));
  EXPECT_EQ(store_.find(key_)->meta.uid, Uid("u2"));
  sink_.bookmark(ResourceVersion("9"));
  EXPECT_EQ(store_.passed(), 9U);
  sink_.remove(pod("p", 12, "u2"));
  EXPECT_EQ(store_.size(), 0U);
  EXPECT_EQ(store_.passed(), 12U);
}

TEST_F(StoreSinkTest, WhatDoesNotDecodeStaysAsItWasAndIsPassed) {
  EXPECT_TRUE(sink_.upsert(pod("p", 1, "u1")));
  EXPECT_FALSE(sink_.upsert(pod("p", 2, 7)));
  EXPECT_EQ(store_.find(key_)->meta.uid, Uid("u1"));
  EXPECT_EQ(store_.passed(), 2U);
  sink_.replace_begin();
  EXPECT_FALSE(sink_.replace_item(pod("p", 2, 7)));
  EXPECT_FALSE(sink_.replace_item(pod("new", 2, 7)));
  sink_.replace_end(ResourceVersion("3"));
  EXPECT_EQ(store_.find(key_)->meta.uid, Uid("u1"));
  EXPECT_EQ(store_.size(), 1U);
}

TEST_F(StoreSinkTest, RemovesWithoutDecoding) {
  EXPECT_TRUE(sink_.upsert(pod("p", 1, "u1")));
  sink_.remove(pod("p", 2, 7));
  sink_.remove(json());
  sink_.remove(json::array());
  EXPECT_EQ(store_.size(), 0U);
}

}  // namespace
}  // namespace processhub::cache
