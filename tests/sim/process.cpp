#include "sim/process.h"

#include <utility>

namespace processhub::sim {

using testing::FakeTransport;
using testing::Fate;

class Process::Core final : public Executor {
 public:
  Core(testing::FakeExecutor& executor, const std::shared_ptr<int>& life)
      : executor_(executor), life_(life) {}

  void post(std::function<void()> task) override {
    executor_.post([life = life_, task = std::move(task)] {
      if (!life.expired()) task();
    });
  }
  [[nodiscard]] Timer post_after(Duration delay, std::function<void()> task) override {
    return executor_.post_after(delay, std::move(task));  // ends with its Timer
  }

 private:
  void cancel(uint64_t /*id*/) override {}  // the Timers are the executor's

  testing::FakeExecutor& executor_;
  std::weak_ptr<int> life_;
};

Process::Process(World& world, ProcessOptions options, FateOf fate, Watcher watcher)
    : world_(world),
      options_(std::move(options)),
      fate_(std::move(fate)),
      random_(options_.seed),
      executor_(world.clock()),
      core_(std::make_unique<Core>(executor_, life_)),
      transport_(std::make_unique<FakeTransport>(world.server(), executor_)) {
  transport_->observe([this, watcher = std::move(watcher)](const kube::Request& request) {
    watcher(*this, request);
  });
  transport_->decide([this](const kube::Request& request) { return decide(request); });
  transport_->serve_pods(
      [&world](const kube::Request& request) { return world.serve_pod(request); });
  transport_->reach([&world](const std::string& address, int) { return world.reach(address); });
  kube::WriteGuard guard = kube::unguarded();
  if (options_.elected) {
    const leader::ElectorOptions elector{
        .ns = "default", .name = "processhub-operator", .identity = options_.name};
    lease_client_ = std::make_unique<kube::Client>(
        *transport_, *core_, kube::unguarded(),
        kube::ClientOptions{.deadline = std::chrono::duration_cast<std::chrono::milliseconds>(
                                elector.renew_deadline / 2)});
    elector_ = std::make_unique<leader::Elector>(
        *lease_client_, *core_, world.clock(), random_, elector,
        leader::ElectorCallbacks{.started_leading =
                                     [this] {
                                       world_.history().note(name() + " leads");
                                       operator_->lead(true);
                                     },
                                 .stopped_leading =
                                     [this] {
                                       world_.history().note(name() + " does not lead any more");
                                       operator_->lead(false);
                                     }});
    guard = elector_->write_guard();
  }
  operator_ = std::make_unique<controller::Operator>(
      *transport_, *core_, world.clock(), random_, std::move(guard),
      controller::OperatorOptions{.identity = options_.name});
}

Process::~Process() {
  if (!is_dead()) crash();
  transport_.reset();
  while (executor_.step()) {
  }
}

void Process::start() {
  world_.history().note(name() + " starts");
  operator_->start([this] {
    if (elector_) {
      elector_->start();
    } else {
      operator_->lead(true);
    }
  });
}

bool Process::is_stalled() const {
  return stalled_until_ && *stalled_until_ > world_.clock().steady_now();
}

bool Process::runnable() const {
  if (is_stalled()) return false;
  if (executor_.ready() > 0) return true;
  const auto due = executor_.next_due();
  return due && *due <= world_.clock().steady_now();
}

std::optional<SteadyTime> Process::next_due() const {
  if (is_stalled()) return stalled_until_;
  return executor_.next_due();
}

void Process::step() {
  world_.act(name(), [this] {
    executor_.step();
    if (!doomed_) return;
    if (!crash_before_) {
      for (const auto& call : transport_->held()) call->deliver();
    }
    crash();
  });
}

Fate Process::decide(const kube::Request& request) {
  if (doomed_) return Fate::silent();  // the rest of this step never happens
  if (!request.server.empty()) return world_.fate_at_pod(request);
  if (request.method != kube::Method::kGet && writes_left_ && --*writes_left_ <= 0) {
    doomed_ = true;
    return crash_before_ ? Fate::silent() : Fate::held();
  }
  return fate_(request);
}

void Process::crash_at_write(int writes, bool before) {
  writes_left_ = writes;
  crash_before_ = before;
}

void Process::crash() {
  world_.history().note(name() + " crashes");
  life_.reset();
  operator_.reset();
  elector_.reset();
  lease_client_.reset();
  transport_->die();
}

bool Process::is_over() const {
  return is_dead() && executor_.ready() == 0 && executor_.delayed() == 0;
}

}  // namespace processhub::sim
