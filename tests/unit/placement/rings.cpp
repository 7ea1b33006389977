#include "unit/placement/rings.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <xxhash.h>

namespace processhub::placement::testing {
namespace {

uint64_t hash(const std::string& text, uint64_t seed) {
  return XXH3_64bits_withSeed(text.data(), text.size(), seed);
}

}  // namespace

NodeName name(const std::string& prefix, int number) {
  std::string digits = std::to_string(number);
  digits.insert(0, digits.size() < 3 ? 3 - digits.size() : 0, '0');
  return NodeName(prefix + "-" + digits);
}

std::string key(int number) { return "default/hub/child-" + std::to_string(number); }

NodeName equal_name(int number) {
  std::string digits = std::to_string(number);
  digits.insert(0, 8 - digits.size(), '0');
  return NodeName("\xb8\xfe\x6c\x39\x23\xa4\x4b\xbe" + digits + "shares.allpoints");
}

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

std::vector<Member> random_members(std::mt19937_64& random, int most) {
  const auto below = [&](int bound) { return static_cast<int>(random() % bound); };
  const int zones = 1 + below(4);
  const bool lopsided = below(3) == 0;  // most members in one zone
  const bool weighted = below(2) == 0;
  std::map<NodeName, Member> result;
  for (int left = 1 + below(most); left > 0; --left) {
    Member member{.name = below(4) == 0 ? equal_name(below(10)) : name("node", below(1000))};
    const int zone = lopsided && below(5) > 0 ? 0 : below(zones);
    if (zone > 0) member.zone = "zone-" + std::to_string(zone);
    if (weighted && below(2) == 0) member.weight = 1 + below(300);
    result.emplace(member.name, member);
  }
  std::vector<Member> members;
  members.reserve(result.size());
  for (auto& [name, member] : result) members.push_back(std::move(member));
  std::shuffle(members.begin(), members.end(), random);
  return members;
}

std::vector<NodeName> random_exclusions(std::mt19937_64& random,
                                        const std::vector<Member>& members) {
  std::vector<NodeName> result;
  for (size_t left = random() % (members.size() / 2 + 1); left > 0; --left) {
    result.push_back(members[random() % members.size()].name);
  }
  if (random() % 4 == 0) result.emplace_back("nobody");
  return result;
}

std::vector<Member> without(std::vector<Member> members, const NodeName& name) {
  std::erase_if(members, [&](const Member& member) { return member.name == name; });
  return members;
}

std::vector<std::pair<uint64_t, NodeName>> all_points(const Ring& ring) {
  std::vector<std::pair<uint64_t, NodeName>> result;
  for (size_t at = 0; at < ring.points(); ++at) {
    const Point point = ring.point(at);
    result.emplace_back(point.position, ring.members()[point.member].name);
  }
  return result;
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

uint64_t point_of(const NodeName& name, int i) {
  std::string bytes;
  for (uint64_t number : {hash(name.str(), 0), static_cast<uint64_t>(i)}) {
    for (int byte = 0; byte < 8; ++byte) {
      bytes.push_back(static_cast<char>(number % 256));
      number /= 256;
    }
  }
  return hash(bytes, 0);
}

Assignment place_by_the_letter(const std::vector<Member>& members, int virtual_nodes,
                               const std::string& key, int replicas,
                               const std::vector<NodeName>& excluded) {
  std::set<std::pair<uint64_t, NodeName>> points;
  std::map<NodeName, std::string> zone_of;
  std::set<std::string> zones;
  for (const Member& member : members) {
    zone_of[member.name] = member.zone;
    zones.insert(member.zone);
    const int count = std::max(1, (virtual_nodes * member.weight + 50) / 100);
    for (int i = 0; i < count; ++i) points.emplace(point_of(member.name, i), member.name);
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
