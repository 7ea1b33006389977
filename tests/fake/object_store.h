// Objects and their history: what etcd and the watch cache are to the real server. One
// version counter over everything; each change has a version of its own.
//
//   store.commit(pods, "shop/a", pod);       // sets metadata.resourceVersion
//   store.all_at(pods, version);             // as it was then
//   store.compact(version);                  // nobody may begin before that any more
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "fake/kind.h"

namespace processhub::testing {

using ObjectPtr = std::shared_ptr<const nlohmann::json>;
using Objects = std::map<std::string, ObjectPtr>;  // by key, in the order of lists

struct Change {
  int64_t version = 0;
  const Kind* kind = nullptr;
  std::string key;
  ObjectPtr before = {};  // null: it was not there
  ObjectPtr after = {};   // null: it is gone
};

class ObjectStore {
 public:
  [[nodiscard]] int64_t version() const { return version_; }
  // That of the last change of this kind; 0: none yet.
  [[nodiscard]] int64_t changed(const Kind& kind) const;
  // The oldest version that a watch or a further page may go on from.
  [[nodiscard]] int64_t compacted() const { return compacted_; }

  [[nodiscard]] ObjectPtr find(const Kind& kind, const std::string& key) const;
  [[nodiscard]] const Objects& all(const Kind& kind) const;
  // Not older than compacted(), not newer than version().
  [[nodiscard]] Objects all_at(const Kind& kind, int64_t version) const;

  const Change& commit(const Kind& kind, const std::string& key, nlohmann::json object);
  const Change& remove(const Kind& kind, const std::string& key);

  void compact(int64_t version);

  // The change that made `version`; those from begin() to version() are kept.
  [[nodiscard]] const Change& change(int64_t version) const;
  [[nodiscard]] int64_t begin() const { return version_ - static_cast<int64_t>(history_.size()); }
  // Forgets changes up to `version` that no watch needs any more.
  void forget(int64_t version);

 private:
  const Change& note(Change change);

  std::map<const Kind*, Objects> objects_;
  std::map<const Kind*, int64_t> changed_;
  std::deque<Change> history_;  // one a version, the last is version_
  int64_t version_ = 1000;      // so that "0" and "1" are never of an object
  int64_t compacted_ = 1000;
};

[[nodiscard]] std::string key_of(const nlohmann::json& object);
[[nodiscard]] std::string version_of(const nlohmann::json& object);

}  // namespace processhub::testing
