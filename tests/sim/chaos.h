// Draws one fault after the other and does it to the world, and at the end makes all well.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sim/dice.h"
#include "sim/drains.h"
#include "sim/invariants.h"
#include "sim/process.h"
#include "sim/settings.h"
#include "sim/world.h"

namespace processhub::sim {

class Chaos {
 public:
  // `processes`: those that there are, the dead ones too.
  Chaos(World& world, Invariants& invariants, const Settings& settings, Dice& dice, Drains& drains,
        std::vector<std::unique_ptr<Process>>& processes)
      : world_(world),
        invariants_(invariants),
        settings_(settings),
        dice_(dice),
        drains_(drains),
        processes_(processes) {}

  // Something happens that the operator has no part in.
  void strike();
  // Faults are over: machines are on and heard of, but one that may be lost for good; streams flow.
  void heal();

  // What becomes of a request of an operator to the API server.
  [[nodiscard]] testing::Fate fate(const kube::Request& request);

 private:
  using Kubelet = testing::Kubelet;

  void strike(Fault kind);
  void nodes(Fault kind);
  void pods(Fault kind);
  void process(Fault kind);
  void specs(Fault kind);
  void tamper(Fault kind);
  void mind_watches(Process& process);

  void note(const std::string& what) { world_.history().note("FAULT " + what); }
  void start_machine(Kubelet& machine);
  void partition(Kubelet& machine);
  void drain(const std::string& node);
  void give_up_hopeless_drains();
  void lose_for_good(Kubelet& machine);
  void take_out_of_service(const std::string& name, const nlohmann::json& node);
  void fail_pod(Kubelet& machine, const Uid& uid);
  [[nodiscard]] Kubelet* any_machine();
  [[nodiscard]] testing::ObjectPtr any(const kube::Resource& resource);
  [[nodiscard]] Process* any_process();
  [[nodiscard]] bool is_in_a_status(const nlohmann::json& pod) const;
  void remake_child();
  void suspend(const nlohmann::json& child, bool on);
  void edit_hub(const nlohmann::json& patch);

  World& world_;
  Invariants& invariants_;
  const Settings& settings_;
  Dice& dice_;
  Drains& drains_;
  std::vector<std::unique_ptr<Process>>& processes_;
  bool healed_ = false;
  int templates_ = 1;
};

}  // namespace processhub::sim
