// Keeps a sink equal to the server's list of one resource: lists, then watches, and goes
// on whatever happens. client-go's reflector as a state machine:
//
//   Idle --start--> Listing --whole list--> Watching --ended in order, broken, silent-+
//                    ^   |                   ^   |                                    |
//                    |   +--error--> Waiting-+   +--410, 404, refused--> Listing      |
//                    +------ expired token       ^------- from the last version ------+
//
// - Listing: pages; a page that failed is asked for again under its token; a token that
//   has expired (410) or is refused starts a new list.
// - Watching: from the last version seen, bookmarks included, and again from there when
//   the watch ends, breaks or falls silent. 410 lists anew, at once the first time.
// - Waiting: as long as the server said (429, 503, "too large resource version"), else a
//   backoff with jitter. A watch that ends at once without any event waits too, and so
//   does the second new list in a row.
//
// An object that cannot be read is logged, counted and passed over. Core thread only;
// client, executor, clock and random outlive it. Nothing runs after it is destroyed.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/executor.h"
#include "base/random.h"
#include "kube/client.h"
#include "kube/projection.h"
#include "kube/resource.h"
#include "watch/reflector_sink.h"

namespace processhub::watch {

struct ReflectorOptions {
  kube::Resource resource;
  kube::Projection mask;  // of the objects; metadata's name, namespace and version are added
  std::string ns = {};    // empty: all namespaces
  std::string label_selector = {};
  int page_limit = 500;
  Duration backoff_base = std::chrono::milliseconds(800);
  Duration backoff_cap = std::chrono::seconds(30);
  // The server ends a watch after a random time between the two.
  std::chrono::seconds watch_min{300};
  std::chrono::seconds watch_max{600};
  // The longest silence of a watch; none: 30 s more than the time the server ends it after.
  // A server that sends bookmarks does so about every minute.
  std::optional<std::chrono::seconds> longest_silence = {};
};

class Reflector {
 public:
  enum class State { kIdle, kListing, kWatching, kWaiting };

  Reflector(kube::Client& client, Executor& executor, const Clock& clock, Random& random,
            ReflectorOptions options, ReflectorSink sink);
  Reflector(const Reflector&) = delete;
  Reflector& operator=(const Reflector&) = delete;

  void start();
  // Back to Idle; a later start() lists anew. The sink keeps what it has.
  void stop();

  // Whether the sink has had one whole list.
  [[nodiscard]] bool synced() const { return synced_; }
  [[nodiscard]] State state() const { return state_; }
  // Up to where the sink is; empty before the first list.
  [[nodiscard]] const ResourceVersion& last_version() const { return version_; }
  // What holds it up; none while all is well.
  [[nodiscard]] const std::optional<Error>& problem() const { return problem_; }

  // For metrics, since the start.
  struct Counts {
    uint64_t lists = 0;    // begun
    uint64_t watches = 0;  // opened
    uint64_t events = 0;
    uint64_t unreadable = 0;  // objects
  };
  [[nodiscard]] const Counts& counts() const { return counts_; }

 private:
  void list();       // begins a new list
  void list_page();  // asks for the page at token_
  void on_page(const Result<kube::ListMeta>& page);
  void open_watch();
  void on_events(std::vector<kube::WatchEvent> events);
  void on_watch_end(const Result<void>& result);
  void wait_then(const Error& error, void (Reflector::*next)());
  void list_anew(const Error& error);

  void count_unreadable(const Result<void>& result);
  void note_problem(const Error& error);
  void note_progress();

  kube::Client& client_;
  Executor& executor_;
  const Clock& clock_;
  Random& random_;
  ReflectorOptions options_;
  ReflectorSink sink_;

  State state_ = State::kIdle;
  bool synced_ = false;
  ResourceVersion version_;
  std::optional<Error> problem_;
  Counts counts_;

  std::string token_;    // of the page that is next; empty: the first
  size_t items_ = 0;     // of this list, for the log
  Backoff backoff_;      // reset by a watch that has proven itself
  int lists_anew_ = 0;   // in a row, without such a watch in between
  SteadyTime opened_{};  // the watch
  bool heard_ = false;   // anything from it
  Timer timer_;
  std::unique_ptr<kube::Stream> stream_;
  // Callbacks of the client hold a weak pointer to it and do nothing once it has been
  // replaced (stop) or destroyed.
  std::shared_ptr<int> life_;
};

[[nodiscard]] std::string_view to_string(Reflector::State state);

}  // namespace processhub::watch
