#include "plan/peers.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace processhub::plan {
namespace {

// Annotations have 256 KiB together, and there are clusters of thousands of nodes.
TEST(Peers, AreOnlySoMany) {
  std::vector<kube::Pod> pods(5000);
  std::vector<Slot> slots;
  for (size_t i = 0; i < pods.size(); ++i) {
    pods[i].meta.name = "pod-" + std::to_string(i);
    pods[i].meta.uid = Uid("uid-" + std::to_string(i));
    slots.push_back({.number = static_cast<int>(i), .pods = {&pods[i]}});
  }
  const Peers peers(slots);
  for (const size_t self : {size_t{0}, kMostPeers, pods.size() - 1}) {
    const auto list = nlohmann::json::parse(peers.of(pods[self].meta.uid));
    ASSERT_EQ(list.size(), kMostPeers);
    EXPECT_EQ(list[0]["pod"], self == 0 ? "pod-1" : "pod-0");
    for (const auto& peer : list) EXPECT_NE(peer["pod"], pods[self].meta.name);
  }
}

TEST(Peers, OfOneThatIsAloneAreNone) {
  kube::Pod pod;
  pod.meta.uid = Uid("uid");
  EXPECT_EQ(Peers(std::vector<Slot>{{.pods = {&pod}}}).of(pod.meta.uid), "[]");
}

}  // namespace
}  // namespace processhub::plan
