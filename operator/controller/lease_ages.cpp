#include "controller/lease_ages.h"

#include <utility>

#include "cache/store_sink.h"
#include "kube/decode.h"

namespace processhub::controller {

LeaseAges::LeaseAges(Executor& executor, const Clock& clock, cache::Store<kube::NodeLease>& leases,
                     std::function<void(const NodeName&, Duration limit)> flipped)
    : executor_(executor),
      clock_(clock),
      leases_(leases),
      flipped_(std::move(flipped)),
      deaf_since_(clock.steady_now()),
      looked_(clock.steady_now()) {
  leases_.subscribe([this](const Lease& before, const Lease& after) { on_change(before, after); });
}

watch::ReflectorSink LeaseAges::sink() {
  watch::ReflectorSink sink = cache::store_sink<kube::NodeLease>(leases_, kube::decode_node_lease);
  sink.replace_end = [this, store = std::move(sink.replace_end)](const ResourceVersion& version) {
    store(version);
    begin_anew();
  };
  sink.opened = [this] {
    if (deaf_since_) begin_anew();
  };
  sink.broken = [this] { on_broken(); };
  return sink;
}

void LeaseAges::set_limits(std::set<Duration> limits) {
  if (limits == limits_) return;
  limits_ = std::move(limits);
  due_.reset();
  timer_.reset();
  if (!deaf_since_) look();
}

std::optional<std::string> LeaseAges::stale(const NodeName& node, Duration limit) const {
  const auto found = since_.find(node);
  if (found == since_.end() || age(found->second) < limit) return std::nullopt;
  const Lease lease = leases_.find(node);
  if (lease == nullptr) return std::nullopt;
  return lease->renew_time;
}

void LeaseAges::on_change(const Lease& before, const Lease& after) {
  const NodeName node = (after != nullptr ? after : before)->key();
  if (before != nullptr && after != nullptr && before->renew_time == after->renew_time) return;
  std::optional<SteadyTime> was;
  if (const auto found = since_.find(node); found != since_.end()) was = found->second;
  // One that was never renewed has no kubelet behind it yet.
  if (after == nullptr || after->renew_time.empty()) {
    since_.erase(node);
  } else {
    since_[node] = clock_.steady_now();
    if (!limits_.empty()) look_at(clock_.steady_now() + *limits_.begin());
  }
  if (was) tell_of_end(node, *was);
}

void LeaseAges::on_broken() {
  if (!deaf_since_) deaf_since_ = clock_.steady_now();
  due_.reset();
  timer_.reset();
}

void LeaseAges::begin_anew() {
  const SteadyTime now = clock_.steady_now();
  const auto before = since_;
  for (auto& [node, since] : since_) since = now;
  for (const auto& [node, since] : before) tell_of_end(node, since);
  deaf_since_.reset();
  looked_ = now;
  if (!limits_.empty() && !since_.empty()) look_at(now + *limits_.begin());
}

// It is younger now than it was.
void LeaseAges::tell_of_end(const NodeName& node, SteadyTime since) {
  for (const Duration limit : limits_) {
    if (age(since) >= limit) flipped_(node, limit);
  }
}

void LeaseAges::look_at(SteadyTime due) {
  if (deaf_since_ || (due_ && *due_ <= due)) return;
  due_ = due;
  timer_ = executor_.post_after(due - clock_.steady_now(), [this] { look(); });
}

void LeaseAges::look() {
  const SteadyTime now = clock_.steady_now();
  const SteadyTime looked = std::exchange(looked_, now);
  due_.reset();
  std::optional<SteadyTime> next;
  for (const auto& [node, since] : since_) {
    for (const Duration limit : limits_) {
      const SteadyTime at = since + limit;
      if (at > now) {
        if (!next || at < *next) next = at;
        break;  // the greater ones come later
      }
      if (at > looked) flipped_(node, limit);
    }
  }
  if (next) look_at(*next);
}

Duration LeaseAges::age(SteadyTime since) const {
  return deaf_since_.value_or(clock_.steady_now()) - since;
}

}  // namespace processhub::controller
