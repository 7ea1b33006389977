#include "e2e/support/node_set.h"

#include <algorithm>
#include <random>

#include "e2e/support/cluster.h"

namespace processhub::e2e {
namespace {

constexpr const char* kZone = "topology.kubernetes.io/zone";

Words words(Words first, const std::vector<std::string>& more) {
  first.insert(first.end(), more.begin(), more.end());
  return first;
}

}  // namespace

std::string unique_name(const std::string& prefix) {
  static std::random_device random;
  constexpr std::string_view kLetters = "bcdfghjklmnpqrstvwxz0123456789";
  std::string name = prefix + "-";
  for (int i = 0; i < 6; ++i) name += kLetters[random() % kLetters.size()];
  return name;
}

NodeSet::NodeSet(int count) {
  for (int i = 0; i < count; ++i) names_.push_back(id_ + "-" + std::to_string(++made_));
  make(names_, {});
}

NodeSet::~NodeSet() {
  if (!names_.empty()) kubectl(words({"delete", "node", "--ignore-not-found"}, names_));
}

// Labelled only when they are Ready, so that they enter a hub as they are.
void NodeSet::make(const std::vector<std::string>& names, const Words& options) {
  cluster(words(words({"nodes", "add"}, options), names));
  Words command = words({"label", "node"}, names);
  command.push_back(label());
  must_kubectl(command);
}

std::vector<std::string> NodeSet::all_but(const std::vector<std::string>& names) const {
  std::vector<std::string> others;
  for (const std::string& name : names_) {
    if (std::find(names.begin(), names.end(), name) == names.end()) others.push_back(name);
  }
  return others;
}

std::string NodeSet::add() {
  add(id_ + "-" + std::to_string(++made_));
  return names_.back();
}

void NodeSet::add(const std::string& name) {
  names_.push_back(name);
  make({name}, {});
}

void NodeSet::replace(const std::string& name) {
  const json old = get({"node", name});
  cluster({"nodes", "delete", name});
  make({name}, {"--zone", old.at("metadata").at("labels").at(kZone).get<std::string>()});
}

void NodeSet::lose(const std::vector<std::string>& names) {
  cluster(words({"nodes", "lose", "--wait"}, names));
}

void NodeSet::go_silent(const std::vector<std::string>& names) {
  cluster(words({"nodes", "lose"}, names));
}

void NodeSet::restore(const std::vector<std::string>& names) {
  cluster(words({"nodes", "restore"}, names));
}

void NodeSet::remove(const std::string& name) {
  cluster({"nodes", "delete", name});
  std::erase(names_, name);
}

void NodeSet::set_allocatable(const std::string& name, const json& amounts) {
  patch({"node", name, "--subresource=status"}, {{"status", {{"allocatable", amounts}}}});
}

}  // namespace processhub::e2e
