#include "e2e/support/oracle.h"

#include <algorithm>

#include "e2e/support/kubectl.h"
#include "placement/ring.h"

namespace processhub::e2e {
namespace {

constexpr int kVirtualNodes = 512;

std::vector<placement::Member> members(const Wanted& wanted) {
  std::vector<placement::Member> result;
  const json nodes = get({"nodes"});
  for (const json& node : nodes.at("items")) {
    const json& meta = node.at("metadata");
    const std::string name = meta.at("name");
    if (std::find(wanted.nodes.begin(), wanted.nodes.end(), name) == wanted.nodes.end()) continue;
    const json& labels = meta.at("labels");
    placement::Member member{.name = NodeName(name), .uid = Uid(meta.at("uid"))};
    member.zone = labels.value("topology.kubernetes.io/zone", "");
    if (!wanted.weight_label.empty() && labels.contains(wanted.weight_label)) {
      member.weight = std::stoi(labels.at(wanted.weight_label).get<std::string>());
    }
    result.push_back(std::move(member));
  }
  return result;
}

}  // namespace

std::map<std::string, Place> places(const std::string& ns, const Wanted& wanted) {
  const placement::Ring ring(members(wanted), kVirtualNodes);
  std::map<std::string, Place> result;
  for (const std::string& child : wanted.children) {
    const auto walk = ring.place(ns + "/" + wanted.hub + "/" + child, wanted.factor, {}).nodes;
    Place& place = result[child];
    if (!walk.empty()) place.master = walk.front().str();
    for (const NodeName& node : walk) place.nodes.insert(node.str());
  }
  return result;
}

}  // namespace processhub::e2e
