// Leader election over a Lease, by client-go's algorithm: the holder renews it, the others
// take it once nothing about it has changed for its whole duration by their own steady
// clock. Wall clocks of two machines are never compared.
//
//   Elector elector(lease_client, executor, clock, random,
//                   {.ns = "processhub-system", .name = "processhub-operator", .identity = id},
//                   {.started_leading = ..., .stopped_leading = ...});
//   Client client(transport, executor, elector.write_guard());
//   elector.start();
//
// A leader may write until `renew_deadline` after it *sent* its last successful renewal,
// which is earlier than any other can take the lease: nobody else leads while time_left()
// has a value. One exception: somebody deletes the Lease, and a candidate that has never
// seen it starts before the leader has made it again. After that deadline, or once another
// holder is seen, a leader steps down in this process and is a candidate again.
//
// Core thread only. `client` is unguarded and a client of its own; it, executor, clock and
// random outlive the elector. Nothing runs after it is destroyed.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/executor.h"
#include "base/random.h"
#include "kube/client.h"
#include "leader/lease_record.h"

namespace processhub::leader {

struct ElectorOptions {
  std::string ns;
  std::string name;
  std::string identity;  // of this process alone: not the same after a restart
  Duration lease_duration = std::chrono::seconds(15);
  Duration renew_deadline = std::chrono::seconds(10);  // less than lease_duration
  Duration retry_period = std::chrono::seconds(2);     // plus up to a fifth, at random
};

// Each may be empty. The two alternate.
struct ElectorCallbacks {
  std::function<void()> started_leading = {};
  std::function<void()> stopped_leading = {};
};

class Elector {
 public:
  Elector(kube::Client& client, Executor& executor, const Clock& clock, Random& random,
          ElectorOptions options, ElectorCallbacks callbacks = {});
  Elector(const Elector&) = delete;
  Elector& operator=(const Elector&) = delete;

  void start();

  // How long this process may still write; none when it may not.
  [[nodiscard]] std::optional<Duration> time_left() const;
  [[nodiscard]] bool leading() const { return time_left().has_value(); }
  // The same for kube::Client, which must not outlive the elector.
  [[nodiscard]] kube::WriteGuard write_guard() const;
  // As last seen; empty before, and while nobody holds it.
  [[nodiscard]] const std::string& holder() const { return holder_; }

  // Stops leading and is no candidate any more; the lease stays as it is. Call it first at
  // the end, wait for the writes that are under way, then release().
  void resign();

  // Gives the lease back, so that a successor need not wait for its end; resigns if need be.
  // `done` runs once, within half the renew deadline, also where it did not work.
  void release(std::function<void()> done);

 private:
  void attempt();
  void read(bool again);
  void on_lease(nlohmann::json lease);
  void on_no_lease();
  void write(nlohmann::json lease, bool known);
  void lead(SteadyTime sent);
  void step_down(std::string_view why);
  void end_attempt();
  void fail_attempt(std::string_view what, const Error& error);
  void saw(LeaseRecord record, SteadyTime at);
  // The holder that was seen last, as long as its lease has not run out.
  [[nodiscard]] bool another_may_write() const;
  // Whether nothing about the lease has changed for this long, by our clock.
  [[nodiscard]] bool unchanged_for(Duration duration) const;

  void release_read(int tries);
  void release_done();

  // Runs `f` with a Result unless the attempt is over, or the elector is gone.
  template <typename T, typename F>
  std::function<void(Result<T>)> guarded(F f);

  kube::Client& client_;
  Executor& executor_;
  const Clock& clock_;
  Random& random_;
  ElectorOptions options_;
  ElectorCallbacks callbacks_;
  kube::ObjectRef ref_;

  bool running_ = false;
  bool wrote_ = false;  // the lease may name us
  bool leading_ = false;
  SteadyTime deadline_{};  // of writing, while leading
  Timer deadline_timer_;

  nlohmann::json lease_;  // as we wrote it last, for renewals without a read; or null
  std::optional<LeaseRecord> observed_;
  SteadyTime observed_at_{};  // when it last changed, by our clock
  bool gone_ = false;         // deleted since observed_, at observed_at_
  std::string holder_;
  std::optional<ErrorKind> problem_;  // of the last attempt

  Timer next_;                    // the next attempt
  Timer attempt_timer_;           // the end of the one under way
  std::shared_ptr<int> attempt_;  // its callbacks hold a weak pointer
  std::function<void()> released_;
};

}  // namespace processhub::leader
