// Answers of ring/v1 that never change: any machine, any process, any later version.
//
// ring_v1.json holds for each case a set of members and some children with their nodes.
// If this test fails, children of running clusters would move: the answer needs a new
// algorithm name (kRingAlgorithm), and this file stays as it is for ring/v1. There is no
// program that writes its answers anew.
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

#include "base/hash.h"
#include "placement/ring.h"

namespace processhub::placement {
namespace {

using nlohmann::json;

constexpr const char* kWhatToDo =
    "an answer of ring/v1 has changed: this needs a new algorithm name, not new vectors";

std::string text_of_vectors() {
  std::ifstream file(PROCESSHUB_SOURCE_DIR "/tests/unit/placement/ring_v1.json");
  return {std::istreambuf_iterator<char>(file), {}};
}

json read_vectors() { return json::parse(text_of_vectors()); }

std::vector<NodeName> names(const json& list) {
  std::vector<NodeName> result;
  for (const json& name : list) result.emplace_back(name.get<std::string>());
  return result;
}

TEST(RingGoldenTest, TheAlgorithmIsTheOneOfTheVectors) {
  EXPECT_EQ(read_vectors()["algorithm"], std::string(kRingAlgorithm)) << kWhatToDo;
}

// So an answer cannot be changed, nor a case dropped, together with the code. Who adds a
// case states the new hash; the lines that were there stay.
TEST(RingGoldenTest, TheVectorsAreTheOnesThatWereCommitted) {
  EXPECT_EQ(hash64(text_of_vectors()), 0x9a355649d8dbedc7ULL) << kWhatToDo;
}

TEST(RingGoldenTest, TheHashIsXxh3WithSeeds) {
  EXPECT_EQ(hash64("", 0), 0x2d06800538d394c2ULL) << kWhatToDo;
  const json vectors = read_vectors();
  for (const json& vector : vectors["hashes"]) {
    EXPECT_EQ(vector["hash"],
              std::to_string(hash64(vector["text"].get<std::string>(), vector["seed"])))
        << kWhatToDo;
  }
}

TEST(RingGoldenTest, AMemberHasThePointsThatItAlwaysHad) {
  const json vectors = read_vectors();
  for (const json& vector : vectors["points"]) {
    const NodeName name(vector["name"].get<std::string>());
    const int i = vector["i"];
    const std::string point = vector["point"];
    const auto has = [&](int points) {
      const Ring ring({{.name = name}}, points);
      for (size_t at = 0; at < ring.points(); ++at) {
        if (std::to_string(ring.point(at).position) == point) return true;
      }
      return false;
    };
    EXPECT_TRUE(has(i + 1)) << vector << kWhatToDo;
    if (i > 0) {
      EXPECT_FALSE(has(i)) << vector << kWhatToDo;
    }
  }
}

TEST(RingGoldenTest, EveryChildIsWhereItAlwaysWas) {
  const json vectors = read_vectors();
  int checked = 0;
  for (const json& one : vectors["cases"]) {
    std::vector<Member> members;
    for (const json& member : one["members"]) {
      members.push_back({.name = NodeName(member["name"].get<std::string>()),
                         .zone = member.value("zone", ""),
                         .weight = member.value("weight", 100)});
    }
    const Ring ring(members, one["virtualNodes"]);
    for (const json& child : one["children"]) {
      const Assignment placed = ring.place(child["key"].get<std::string>(), child["replicas"],
                                           names(child.value("excluded", json::array())));
      EXPECT_EQ(placed.nodes, names(child["nodes"])) << one["name"] << child << kWhatToDo;
      EXPECT_EQ(placed.zone_relaxed, child.value("zoneRelaxed", false))
          << one["name"] << child << kWhatToDo;
      ++checked;
    }
  }
  EXPECT_EQ(checked, 308);
}

}  // namespace
}  // namespace processhub::placement
