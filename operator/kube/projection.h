// Reads lists and watch lines without ever holding their whole tree: of each object
// only the fields that a mask names become JSON.
//
//   const Projection mask{"metadata.name", "spec.taints", "metadata.annotations[processhub.io/*]"};
//   auto meta = parse_list(body, mask, [&](nlohmann::json&& node) { ... });
//
// Nothing here throws. Bodies may be anything: garbage, cut short, nested deeply.
#pragma once

#include <functional>
#include <initializer_list>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/names.h"
#include "base/result.h"
#include "kube/status_error.h"

namespace processhub::kube {

// Which fields of an object to keep. A path is field names joined by dots; it keeps
// all that is below its end, and passes through arrays to each element. A name may be
// `*` (every field). `[text]` stands for a field name that may hold dots; with `*` as
// its last character, for every name that begins so. A value, copied cheaply.
class Projection {
 public:
  struct Node;  // one step of the paths

  Projection(std::initializer_list<std::string_view> paths);
  [[nodiscard]] static Projection everything() { return Projection{"*"}; }

  // This one and more.
  [[nodiscard]] Projection with(std::initializer_list<std::string_view> paths) const;

  [[nodiscard]] const Node& root() const { return *root_; }

 private:
  std::shared_ptr<const Node> root_;
};

struct ListMeta {
  ResourceVersion version = {};
  std::string continue_token = {};  // not empty: there is a next page
};

// Hands each item over as soon as it has been read. An Error (kInvalid: no JSON, cut
// short, nested deeper than 64, not a list) may come after some items already have.
// Items of a list carry no apiVersion and kind.
[[nodiscard]] Result<ListMeta> parse_list(std::string_view body, const Projection& mask,
                                          const std::function<void(nlohmann::json&&)>& on_item);

enum class WatchType { kAdded, kModified, kDeleted, kBookmark, kError };

struct WatchEvent {
  WatchType type = WatchType::kError;
  nlohmann::json object = {};  // null for kError
  Status status = {};          // of kError; to_error(status, Method::kGet) for the Error
};

[[nodiscard]] Result<WatchEvent> parse_watch_line(std::string_view line, const Projection& mask);

// One object, for answers that are not lists. kInvalid as above.
[[nodiscard]] Result<nlohmann::json> parse_object(std::string_view body, const Projection& mask);

}  // namespace processhub::kube
