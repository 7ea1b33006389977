// One machine and its kubelet: runs the pods that are bound to its Node and tells the API
// server, one thing a step. What it runs is the truth that the objects only describe: a
// machine without the network goes on running its pods.
//
//   Kubelet a(server, clock, "a");
//   a.join();                            // the Node; not Ready before a step
//   while (a.step()) {}
//   a.running().at(uid).role;            // what the pod reads in its role file
//   a.partition(true);                   // runs on, sees nothing, is not seen
//   a.crash(); a.start();                // a power failure; its pods begin anew
//   a.replace();                         // another machine of that name: a new Node uid
//
// It has no timers: what is due by the clock (the Lease, every `lease_interval`) is done by
// the next step.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "base/clock.h"
#include "base/names.h"
#include "fake/admin.h"

namespace processhub::testing {

struct KubeletOptions {
  std::string zone = {};
  std::string address = "10.0.0.1";
  nlohmann::json labels = nlohmann::json::object();  // of the Node, beside its own
  std::string pods = "110";                          // status.allocatable.pods
  Duration lease_interval = std::chrono::seconds(10);
};

class Kubelet {
 public:
  // A pod whose containers run on this machine.
  struct RunningPod {
    PodKey key;
    std::string ip;
    std::string role;  // annotation processhub.io/role, as last seen here
    bool ready = true;
    bool ending = false;  // told to end, and still running
    // What the API server has, when it last said all of this.
    ObjectPtr reported = {};
    bool reported_ready = false;
  };

  Kubelet(ApiServer& server, const Clock& clock, std::string node, KubeletOptions options = {});

  // Makes the Node, unless there is one; its taint keeps pods away until it is Ready.
  void join();

  // Sees one change, or does one thing. False: there was nothing to do.
  bool step();

  void crash();  // all that runs is gone; no step does anything
  void start();  // after a crash
  void replace();
  void partition(bool on) { partitioned_ = on; }

  // Slowness: pods bound from now on do not start; changes are not seen, so that pods believe
  // what they have believed; pods that are told to end do not.
  void hold_starts(bool on) { holds_starts_ = on; }
  void hold_sight(bool on) { holds_sight_ = on; }
  void hold_ends(bool on) { holds_ends_ = on; }
  // What a readiness probe of a running pod says from now on.
  void set_ready(const Uid& uid, bool ready);

  [[nodiscard]] const std::string& node() const { return node_; }
  [[nodiscard]] bool is_up() const { return up_; }
  [[nodiscard]] bool is_partitioned() const { return partitioned_; }
  [[nodiscard]] const std::map<Uid, RunningPod>& running() const { return running_; }

 private:
  struct Seen {
    ObjectPtr pod;
    bool gone = false;  // the object is no more
  };

  [[nodiscard]] bool connected() const { return up_ && !partitioned_; }
  bool see();
  bool renew();
  bool report_node();
  bool run_pods();
  bool end_pods();
  bool report_pods();
  bool delete_pods();

  ApiServer& server_;
  Admin admin_;
  const Clock& clock_;
  std::string node_;
  KubeletOptions options_;
  std::map<Uid, Seen> seen_;
  std::map<Uid, RunningPod> running_;
  std::set<Uid> ended_;  // here: never started again
  std::optional<SteadyTime> renewed_;
  ObjectPtr reported_;  // the Node as it was when it last said that it is Ready
  bool up_ = true;
  bool partitioned_ = false;
  bool holds_starts_ = false;
  bool holds_sight_ = false;
  bool holds_ends_ = false;
  int addresses_ = 0;
};

}  // namespace processhub::testing
