// Users who drain machines as `kubectl drain` does: cordon the Node, list its pods, evict each of
// them by its name; where the API server says 429, again 5 s later; then wait until it is gone.
// What was drained is uncordoned after a while. One thing a step; the steps are the world's part
// "kubectl", whose writes bear that name.
//
//   Drains drains(world);
//   drains.begin("node-1", {.limit = seconds(60)});
//   drains.is_open("node-1");   // until it is uncordoned, by them or anybody
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/world.h"

namespace processhub::sim {

inline constexpr const char* kKubectl = "kubectl";

struct DrainOptions {
  std::optional<Duration> limit = {};  // then the user gives up
  bool uncordons = true;               // also a user who gives up
  Duration rests = {};                 // between the end of the drain and the uncordon
};

class Drains {
 public:
  explicit Drains(World& world);

  void begin(const std::string& node, DrainOptions options);
  void give_up(const std::string& node);
  // From now on users have all the time that it takes.
  void be_patient();
  [[nodiscard]] bool is_open(const std::string& node) const { return drains_.contains(node); }
  // Of all of them.
  [[nodiscard]] std::vector<std::string> open() const;

 private:
  struct Pod {
    std::string ns;
    std::string name;
    Uid uid;
    std::string child;  // uid of its owner
    std::string slot;
    bool slot_lost = false;  // since then its child was for a time one of fewer replicas
    bool evicted = false;    // and not gone yet
    bool refused = false;
    SteadyTime next = {};
  };
  struct Drain {
    DrainOptions options;
    std::string node_uid;
    SteadyTime begun;
    bool listed = false;
    std::vector<Pod> pods = {};  // those that are to go yet
    std::optional<SteadyTime> drained = {};
  };

  bool step();
  // Whether it has done anything. Where it is over, it is not there any more.
  bool step(const std::string& node, Drain& drain);
  void list(const std::string& node, Drain& drain);
  bool mind(const std::string& node, Drain& drain);
  // Whether nothing is left to be done about it.
  bool evict(const std::string& node, Pod& pod);
  void on_child(const nlohmann::json& child);
  void uncordon(const std::string& node);
  void note(const std::string& what) { world_.history().note("kubectl: " + what); }
  [[nodiscard]] SteadyTime now() { return world_.clock().steady_now(); }

  World& world_;
  std::map<std::string, Drain> drains_;  // by node
};

}  // namespace processhub::sim
