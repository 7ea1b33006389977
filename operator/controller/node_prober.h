// Tries again and again whether nodes can be reached: a TCP connection to each node's kubelet,
// one at a time, a period after the last one began.
//
// Core thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "base/clock.h"
#include "base/executor.h"
#include "base/names.h"
#include "base/random.h"
#include "kube/transport.h"

namespace processhub::controller {

struct ProbeTarget {
  std::string address;  // an IP
  int port = 0;
  Duration period{};
};

// The probes that failed since the last that did not.
struct FailedProbes {
  int count = 0;
  SteadyTime first = {};  // when it began
  SteadyTime last = {};   // likewise
};

class NodeProber {
 public:
  using OnAnswer =
      std::function<void(const NodeName&, const FailedProbes& before, const FailedProbes& after)>;

  // All references outlive it. `on_answer`: after a probe that failed, and after the first that
  // did not.
  NodeProber(kube::Transport& transport, Executor& executor, const Clock& clock, Random& random,
             OnAnswer on_answer);

  // From now on. The first probe begins at a random time within a period, so that those of many
  // nodes are spread.
  void probe(const NodeName& node, const ProbeTarget& target);
  void leave(const NodeName& node) { nodes_.erase(node); }
  void leave_all() { nodes_.clear(); }

  // None where it is not probed.
  [[nodiscard]] std::optional<Duration> period_of(const NodeName& node) const;
  [[nodiscard]] FailedProbes failed(const NodeName& node) const;

 private:
  struct Node {
    uint64_t id = 0;  // of a name that is left and probed anew
    ProbeTarget target = {};
    FailedProbes failed = {};
    std::optional<SteadyTime> began = {};  // the last probe
    bool waits = false;                    // for the end of a probe from before it was left
    Timer timer = {};
  };

  void begin_at(const NodeName& name, Node& node, SteadyTime due);
  void begin(const NodeName& name);
  void end(const NodeName& name, uint64_t id, const ProbeTarget& target,
           const Result<void>& result);
  void count(const NodeName& name, Node& node, const Result<void>& result);
  void tell_of_own(const Error& problem);

  kube::Transport& transport_;
  Executor& executor_;
  const Clock& clock_;
  Random& random_;
  OnAnswer on_answer_;
  std::map<NodeName, Node> nodes_;
  std::set<NodeName> under_way_;
  std::optional<SteadyTime> told_;  // of a problem of this machine
  uint64_t next_id_ = 1;
  std::shared_ptr<int> life_ = std::make_shared<int>();  // watched by every callback
};

}  // namespace processhub::controller
