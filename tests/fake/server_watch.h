// One watch on the server's side: a place in the history of changes, and what of these
// its selectors see. It gives lines when it is asked; what is not asked for waits.
//
//   while (watch.pending()) deliver(*watch.next());
//
// An object that begins to match is ADDED, one that ends to is DELETED with its last
// matching state, as on the real server.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "fake/object_store.h"
#include "fake/selector.h"

namespace processhub::testing {

class ServerWatch {
 public:
  // Of changes after `version`; `first`: events that come before any of them.
  ServerWatch(const ObjectStore& store, const Kind& kind, Selection selection, int64_t version,
              bool bookmarks, std::deque<std::string> first);

  [[nodiscard]] bool pending();
  // The next event, one line without its newline; none where there is nothing to say.
  [[nodiscard]] std::optional<std::string> next();
  // A BOOKMARK of the last version of which all has been said; none where the client has not
  // asked for bookmarks.
  [[nodiscard]] std::optional<std::string> bookmark();

  [[nodiscard]] const Kind& kind() const { return kind_; }
  // All changes up to this one have been said (or are not for this watch).
  [[nodiscard]] int64_t version() const { return version_; }
  // It has said an ERROR: nothing follows, the server ends it.
  [[nodiscard]] bool over() const { return over_; }
  // From now on it has nothing to say but this ERROR.
  void expire(const nlohmann::json& status);

 private:
  [[nodiscard]] std::optional<std::string> event_of(const Change& change) const;

  const ObjectStore& store_;
  const Kind& kind_;
  Selection selection_;
  int64_t version_;
  bool bookmarks_;
  std::deque<std::string> waiting_;  // found, but not said; the versions may be ahead of it
  bool expired_ = false;             // what waits is the ERROR
  bool over_ = false;
};

// A line of a watch, without its newline.
[[nodiscard]] std::string event_line(std::string_view type, const nlohmann::json& object);

}  // namespace processhub::testing
