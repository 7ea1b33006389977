#include "cache/store.h"

#include <gmock/gmock.h>

#include "support/fake_random.h"

namespace processhub::cache {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

kube::Pod pod(const std::string& name, int version, const std::string& node = "a",
              const std::string& uid = "") {
  kube::Pod pod;
  pod.meta.ns = "shop";
  pod.meta.name = name;
  pod.meta.uid = Uid(uid.empty() ? "uid-" + name : uid);
  pod.meta.version = ResourceVersion(std::to_string(version));
  pod.node = NodeName(node);
  return pod;
}

PodKey key(const std::string& name) { return {"shop", name}; }
ResourceVersion version(int number) { return ResourceVersion(std::to_string(number)); }

// Writes changes as "+p", "-p" and "p:a>b" (the node before and after).
class StoreTest : public ::testing::Test {
 protected:
  StoreTest() {
    store_.subscribe([this](const auto& before, const auto& after) {
      if (before == nullptr) {
        told_.push_back("+" + after->meta.name);
      } else if (after == nullptr) {
        told_.push_back("-" + before->meta.name);
      } else {
        told_.push_back(before->meta.name + ":" + before->node.str() + ">" + after->node.str());
      }
    });
  }

  std::vector<std::string> told() { return std::exchange(told_, {}); }
  void replace(const std::vector<kube::Pod>& pods, int at) {
    store_.replace_begin();
    for (const kube::Pod& each : pods) store_.replace_item(each);
    store_.replace_end(version(at));
  }

  Store<kube::Pod> store_;
  std::vector<std::string> told_;
};

TEST_F(StoreTest, TellsWhatIsAddedChangedAndRemoved) {
  store_.upsert(pod("p", 1, "a"));
  EXPECT_THAT(told(), ElementsAre("+p"));
  store_.upsert(pod("p", 2, "b"));
  EXPECT_THAT(told(), ElementsAre("p:a>b"));
  store_.remove(key("p"), version(3));
  EXPECT_THAT(told(), ElementsAre("-p"));
  store_.remove(key("p"), version(4));
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(StoreTest, KeepsQuietWhenOnlyTheVersionChangesButKeepsTheNewVersion) {
  store_.upsert(pod("p", 1));
  told();
  store_.upsert(pod("p", 2));
  EXPECT_THAT(told(), IsEmpty());
  EXPECT_EQ(store_.find(key("p"))->meta.version, version(2));
  replace({pod("p", 3)}, 5);
  EXPECT_THAT(told(), IsEmpty());
  EXPECT_EQ(store_.find(key("p"))->meta.version, version(3));
}

TEST_F(StoreTest, AnotherUidUnderTheSameNameIsARemovalAndAnAddition) {
  store_.upsert(pod("p", 1, "a", "one"));
  told();
  store_.upsert(pod("p", 2, "a", "two"));
  EXPECT_THAT(told(), ElementsAre("-p", "+p"));
  replace({pod("p", 3, "a", "three")}, 3);
  EXPECT_THAT(told(), ElementsAre("-p", "+p"));
}

TEST_F(StoreTest, AListRemovesWhatItDoesNotHold) {
  replace({pod("p", 1), pod("q", 2)}, 3);
  EXPECT_THAT(told(), ElementsAre("+p", "+q"));
  replace({pod("q", 2, "b"), pod("r", 4)}, 5);
  EXPECT_THAT(told(), ElementsAre("-p", "q:a>b", "+r"));
}

TEST_F(StoreTest, AListThatDoesNotEndLeavesNoTrace) {
  replace({pod("p", 1)}, 1);
  told();
  store_.replace_begin();
  store_.replace_item(pod("q", 2));
  EXPECT_THAT(told(), IsEmpty());
  EXPECT_EQ(store_.find(key("q")), nullptr);
  replace({pod("p", 1)}, 3);
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(StoreTest, AnObjectThatCannotBeReadStaysAsItWas) {
  replace({pod("p", 1), pod("q", 2)}, 2);
  told();
  store_.replace_begin();
  store_.replace_keep(key("p"));
  store_.replace_keep(key("unknown"));
  store_.replace_end(version(3));
  EXPECT_THAT(told(), ElementsAre("-q"));
  EXPECT_NE(store_.find(key("p")), nullptr);
}

TEST_F(StoreTest, RemembersTheGreatestVersionPassed) {
  std::vector<uint64_t> passed;
  store_.on_passed([&](uint64_t number) { passed.push_back(number); });
  EXPECT_FALSE(store_.synced());
  replace({pod("p", 9)}, 10);
  EXPECT_TRUE(store_.synced());
  store_.upsert(pod("p", 12));
  store_.upsert(pod("q", 11));  // never from a real server
  store_.remove(key("q"), version(13));
  store_.pass(version(14));
  store_.pass(ResourceVersion("not a number"));
  EXPECT_THAT(passed, ElementsAre(10, 12, 13, 14));
  EXPECT_EQ(store_.passed(), 14);
}

TEST_F(StoreTest, GoesBackWithAServerThatWasRestoredFromABackup) {
  replace({pod("p", 9)}, 100);
  replace({pod("p", 5)}, 50);
  EXPECT_EQ(store_.passed(), 50);
}

TEST_F(StoreTest, AnIndexFindsObjectsByWhatTheyHold) {
  Store<kube::Pod> store;
  Index<kube::Pod, NodeName> by_node(store,
                                     [](const kube::Pod& each) { return std::vector{each.node}; });
  store.upsert(pod("p", 1, "a"));
  store.upsert(pod("q", 2, "a"));
  store.upsert(pod("q", 3, "a"));
  EXPECT_EQ(by_node.find(NodeName("a")).size(), 2U);
  EXPECT_EQ(by_node.find(NodeName("a"))[1]->meta.version, version(3));
  store.upsert(pod("p", 4, "b"));
  store.remove(key("q"), version(5));
  EXPECT_THAT(by_node.find(NodeName("a")), IsEmpty());
  EXPECT_EQ(by_node.find(NodeName("b")).size(), 1U);
  EXPECT_EQ(by_node.entries().size(), 1U);
}

TEST_F(StoreTest, AnIndexIsReadyBeforeListenersHearOfAList) {
  Store<kube::Pod> store;
  Index<kube::Pod, NodeName> by_node(store,
                                     [](const kube::Pod& each) { return std::vector{each.node}; });
  std::vector<size_t> seen;
  store.subscribe(
      [&](const auto&, const auto&) { seen.push_back(by_node.find(NodeName("a")).size()); });
  store.replace_begin();
  for (const char* name : {"p", "q", "r"}) store.replace_item(pod(name, 1));
  store.replace_end(version(1));
  EXPECT_THAT(seen, ElementsAre(3, 3, 3));
}

TEST_F(StoreTest, AnIndexMadeLateHoldsWhatTheStoreHolds) {
  store_.upsert(pod("p", 1, "a"));
  const Index<kube::Pod, NodeName> by_node(
      store_, [](const kube::Pod& each) { return std::vector{each.node}; });
  EXPECT_EQ(by_node.find(NodeName("a")).size(), 1U);
}

// What listeners were told, put together, is what the store holds; so with an index.
TEST_F(StoreTest, WhatIsToldAddsUpToWhatIsStored) {
  processhub::testing::FakeRandom random(7);
  Store<kube::Pod> store;
  Index<kube::Pod, NodeName> by_node(store,
                                     [](const kube::Pod& each) { return std::vector{each.node}; });
  std::map<PodKey, kube::Pod> told;
  store.subscribe([&](const auto& before, const auto& after) {
    if (before != nullptr) {
      ASSERT_EQ(told.at(key_of(*before)).meta.uid, before->meta.uid);
      told.erase(key_of(*before));
    }
    if (after != nullptr) {
      ASSERT_TRUE(told.emplace(key_of(*after), *after).second);
    }
  });
  const auto random_pod = [&](int at) {
    const std::string name(1, static_cast<char>('p' + random.below(5)));
    return pod(name, at, std::string(1, static_cast<char>('a' + random.below(3))),
               std::to_string(random.below(2)));
  };
  for (int at = 1; at <= 2000; ++at) {
    const int choice = random.below(10);
    if (choice == 0) {
      store.replace_begin();
      for (int i = random.below(6); i > 0; --i) store.replace_item(random_pod(at));
      store.replace_end(version(at));
    } else if (choice < 4) {
      store.remove(key_of(random_pod(at)), version(at));
    } else {
      store.upsert(random_pod(at));
    }
    ASSERT_EQ(told.size(), store.size());
    size_t indexed = 0;
    for (const auto& [node, keys] : by_node.entries()) indexed += keys.size();
    ASSERT_EQ(indexed, store.size());
    for (const auto& [pod_key, each] : store.all()) {
      ASSERT_EQ(told.at(pod_key).node, each->node);
      ASSERT_EQ(told.at(pod_key).meta.uid, each->meta.uid);
      ASSERT_TRUE(by_node.entries().at(each->node).contains(pod_key));
    }
  }
}

TEST(Version, IsZeroUnlessItIsANumber) {
  EXPECT_EQ(version_number("18446744073709551615"), 18446744073709551615U);
  EXPECT_EQ(version_number("18446744073709551616"), 0U);
  EXPECT_EQ(version_number("12x"), 0U);
  EXPECT_EQ(version_number("-1"), 0U);
  EXPECT_EQ(version_number(""), 0U);
}

}  // namespace
}  // namespace processhub::cache
