#include "leader/elector.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace processhub::leader {

using nlohmann::json;

namespace {

constexpr int kReleaseTries = 3;

}  // namespace

Elector::Elector(kube::Client& client, Executor& executor, const Clock& clock, Random& random,
                 ElectorOptions options, ElectorCallbacks callbacks)
    : client_(client),
      executor_(executor),
      clock_(clock),
      random_(random),
      options_(std::move(options)),
      callbacks_(std::move(callbacks)),
      ref_{kube::kLeases, options_.ns, options_.name} {}

template <typename T, typename F>
std::function<void(Result<T>)> Elector::guarded(F f) {
  return [attempt = std::weak_ptr<int>(attempt_), f = std::move(f)](Result<T>&& result) mutable {
    if (!attempt.expired()) f(std::move(result));
  };
}

void Elector::start() {
  if (running_) return;
  running_ = true;
  attempt();
}

std::optional<Duration> Elector::time_left() const {
  if (!leading_) return std::nullopt;
  const Duration left = deadline_ - clock_.steady_now();
  return left > Duration::zero() ? std::optional(left) : std::nullopt;
}

kube::WriteGuard Elector::write_guard() const {
  return [this]() -> std::optional<std::chrono::milliseconds> {
    const std::optional<Duration> left = time_left();
    if (!left) return std::nullopt;
    return std::chrono::floor<std::chrono::milliseconds>(*left);
  };
}

// One try to take or renew the lease. An answer later than half the renew deadline is not
// waited for: the next try reads what has come of it.
void Elector::attempt() {
  attempt_ = std::make_shared<int>();
  attempt_timer_ = executor_.post_after(options_.renew_deadline / 2, [this] {
    lease_ = nullptr;
    fail_attempt("no answer in time", {.kind = ErrorKind::kTimeout, .message = "no answer"});
  });
  if (leading_ && lease_.is_object()) {
    write(lease_, true);
  } else {
    read(false);
  }
}

// `again`: after a renewal without a read was refused.
void Elector::read(bool again) {
  client_.get(ref_, kube::Projection::everything(),
              guarded<json>([this, again](Result<json> lease) {
                if (lease) return on_lease(*std::move(lease));
                if (lease.error().kind == ErrorKind::kNotFound) return on_no_lease();
                fail_attempt(again ? "cannot read it again" : "cannot read it", lease.error());
              }));
}

void Elector::on_lease(json lease) {
  LeaseRecord record = read_lease(lease);
  // Ours by a write of which we had no answer, while another held it, whose Lease has been
  // deleted since: that one may not know yet.
  if (!leading_ && record.holder == options_.identity && another_may_write()) return end_attempt();
  if (!observed_ || gone_ || observed_->spec != record.spec) {
    saw(std::move(record), clock_.steady_now());
  }
  if (observed_->holder != options_.identity) {
    step_down("another holds the lease");
    if (!running_) return;
    if (another_may_write()) return end_attempt();
  }
  write(std::move(lease), false);
}

void Elector::on_no_lease() {
  if (!leading_ && observed_) {
    // Deleted, perhaps under a holder that may write for as long as if it had just renewed,
    // and that will make the lease again.
    if (!std::exchange(gone_, true)) observed_at_ = clock_.steady_now();
    if (!unchanged_for(std::max(observed_->duration.value_or(options_.lease_duration),
                                options_.lease_duration))) {
      return end_attempt();
    }
  }
  write(nullptr, false);
}

bool Elector::another_may_write() const {
  if (!observed_ || observed_->holder == options_.identity) return false;
  const bool held = !observed_->holder.empty() || observed_->malformed;
  return held && !unchanged_for(observed_->duration.value_or(options_.lease_duration));
}

bool Elector::unchanged_for(Duration duration) const {
  return clock_.steady_now() - observed_at_ >= duration;
}

// `known`: `lease` is what we wrote last, and was not read again.
void Elector::write(json lease, bool known) {
  const bool create = !lease.is_object();
  json held =
      held_lease(std::move(lease), options_.identity, options_.lease_duration, clock_.wall_now());
  if (create) {
    held["metadata"]["namespace"] = options_.ns;
    held["metadata"]["name"] = options_.name;
  }
  wrote_ = true;
  const SteadyTime sent = clock_.steady_now();
  kube::Client::WriteDone done = guarded<kube::ObjectMeta>(
      [this, held, known, sent](const Result<kube::ObjectMeta>& written) mutable {
        lease_ = nullptr;
        if (!written) {
          // Changed or deleted by somebody: what is there now decides.
          if (known && written.error().http_status != 0) return read(true);
          return fail_attempt("cannot write it", written.error());
        }
        if (!written->version.empty()) {
          held["metadata"]["resourceVersion"] = written->version.str();
          held["metadata"]["uid"] = written->uid.str();
          lease_ = held;
        }
        saw(read_lease(held), sent);
        lead(sent);
      });
  if (create) {
    client_.create(kube::kLeases, held, {}, std::move(done));
  } else {
    client_.update(kube::kLeases, held, std::move(done));
  }
}

void Elector::lead(SteadyTime sent) {
  const SteadyTime deadline = sent + options_.renew_deadline;
  const SteadyTime now = clock_.steady_now();
  end_attempt();
  if (deadline <= now) return;  // too late to be of use
  deadline_ = deadline;
  deadline_timer_ =
      executor_.post_after(deadline - now, [this] { step_down("it could not be renewed"); });
  if (std::exchange(leading_, true)) return;
  log::info("leading",
            {{"lease", options_.ns + "/" + options_.name}, {"identity", options_.identity}});
  if (callbacks_.started_leading) callbacks_.started_leading();
}

void Elector::step_down(std::string_view why) {
  deadline_timer_.reset();
  if (!std::exchange(leading_, false)) return;
  log::warn("not leading any more",
            {{"lease", options_.ns + "/" + options_.name}, {"because", why}, {"holder", holder_}});
  if (callbacks_.stopped_leading) callbacks_.stopped_leading();
}

void Elector::end_attempt() {
  attempt_.reset();
  attempt_timer_.reset();
  if (!running_) return;
  const auto period = static_cast<double>(options_.retry_period.count());
  next_ = executor_.post_after(Duration(static_cast<int64_t>(period * (1 + 0.2 * random_.unit()))),
                               [this] { attempt(); });
}

void Elector::fail_attempt(std::string_view what, const Error& error) {
  const log::Fields fields = {
      {"lease", options_.ns + "/" + options_.name}, {"problem", what}, {"error", error}};
  // One line when a problem begins or changes. Two candidates that meet are no news.
  const bool news = problem_ != error.kind && error.kind != ErrorKind::kConflict &&
                    error.kind != ErrorKind::kAlreadyExists;
  problem_ = error.kind;
  if (news) {
    log::warn("leader election fails, trying again", fields);
  } else {
    log::debug("leader election fails, trying again", fields);
  }
  end_attempt();
}

void Elector::saw(LeaseRecord record, SteadyTime at) {
  observed_ = std::move(record);
  observed_at_ = at;
  gone_ = false;
  problem_.reset();
  if (holder_ == observed_->holder) return;
  holder_ = observed_->holder;
  log::info("the lease has a new holder",
            {{"lease", options_.ns + "/" + options_.name}, {"holder", holder_}});
}

void Elector::resign() {
  running_ = false;
  attempt_.reset();
  attempt_timer_.reset();
  next_.reset();
  step_down("it resigned");
}

void Elector::release(std::function<void()> done) {
  resign();
  released_ = std::move(done);
  attempt_ = std::make_shared<int>();
  if (!wrote_) {
    executor_.post([this, attempt = std::weak_ptr<int>(attempt_)] {
      if (!attempt.expired()) release_done();
    });
    return;
  }
  attempt_timer_ = executor_.post_after(options_.renew_deadline / 2, [this] { release_done(); });
  release_read(kReleaseTries);
}

// Reads first: a renewal of ours that was never answered may have changed the lease.
void Elector::release_read(int tries) {
  client_.get(
      ref_, kube::Projection::everything(), guarded<json>([this, tries](Result<json> lease) {
        if (!lease || read_lease(*lease).holder != options_.identity) {
          return release_done();
        }
        const json given = released_lease(*std::move(lease), clock_.wall_now());
        client_.update(
            kube::kLeases, given, guarded<kube::ObjectMeta>([this, tries](const auto& written) {
              if (!written && written.error().kind == ErrorKind::kConflict && tries > 1) {
                return release_read(tries - 1);
              }
              if (written) {
                saw({}, clock_.steady_now());
                log::info("lease released", {{"identity", options_.identity}});
              }
              release_done();
            }));
      }));
}

void Elector::release_done() {
  attempt_.reset();
  attempt_timer_.reset();
  if (const auto done = std::exchange(released_, nullptr)) done();
}

}  // namespace processhub::leader
