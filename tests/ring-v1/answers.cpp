// The ring's answers for compare.py. Each line of the input is a set of members and some
// children, as a case of ring_v1.json; the line of the output has their nodes.
#include <exception>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "placement/ring.h"

namespace processhub::placement {
namespace {

using nlohmann::json;

json answer(const json& question) {
  std::vector<Member> members;
  for (const json& member : question["members"]) {
    members.push_back({.name = NodeName(member["name"].get<std::string>()),
                       .zone = member.value("zone", ""),
                       .weight = member.value("weight", 100)});
  }
  const Ring ring(members, question["virtualNodes"]);
  json answers = json::array();
  for (const json& child : question["children"]) {
    std::vector<NodeName> excluded;
    for (const json& name : child["excluded"]) excluded.emplace_back(name.get<std::string>());
    const Assignment placed =
        ring.place(child["key"].get<std::string>(), child["replicas"], excluded);
    json nodes = json::array();
    for (const NodeName& node : placed.nodes) nodes.push_back(node.str());
    answers.push_back({{"nodes", nodes}, {"zoneRelaxed", placed.zone_relaxed}});
  }
  return answers;
}

}  // namespace
}  // namespace processhub::placement

int main() try {
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << processhub::placement::answer(nlohmann::json::parse(line)) << '\n';
  }
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
