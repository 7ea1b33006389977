#include "controller/node_prober.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace processhub::controller {
namespace {

// A kubelet that can be reached answers within milliseconds.
constexpr Duration kLongestProbe = std::chrono::seconds(1);
constexpr Duration kBetweenLines = std::chrono::minutes(1);

}  // namespace

NodeProber::NodeProber(kube::Transport& transport, Executor& executor, const Clock& clock,
                       Random& random, OnAnswer on_answer)
    : transport_(transport),
      executor_(executor),
      clock_(clock),
      random_(random),
      on_answer_(std::move(on_answer)) {}

void NodeProber::probe(const NodeName& name, const ProbeTarget& target) {
  const SteadyTime now = clock_.steady_now();
  const auto [found, is_new] = nodes_.try_emplace(name);
  Node& node = found->second;
  const ProbeTarget before = std::exchange(node.target, target);
  if (is_new) node.id = next_id_++;
  if (before.address != target.address || before.port != target.port) node.failed = {};
  if (!is_new && before.period == target.period) return;
  // The end of the one under way sees to the next.
  if (node.waits || (node.began && under_way_.contains(name))) return;
  SteadyTime due = node.began.value_or(SteadyTime::min()) + target.period;
  if (due <= now) {
    const auto share = std::chrono::duration<double, std::micro>(target.period) * random_.unit();
    due = now + std::chrono::duration_cast<Duration>(share);
  }
  begin_at(name, node, due);
}

std::optional<Duration> NodeProber::period_of(const NodeName& node) const {
  const auto found = nodes_.find(node);
  if (found == nodes_.end()) return std::nullopt;
  return found->second.target.period;
}

FailedProbes NodeProber::failed(const NodeName& node) const {
  const auto found = nodes_.find(node);
  return found == nodes_.end() ? FailedProbes{} : found->second.failed;
}

void NodeProber::begin_at(const NodeName& name, Node& node, SteadyTime due) {
  const Duration delay = std::max(Duration::zero(), Duration(due - clock_.steady_now()));
  node.timer = executor_.post_after(delay, [this, name] { begin(name); });
}

void NodeProber::begin(const NodeName& name) {
  Node& node = nodes_.at(name);
  node.waits = under_way_.contains(name);
  if (node.waits) return;
  under_way_.insert(name);
  node.began = clock_.steady_now();
  const ProbeTarget target = node.target;
  transport_.connect(
      target.address, target.port,
      std::chrono::duration_cast<std::chrono::milliseconds>(std::min(target.period, kLongestProbe)),
      [this, name, id = node.id, target, life = std::weak_ptr(life_)](const Result<void>& result) {
        if (!life.expired()) end(name, id, target, result);
      });
}

void NodeProber::end(const NodeName& name, uint64_t id, const ProbeTarget& target,
                     const Result<void>& result) {
  under_way_.erase(name);
  const auto found = nodes_.find(name);
  if (found == nodes_.end()) return;
  Node& node = found->second;
  if (node.id != id) {
    if (node.waits) begin(name);
    return;
  }
  begin_at(name, node, *node.began + node.target.period);
  const bool same = node.target.address == target.address && node.target.port == target.port;
  if (same) count(name, node, result);
}

void NodeProber::count(const NodeName& name, Node& node, const Result<void>& result) {
  if (!result && result.error().kind == ErrorKind::kIo) return tell_of_own(result.error());
  const FailedProbes before = node.failed;
  if (result) {
    node.failed = {};
    if (before.count == 0) return;
  } else {
    if (before.count == 0) node.failed.first = *node.began;
    node.failed.last = *node.began;
    ++node.failed.count;
  }
  on_answer_(name, before, node.failed);
}

// Which node it was does not matter: one line for all.
void NodeProber::tell_of_own(const Error& problem) {
  const SteadyTime now = clock_.steady_now();
  if (told_ && now - *told_ < kBetweenLines) return;
  told_ = now;
  log::warn("cannot probe nodes: this machine lacks what it takes to connect",
            {{"error", problem}});
}

}  // namespace processhub::controller
