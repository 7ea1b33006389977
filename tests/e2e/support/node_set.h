// Simulated nodes of one test, with a label that no other node has, so that its hubs
// select them alone.
#pragma once

#include <string>
#include <vector>

#include "e2e/support/kubectl.h"

namespace processhub::e2e {

// Lower-case letters and digits, never the same twice.
std::string unique_name(const std::string& prefix);

class NodeSet {
 public:
  // Ready when it returns. They are dealt out to three zones in turn.
  explicit NodeSet(int count);
  ~NodeSet();  // deletes them
  NodeSet(const NodeSet&) = delete;
  NodeSet& operator=(const NodeSet&) = delete;

  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
  [[nodiscard]] std::vector<std::string> all_but(const std::vector<std::string>& names) const;
  // The label, as `kubectl get -l` takes it, and as spec.nodes.selector of a hub.
  [[nodiscard]] std::string label() const { return "e2e=" + id_; }
  [[nodiscard]] json selector() const { return {{"matchLabels", {{"e2e", id_}}}}; }

  std::string add();                  // one more; returns its name
  void add(const std::string& name);  // one of this name, which was removed
  // Another machine of this name, in the zone where the first was.
  void replace(const std::string& name);
  static void lose(const std::vector<std::string>& names);       // Ready=Unknown when it returns
  static void go_silent(const std::vector<std::string>& names);  // the same, some time later
  static void restore(const std::vector<std::string>& names);    // Ready when it returns
  void remove(const std::string& name);

  // What it has to give to pods, as in {{"cpu", "4"}}.
  static void set_allocatable(const std::string& name, const json& amounts);

 private:
  void make(const std::vector<std::string>& names, const Words& options);

  std::string id_ = unique_name("n");
  std::vector<std::string> names_;
  int made_ = 0;
};

}  // namespace processhub::e2e
