#include "unit/placement/rings.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <xxhash.h>

namespace processhub::placement::testing {

NodeName name(const std::string& prefix, int number) {
  std::string digits = std::to_string(number);
  digits.insert(0, digits.size() < 3 ? 3 - digits.size() : 0, '0');
  return NodeName(prefix + "-" + digits);
}

std::string key(int number) { return "default/hub/child-" + std::to_string(number); }

std::vector<Member> members(int count, const std::string& prefix) {
  std::vector<Member> result;
  result.reserve(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) result.push_back({.name = name(prefix, i)});
  return result;
}

std::vector<Member> zoned(const std::vector<int>& sizes) {
  std::vector<Member> result;
  for (size_t zone = 0; zone < sizes.size(); ++zone) {
    const std::string label(1, static_cast<char>('a' + zone));
    for (int i = 0; i < sizes[zone]; ++i) {
      result.push_back({.name = name("node-" + label, i), .zone = label});
    }
  }
  return result;
}

std::vector<Member> without(std::vector<Member> members, const NodeName& name) {
  std::erase_if(members, [&](const Member& member) { return member.name == name; });
  return members;
}

std::set<NodeName> as_set(const Assignment& assignment) {
  return {assignment.nodes.begin(), assignment.nodes.end()};
}

std::vector<NodeName> missing(const Assignment& a, const Assignment& b) {
  const auto left = as_set(a);
  const auto right = as_set(b);
  std::vector<NodeName> result;
  std::set_difference(left.begin(), left.end(), right.begin(), right.end(),
                      std::back_inserter(result));
  return result;
}

Assignment place_by_the_letter(const std::vector<Member>& members, int virtual_nodes,
                               const std::string& key, int replicas,
                               const std::vector<NodeName>& excluded) {
  const auto hash = [](const std::string& text, uint64_t seed) {
    return XXH3_64bits_withSeed(text.data(), text.size(), seed);
  };
  std::set<std::pair<uint64_t, NodeName>> points;
  std::map<NodeName, std::string> zone_of;
  std::set<std::string> zones;
  for (const Member& member : members) {
    zone_of[member.name] = member.zone;
    zones.insert(member.zone);
    const int count = std::max(1, (virtual_nodes * member.weight + 50) / 100);
    for (int i = 0; i < count; ++i) {
      points.emplace(hash(member.name.str(), static_cast<uint64_t>(i)), member.name);
    }
  }
  std::vector<NodeName> walk;
  const auto start = points.lower_bound({hash(key, 0), NodeName()});
  for (auto at = start; at != points.end(); ++at) walk.push_back(at->second);
  for (auto at = points.begin(); at != start; ++at) walk.push_back(at->second);

  Assignment result;
  std::map<std::string, int> in_zone;
  const auto taken = [&](const NodeName& node) {
    return std::find(result.nodes.begin(), result.nodes.end(), node) != result.nodes.end() ||
           std::find(excluded.begin(), excluded.end(), node) != excluded.end();
  };
  for (int replica = 0; replica < replicas; ++replica) {
    std::optional<int> fewest;  // replicas in a zone that has a node to give
    for (const NodeName& node : walk) {
      if (!taken(node)) fewest = std::min(fewest.value_or(replica), in_zone[zone_of[node]]);
    }
    if (!fewest) break;
    const auto found = std::find_if(walk.begin(), walk.end(), [&](const NodeName& node) {
      return !taken(node) && in_zone[zone_of[node]] == *fewest;
    });
    if (*fewest > replica / static_cast<int>(zones.size())) result.zone_relaxed = true;
    ++in_zone[zone_of[*found]];
    result.nodes.push_back(*found);
  }
  return result;
}

}  // namespace processhub::placement::testing
