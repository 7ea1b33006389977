// What must hold at every version and after every step, and the narrow excuses: what a user has
// written by hand, until the operator has repaired it. README.md numbers the rules.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>

#include "sim/settings.h"
#include "sim/world.h"

#include "fake/object_store.h"
#include "kube/transport.h"

namespace processhub::sim {

class Invariants {
 public:
  // Observes the world from now on.
  Invariants(World& world, const Settings& settings);

  // A request as a process sends it.
  void on_request(const std::string& process, const kube::Request& request);
  // Containers may have begun to run, or to believe something.
  void check_containers();
  // The user has edited the roles, epochs or labels of that child (its uid) by hand.
  void tampered(const std::string& child);
  // The fence was changed: containers may run as either setting allows.
  void fence_changed() { fence_changed_ = true; }
  [[nodiscard]] bool is_by_operator() const;

 private:
  struct PodRecord {
    std::string child;  // uid of its owner
    std::string name;   // of the child when the pod was made
    std::string slot;
    std::string node;
    std::string node_uid;
    bool terminating = false;  // or its object is gone
    bool lost = false;         // it was terminating, or gone, while its node was not heard of
    std::string labelled;      // its role label
    bool by_operator = false;  // who wrote that
  };

  void on_change(const testing::Change& change);
  void on_pod(const testing::Change& change);
  void on_child(const testing::Change& change);
  void mark_lost();
  void count_active(const std::string& child);
  void check_label(const std::string& uid, const nlohmann::json& pod);
  void check_moves();
  void check_handover(const Uid& from, const Uid& to, int64_t epoch);
  void check_has_state(const std::string& uid, const nlohmann::json& pod);
  void check_held(const nlohmann::json& evicted);
  void check_some_run(const nlohmann::json& deleted);
  [[nodiscard]] bool believes_active(const Uid& uid, const std::string& role_file) const;
  void violate(const std::string& invariant, const std::string& what);

  World& world_;
  const Settings& settings_;
  std::map<std::string, PodRecord> pods_;               // by uid
  std::map<std::string, std::set<std::string>> there_;  // of each child: uids of pods there are
  std::set<std::string> ending_;                        // terminating or gone, not lost, may run
  std::map<std::pair<std::string, int64_t>, std::string> active_pods_;  // (child, epoch) -> pod
  // (child, epoch) -> who gives its state to whom
  std::map<std::pair<std::string, int64_t>, std::pair<Uid, Uid>> handovers_;
  std::map<std::string, int64_t> tampered_epoch_;        // per child: epochs up to it say nothing
  std::map<Uid, std::pair<int64_t, std::string>> told_;  // by HTTP: epoch and role
  std::set<std::string> excused_;  // children of which the user has labelled a second pod
  bool fence_changed_ = false;
};

}  // namespace processhub::sim
