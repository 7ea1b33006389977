// A cluster: the in-memory API server, machines with kubelets, the controllers of Kubernetes,
// and who is doing something at the moment, so that each write has a name to it.
//
//   World world(clock, history);
//   world.add_machine("node-0");
//   world.act("user", [&] { world.admin().remove(kube::kPods, "shop", "c0-0-abcde"); });
//   std::vector<World::Part*> due = world.runnable();
//   world.step(*due.front());
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sim/history.h"
#include "support/fake_clock.h"

#include "fake/admin.h"
#include "fake/api_server.h"
#include "fake/disruption_controller.h"
#include "fake/fake_transport.h"
#include "fake/garbage_collector.h"
#include "fake/kubelet.h"
#include "fake/node_controller.h"
#include "fake/scheduler.h"

namespace processhub::sim {

class World {
 public:
  // How a pod takes the role signal.
  enum class Mood { kAnswers, kFails, kSilent, kSlow };
  // A part of the cluster that acts by itself, one thing a step.
  struct Part {
    std::string name;
    std::function<bool()> work;
    std::vector<const testing::Kind*> looks_at;
    int64_t idle_version = -1;  // nothing to do, as of this version and time
    SteadyTime idle_since = {};
  };

  World(testing::FakeClock& clock, History& history);

  [[nodiscard]] testing::FakeClock& clock() { return clock_; }
  [[nodiscard]] testing::ApiServer& server() { return server_; }
  [[nodiscard]] testing::Admin& admin() { return admin_; }
  [[nodiscard]] History& history() { return history_; }

  // A machine of this name, on, and its Node.
  void add_machine(const std::string& name, const nlohmann::json& labels);
  [[nodiscard]] std::map<std::string, std::unique_ptr<testing::Kubelet>>& machines() {
    return machines_;
  }

  // One more that acts, on objects of these kinds. It goes with what `work` needs.
  void add_part(std::string name, std::initializer_list<const kube::Resource*> looks_at,
                std::function<bool()> work);

  // Writes within `work` are `name`'s.
  void act(const std::string& name, const std::function<void()>& work);
  [[nodiscard]] const std::string& actor() const { return actor_; }

  // Those that may have something to do.
  [[nodiscard]] std::vector<Part*> runnable();
  // False: it had nothing to do.
  bool step(Part& part);
  // Something that no version shows has changed.
  void wake();

  // --- the pods' side of HTTP ---
  void set_mood(const Uid& uid, Mood mood) { moods_[uid] = mood; }
  void forget_moods() { moods_.clear(); }
  // Whether pods and kubelet of that machine are out of the operators' reach, though it may well
  // talk to the API server.
  void cut_off_pods(const std::string& machine, bool on);
  [[nodiscard]] bool pods_are_cut_off(const std::string& machine) const {
    return cut_off_.contains(machine);
  }
  // What becomes of a request to a pod.
  [[nodiscard]] testing::Fate fate_at_pod(const kube::Request& request);
  [[nodiscard]] Result<kube::Response> serve_pod(const kube::Request& request);
  // Whether the kubelet's port is reached.
  [[nodiscard]] testing::FakeTransport::Reach reach(const std::string& address);
  // Told of each role that a pod has answered for.
  std::function<void(const Uid&, const std::string& role, int64_t epoch)> on_answer = {};
  // Told of each pod that is asked to give its state to another.
  std::function<void(const Uid& from, const Uid& to, int64_t epoch)> on_handover = {};

 private:
  // Whether it had nothing to do and nothing that it looks at is another since.
  [[nodiscard]] bool sees_no_change(const Part& part) const;
  struct RunsAt {
    testing::Kubelet* kubelet = nullptr;
    Uid uid = {};
  };
  [[nodiscard]] RunsAt find_pod(const std::string& server) const;
  [[nodiscard]] kube::Response serve_handover(const RunsAt& at, const nlohmann::json& body);
  void narrate(const testing::Change& change);

  testing::FakeClock& clock_;
  History& history_;
  testing::ApiServer server_;
  testing::Admin admin_;
  testing::NodeController node_controller_;
  testing::Scheduler scheduler_;
  testing::GarbageCollector collector_;
  testing::DisruptionController disruption_;
  std::map<std::string, std::unique_ptr<testing::Kubelet>> machines_;
  std::map<std::string, std::string> addresses_;  // of machines, to their names
  std::vector<std::unique_ptr<Part>> parts_;
  std::map<Uid, Mood> moods_;
  std::map<Uid, int64_t> states_;  // the epoch under which a pod was given its state
  std::set<std::string> cut_off_;  // machines
  std::string actor_ = "user";
};

}  // namespace processhub::sim
