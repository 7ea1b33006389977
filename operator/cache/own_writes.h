// Read your own writes: which keys must not be worked yet, because the cache has not
// seen what was last written for them.
//
//   OwnWrites<ChildKey> own(executor, [&](const ChildKey& key) { queue.add(key); });
//   own.follow("pods", pods);
//   own.wrote(key, "pods", answer.version);     // after each write
//   if (!own.passed(key)) return;               // `freed` brings the key back
//
// A key waits until each store has passed the version of its last write, and at most
// for `limit`: a server that sends no bookmarks must not hold a key for ever. Deletions
// need no case of their own: a store passes the version at which an object went.
//
// Core thread only. The stores live as long as the tracker or shorter.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <spdlog/spdlog.h>
#include <string>
#include <utility>
#include <vector>

#include "base/executor.h"
#include "base/log.h"
#include "cache/store.h"
#include "cache/version.h"

namespace processhub::cache {

template <typename Key>
class OwnWrites {
 public:
  // `freed` runs once for a key that passed() was asked about in vain, when it is free;
  // not from within passed() or wrote().
  OwnWrites(Executor& executor, std::function<void(const Key&)> freed,
            Duration limit = std::chrono::seconds(30))
      : executor_(executor), freed_(std::move(freed)), limit_(limit) {}
  OwnWrites(const OwnWrites&) = delete;
  OwnWrites& operator=(const OwnWrites&) = delete;

  // From now on, versions written to `resource` are compared with this store's.
  template <typename T>
  void follow(const std::string& resource, Store<T>& store) {
    advanced(resource, store.passed());
    store.on_passed([this, resource](uint64_t version) { advanced(resource, version); });
  }

  // A write for `key` was answered with `version`. Resources that are not followed are
  // not waited for, nor is a version that the store has passed already.
  void wrote(const Key& key, const std::string& resource, const ResourceVersion& version);

  // Whether the caches show all that was written for `key`. If not, `freed` will run.
  [[nodiscard]] bool passed(const Key& key) {
    const auto found = waits_.find(key);
    if (found == waits_.end()) return true;
    found->second.asked = true;
    return false;
  }

  // A store holds every change up to `version`; follow() calls this.
  void advanced(const std::string& resource, uint64_t version);

  // Drops what is waited for, without a call of `freed`.
  void forget(const Key& key) {
    const auto found = waits_.find(key);
    if (found == waits_.end()) return;
    for (const auto& [resource, version] : found->second.versions) {
      seen_[resource].waiting.erase({version, key});
    }
    waits_.erase(found);
  }

  [[nodiscard]] size_t waiting() const { return waits_.size(); }
  // How many keys were freed by `limit`, not by a cache: none in a healthy cluster.
  [[nodiscard]] uint64_t given_up() const { return given_up_; }

 private:
  struct Wait {
    std::map<std::string, uint64_t> versions;  // by resource; the greatest written
    bool asked = false;
    Timer limit;
  };
  struct Seen {
    uint64_t version = 0;
    std::set<std::pair<uint64_t, Key>> waiting;
  };

  void give_up(const Key& key);

  Executor& executor_;
  std::function<void(const Key&)> freed_;
  Duration limit_;
  std::map<std::string, Seen> seen_;  // by resource
  std::map<Key, Wait> waits_;
  uint64_t given_up_ = 0;
};

template <typename Key>
void OwnWrites<Key>::wrote(const Key& key, const std::string& resource,
                           const ResourceVersion& version) {
  const auto seen = seen_.find(resource);
  const uint64_t number = version_number(version);
  if (seen == seen_.end() || number <= seen->second.version) return;
  Wait& wait = waits_[key];
  uint64_t& greatest = wait.versions[resource];
  if (number > greatest) {
    seen->second.waiting.erase({greatest, key});
    seen->second.waiting.emplace(number, key);
    greatest = number;
  }
  wait.limit = executor_.post_after(limit_, [this, key] { give_up(key); });
}

template <typename Key>
void OwnWrites<Key>::advanced(const std::string& resource, uint64_t version) {
  Seen& seen = seen_[resource];
  seen.version = version;
  std::vector<Key> free;
  while (!seen.waiting.empty() && seen.waiting.begin()->first <= version) {
    Key key = seen.waiting.begin()->second;
    seen.waiting.erase(seen.waiting.begin());
    const auto wait = waits_.find(key);
    wait->second.versions.erase(resource);
    if (!wait->second.versions.empty()) continue;
    const bool asked = wait->second.asked;
    waits_.erase(wait);
    if (asked) free.push_back(std::move(key));
  }
  for (const Key& key : free) freed_(key);
}

template <typename Key>
void OwnWrites<Key>::give_up(const Key& key) {
  const auto wait = waits_.extract(key);
  std::string missing;
  for (const auto& [resource, version] : wait.mapped().versions) {
    seen_[resource].waiting.erase({version, wait.key()});
    missing += (missing.empty() ? "" : " ") + resource + "@" + std::to_string(version);
  }
  ++given_up_;
  log::warn("the cache has not shown our last writes, going on without",
            {{"key", key_text(wait.key())}, {"after", limit_}, {"missing", missing}});
  if (wait.mapped().asked) freed_(wait.key());
}

}  // namespace processhub::cache
