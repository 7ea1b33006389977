// Where children have to be, computed beside the operator: by the ring (whose answers
// are settled by golden vectors elsewhere) over the nodes that a test names.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

namespace processhub::e2e {

// What a test expects of one hub.
struct Wanted {
  std::string hub = "workers";
  std::vector<std::string> children = {};
  std::vector<std::string> nodes = {};  // its members
  int factor = 1;                       // replicas of each child
  std::string weight_label = {};        // spec.nodes.weightLabel
};

struct Place {
  std::string master;           // the first node of the walk
  std::set<std::string> nodes;  // `factor` of them, or as many as there are
};

// By child. Zones and weights are read from the nodes' labels.
std::map<std::string, Place> places(const std::string& ns, const Wanted& wanted);

}  // namespace processhub::e2e
