#include "watch/reflector.h"

#include <utility>

#include "base/log.h"
#include "kube/json_text.h"

namespace processhub::watch {

using nlohmann::json;

namespace {

// A watch that lasted this long has proven itself even without an event.
constexpr Duration kShortWatch = std::chrono::seconds(5);
constexpr std::chrono::seconds kMargin{30};

}  // namespace

Reflector::Reflector(kube::Client& client, Executor& executor, const Clock& clock, Random& random,
                     ReflectorOptions options, ReflectorSink sink)
    : client_(client),
      executor_(executor),
      clock_(clock),
      random_(random),
      options_(std::move(options)),
      sink_(std::move(sink)),
      backoff_(options_.backoff_base, options_.backoff_cap) {
  options_.mask =
      options_.mask.with({"metadata.name", "metadata.namespace", "metadata.resourceVersion"});
}

void Reflector::start() {
  if (state_ != State::kIdle) return;
  life_ = std::make_shared<int>();
  list();
}

void Reflector::stop() {
  state_ = State::kIdle;
  life_.reset();
  timer_.reset();
  stream_.reset();
  backoff_.reset();
  lists_anew_ = 0;
}

void Reflector::list() {
  token_.clear();
  list_page();
}

void Reflector::list_page() {
  state_ = State::kListing;
  if (token_.empty()) {
    ++counts_.lists;
    items_ = 0;
    sink_.replace_begin();
  }
  const std::weak_ptr<int> life = life_;
  client_.list(
      options_.resource,
      {.ns = options_.ns,
       .label_selector = options_.label_selector,
       .limit = options_.page_limit,
       .continue_token = token_},
      options_.mask,
      [this, life](json&& item) {
        if (life.expired()) return;
        ++items_;
        count_unreadable(sink_.replace_item(std::move(item)));
      },
      [this, life](const Result<kube::ListMeta>& page) {
        if (!life.expired()) on_page(page);
      });
}

void Reflector::on_page(const Result<kube::ListMeta>& page) {
  if (!page) {
    switch (page.error().kind) {
      case ErrorKind::kGone:
        return list_anew(page.error());
      case ErrorKind::kNotFound:       // the kind has gone, and its token with it
      case ErrorKind::kUnprocessable:  // the token is refused
        return wait_then(page.error(), &Reflector::list);
      default:
        return wait_then(page.error(), &Reflector::list_page);
    }
  }
  if (!page->continue_token.empty()) {
    token_ = page->continue_token;
    return list_page();
  }
  token_.clear();
  version_ = page->version;
  note_progress();
  sink_.replace_end(version_);
  synced_ = true;
  log::info("listed",
            {{"resource", options_.resource.plural}, {"objects", items_}, {"version", version_}});
  open_watch();
}

void Reflector::open_watch() {
  state_ = State::kWatching;
  ++counts_.watches;
  opened_ = clock_.steady_now();
  heard_ = false;
  const auto spread = static_cast<double>((options_.watch_max - options_.watch_min).count());
  const std::chrono::seconds timeout =
      options_.watch_min + std::chrono::seconds(static_cast<int64_t>(spread * random_.unit()));
  const std::chrono::seconds silence = options_.longest_silence.value_or(timeout + kMargin);
  const std::weak_ptr<int> life = life_;
  stream_ = client_.watch(options_.resource,
                          {.ns = options_.ns,
                           .label_selector = options_.label_selector,
                           .version = version_,
                           .timeout = timeout,
                           .margin = silence - timeout},
                          options_.mask,
                          {.events =
                               [this, life](std::vector<kube::WatchEvent> events) {
                                 if (!life.expired()) on_events(std::move(events));
                               },
                           .end =
                               [this, life](const Result<void>& result) {
                                 if (!life.expired()) on_watch_end(result);
                               },
                           .opened =
                               [this, life] {
                                 if (life.expired()) return;
                                 note_progress();
                                 if (sink_.opened) sink_.opened();
                               }});
}

void Reflector::on_events(std::vector<kube::WatchEvent> events) {
  heard_ = true;
  note_progress();
  for (kube::WatchEvent& event : events) {
    ++counts_.events;
    ResourceVersion version(kube::meta_text(event.object, "resourceVersion"));
    // Without a version there is nothing to go on from: the next one will tell.
    if (version.empty()) {
      count_unreadable(fail(ErrorKind::kInvalid, "an event's object has no resourceVersion"));
      continue;
    }
    switch (event.type) {
      case kube::WatchType::kAdded:
      case kube::WatchType::kModified:
        count_unreadable(sink_.upsert(std::move(event.object)));
        break;
      case kube::WatchType::kDeleted:
        sink_.remove(std::move(event.object));
        break;
      case kube::WatchType::kBookmark:
        sink_.bookmark(version);
        break;
      case kube::WatchType::kError:
        continue;  // the client makes it the watch's end
    }
    version_ = std::move(version);
  }
}

void Reflector::on_watch_end(const Result<void>& result) {
  stream_.reset();
  const bool proven = heard_ || clock_.steady_now() - opened_ >= kShortWatch;
  if (proven) {
    backoff_.reset();
    lists_anew_ = 0;
  }
  if (result) {
    if (proven) {
      note_progress();
      return open_watch();
    }
    return wait_then({.kind = ErrorKind::kBroken,
                      .message = "the watch of " + std::string(options_.resource.plural) +
                                 " ends at once, without any event"},
                     &Reflector::open_watch);
  }
  const Error& error = result.error();
  if (sink_.broken) sink_.broken();
  switch (error.kind) {
    case ErrorKind::kGone:  // the version is too old
      return list_anew(error);
    case ErrorKind::kNotFound:       // the kind has gone, and may come back as another
    case ErrorKind::kUnprocessable:  // the version is refused
      return wait_then(error, &Reflector::list);
    case ErrorKind::kInvalid:
      // An event that cannot even be parsed comes again with its version: only a list
      // leads past it.
      if (proven) break;
      return wait_then(error, &Reflector::list);
    default:
      break;
  }
  if (proven && !error.retry_after) {
    log::debug("watch resumed", {{"resource", options_.resource.plural}, {"after", error}});
    return open_watch();
  }
  wait_then(error, &Reflector::open_watch);
}

void Reflector::list_anew(const Error& error) {
  if (++lists_anew_ > 1) return wait_then(error, &Reflector::list);
  log::info("listing anew",
            {{"resource", options_.resource.plural}, {"version", version_}, {"because", error}});
  list();
}

void Reflector::wait_then(const Error& error, void (Reflector::*next)()) {
  note_problem(error);
  if (sink_.broken) sink_.broken();
  state_ = State::kWaiting;
  const Duration own = backoff_.next(random_);
  const bool told = error.retry_after && *error.retry_after > std::chrono::milliseconds(0);
  timer_ = executor_.post_after(told ? Duration(*error.retry_after) : own,
                                [this, next] { (this->*next)(); });
}

void Reflector::count_unreadable(const Result<void>& result) {
  if (result) return;
  ++counts_.unreadable;
  log::warn("cannot read an object, keeping what was known of it",
            {{"resource", options_.resource.plural}, {"error", result.error()}});
}

// One line when a problem begins or changes, not one a try.
void Reflector::note_problem(const Error& error) {
  const bool known =
      problem_ && problem_->kind == error.kind && problem_->http_status == error.http_status;
  problem_ = error;
  const log::Fields fields = {{"resource", options_.resource.plural},
                              {"synced", synced_},
                              {"kind", to_string(error.kind)},
                              {"error", error}};
  if (known) {
    log::debug("cannot list or watch, trying again", fields);
  } else {
    log::warn("cannot list or watch, trying again", fields);
  }
}

void Reflector::note_progress() {
  if (!problem_) return;
  problem_.reset();
  log::info("watching again", {{"resource", options_.resource.plural}, {"version", version_}});
}

std::string_view to_string(Reflector::State state) {
  switch (state) {
    case Reflector::State::kIdle:
      return "idle";
    case Reflector::State::kListing:
      return "listing";
    case Reflector::State::kWatching:
      return "watching";
    case Reflector::State::kWaiting:
      return "waiting";
  }
  return "unknown";
}

}  // namespace processhub::watch
