// One operator process: the whole operator over a way of its own to the API server, with its
// own core thread, as main.cpp wires it. It runs one task a step.
//
//   Process process(world, {.name = "op-1", .elected = true, .seed = 7}, fate);
//   process.start();
//   while (process.runnable()) process.step();
//   process.crash();   // as by SIGKILL; what is on its way still lands
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "sim/world.h"
#include "support/fake_executor.h"
#include "support/fake_random.h"

#include "controller/operator.h"
#include "fake/fake_transport.h"
#include "leader/elector.h"

namespace processhub::sim {

struct ProcessOptions {
  std::string name;
  bool elected = true;  // false: it leads at once, and nothing guards its writes
  uint64_t seed = 1;
};

class Process {
 public:
  using Watcher = std::function<void(const Process&, const kube::Request&)>;
  using FateOf = std::function<testing::Fate(const kube::Request&)>;

  Process(World& world, ProcessOptions options, FateOf fate, Watcher watcher);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void start();
  [[nodiscard]] const std::string& name() const { return options_.name; }
  [[nodiscard]] testing::FakeTransport& transport() { return *transport_; }

  // It has a task to run now.
  [[nodiscard]] bool runnable() const;
  [[nodiscard]] std::optional<SteadyTime> next_due() const;
  // One task; then a crash, where one is due.
  void step();

  // It stands still until then.
  void stall(SteadyTime until) { stalled_until_ = until; }
  void wake() { stalled_until_.reset(); }
  [[nodiscard]] bool is_stalled() const;

  // At its `writes`th write from now: before the server has got it, or just after.
  void crash_at_write(int writes, bool before);
  void crash();
  [[nodiscard]] bool is_dead() const { return life_ == nullptr; }
  // Dead, and nothing of it is on its way any more.
  [[nodiscard]] bool is_over() const;

 private:
  class Core;  // the executor that the process sees: its tasks end with it

  testing::Fate decide(const kube::Request& request);

  World& world_;
  ProcessOptions options_;
  FateOf fate_;
  testing::FakeRandom random_;
  testing::FakeExecutor executor_;
  std::shared_ptr<int> life_ = std::make_shared<int>();
  std::unique_ptr<Core> core_;
  std::unique_ptr<testing::FakeTransport> transport_;
  std::unique_ptr<kube::Client> lease_client_;
  std::unique_ptr<leader::Elector> elector_;
  std::unique_ptr<controller::Operator> operator_;
  std::optional<SteadyTime> stalled_until_;
  std::optional<int> writes_left_;
  bool crash_before_ = false;
  bool doomed_ = false;  // at the end of this step
};

}  // namespace processhub::sim
