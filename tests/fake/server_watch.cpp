#include "fake/server_watch.h"

#include <utility>

namespace processhub::testing {

using nlohmann::json;

ServerWatch::ServerWatch(const ObjectStore& store, const Kind& kind, Selection selection,
                         int64_t version, bool bookmarks, std::deque<std::string> first)
    : store_(store),
      kind_(kind),
      selection_(std::move(selection)),
      version_(version),
      bookmarks_(bookmarks),
      waiting_(std::move(first)) {}

bool ServerWatch::pending() {
  while (waiting_.empty() && !over_ && version_ < store_.version()) {
    const Change& change = store_.change(++version_);
    if (change.kind != &kind_) continue;
    if (auto event = event_of(change)) waiting_.push_back(*std::move(event));
  }
  return !waiting_.empty();
}

std::optional<std::string> ServerWatch::next() {
  if (!pending()) return std::nullopt;
  std::string line = std::move(waiting_.front());
  waiting_.pop_front();
  over_ = expired_;
  return line;
}

std::optional<std::string> ServerWatch::bookmark() {
  if (!bookmarks_ || pending()) return std::nullopt;
  return json{{"type", "BOOKMARK"},
              {"object",
               {{"kind", kind_.resource.kind},
                {"apiVersion", kind_.resource.api_version()},
                {"metadata",
                 {{"resourceVersion", std::to_string(version_)}, {"creationTimestamp", nullptr}}}}}}
      .dump();
}

void ServerWatch::expire(const json& status) {
  waiting_.clear();
  waiting_.push_back(event_line("ERROR", status));
  expired_ = true;
  version_ = store_.version();
}

std::optional<std::string> ServerWatch::event_of(const Change& change) const {
  const bool before = change.before && selection_.matches(*change.before);
  const bool after = change.after && selection_.matches(*change.after);
  if (after) return event_line(before ? "MODIFIED" : "ADDED", *change.after);
  if (!before) return std::nullopt;
  json last = *change.before;
  last["metadata"]["resourceVersion"] = std::to_string(change.version);
  return event_line("DELETED", last);
}

std::string event_line(std::string_view type, const json& object) {
  std::string line = R"({"type":")";
  line.append(type).append(R"(","object":)").append(object.dump()).append("}");
  return line;
}

}  // namespace processhub::testing
