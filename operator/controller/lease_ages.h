// How long ago the Lease of each node was seen to change.
//
// By this machine's steady clock, for the nodes' own clocks may be anywhere: a Lease that
// nobody renews gets older, whatever time it carries. What has not been heard is no silence:
// while the watch is broken no age grows, and after that, as after each list, all begin anew.
//
// Core thread.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "base/clock.h"
#include "base/executor.h"
#include "cache/store.h"
#include "kube/objects.h"
#include "watch/reflector_sink.h"

namespace processhub::controller {

class LeaseAges {
 public:
  // All references outlive it. `flipped`: a Lease has become as old as one of the limits, or
  // no longer is.
  LeaseAges(Executor& executor, const Clock& clock, cache::Store<kube::NodeLease>& leases,
            std::function<void(const NodeName&, Duration limit)> flipped);

  // What a reflector of the Leases fills, for the store and for this.
  [[nodiscard]] watch::ReflectorSink sink();

  // The ages that somebody asks about.
  void set_limits(std::set<Duration> limits);

  // The renewTime that has not changed for `limit`; none where it has, and where no Lease says
  // anything.
  [[nodiscard]] std::optional<std::string> stale(const NodeName& node, Duration limit) const;

 private:
  using Lease = std::shared_ptr<const kube::NodeLease>;

  void on_change(const Lease& before, const Lease& after);
  void on_broken();
  void begin_anew();
  void tell_of_end(const NodeName& node, SteadyTime since);
  void look_at(SteadyTime due);
  void look();
  [[nodiscard]] Duration age(SteadyTime since) const;

  Executor& executor_;
  const Clock& clock_;
  cache::Store<kube::NodeLease>& leases_;
  std::function<void(const NodeName&, Duration)> flipped_;
  std::set<Duration> limits_;
  std::map<NodeName, SteadyTime> since_;  // when it was seen to change
  std::optional<SteadyTime> deaf_since_;  // no change can be seen
  // One timer for all, set to the first age that comes to a limit or earlier: a Lease that is
  // renewed does not move it.
  SteadyTime looked_{};
  std::optional<SteadyTime> due_;
  Timer timer_;
};

}  // namespace processhub::controller
