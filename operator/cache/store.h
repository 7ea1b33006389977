// The cache of one resource: typed objects by key, what changed, and how far it is.
//
//   Store<kube::Pod> pods;
//   Index<kube::Pod, std::string> by_node(pods, [](const kube::Pod& p) {...});
//   pods.subscribe([&](const auto& before, const auto& after) { queue.add(...); });
//
// Filled by a reflector (StoreSink). Objects are immutable once stored: a snapshot
// keeps the pointers. Not for several threads: the core thread owns all of it.
#pragma once

#include <concepts>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "cache/key_of.h"
#include "cache/version.h"

namespace processhub::cache {

// Whether two states of an object differ in nothing that is read but the version.
// A type without == counts as changed with each version. `after` is left as it was.
template <typename T>
[[nodiscard]] bool equal_but_version(const T& before, T& after) {
  if constexpr (std::equality_comparable<T>) {
    ResourceVersion version = std::exchange(after.meta.version, before.meta.version);
    const bool equal = before == after;
    after.meta.version = std::move(version);
    return equal;
  } else {
    return before.meta.uid == after.meta.uid && before.meta.version == after.meta.version;
  }
}

template <typename T>
class Store {
 public:
  using Key = decltype(key_of(std::declval<const T&>()));
  using Ptr = std::shared_ptr<const T>;
  // null `before`: added; null `after`: removed. Another uid under the same key is
  // told as a removal and an addition.
  using Listener = std::function<void(const Ptr& before, const Ptr& after)>;

  Store() = default;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // Listeners are called in the order in which they subscribed, after the store
  // itself has changed; each hears all of a replacement before the next one does.
  // They must not change the store and live as long as it does.
  void subscribe(Listener listener) { listeners_.push_back(std::move(listener)); }

  // `passed` runs whenever passed() has moved, after the listeners.
  void on_passed(std::function<void(uint64_t)> passed) { passers_.push_back(std::move(passed)); }

  // null where there is none.
  [[nodiscard]] Ptr find(const Key& key) const {
    const auto found = objects_.find(key);
    return found == objects_.end() ? nullptr : found->second;
  }
  [[nodiscard]] const std::map<Key, Ptr>& all() const { return objects_; }
  [[nodiscard]] size_t size() const { return objects_.size(); }

  // Whether one whole list has been stored.
  [[nodiscard]] bool synced() const { return synced_; }

  // Every change up to this resource version is in the store.
  [[nodiscard]] uint64_t passed() const { return passed_; }

  // --- filled by the reflector ---

  // A whole list: begin, any number of items, end. Nothing changes before the end;
  // a list that never ends leaves no trace.
  void replace_begin() { incoming_.clear(); }
  void replace_item(T object) {
    Key key = key_of(object);
    incoming_.insert_or_assign(std::move(key), std::make_shared<const T>(std::move(object)));
  }
  // The object is on the list but cannot be read: what is known of it stays.
  void replace_keep(const Key& key) {
    if (Ptr known = find(key)) incoming_.insert_or_assign(key, std::move(known));
  }
  void replace_end(const ResourceVersion& version);

  void upsert(T object);
  // `version`: of the deletion.
  void remove(const Key& key, const ResourceVersion& version);
  // A bookmark, or an event that could not be read.
  void pass(const ResourceVersion& version) { advance(version_number(version)); }

 private:
  using Change = std::pair<Ptr, Ptr>;

  // Adds what is to be told when `before` gives way to `after`, which takes the
  // place of the stored object in any case: its version is needed for writes.
  static void note(std::vector<Change>& changes, const Ptr& before, const Ptr& after);
  void tell(const std::vector<Change>& changes) const {
    for (const Listener& listener : listeners_) {
      for (const auto& [before, after] : changes) listener(before, after);
    }
  }
  void advance(uint64_t version) {
    if (version > passed_) set_passed(version);
  }
  void set_passed(uint64_t version) {
    passed_ = version;
    for (const auto& passer : passers_) passer(passed_);
  }

  std::map<Key, Ptr> objects_;
  std::map<Key, Ptr> incoming_;  // of a list that has not ended
  std::vector<Listener> listeners_;
  std::vector<std::function<void(uint64_t)>> passers_;
  uint64_t passed_ = 0;
  bool synced_ = false;
};

template <typename T>
void Store<T>::note(std::vector<Change>& changes, const Ptr& before, const Ptr& after) {
  if (before == after) return;
  if (before != nullptr && after != nullptr && before->meta.uid != after->meta.uid) {
    changes.emplace_back(before, nullptr);
    changes.emplace_back(nullptr, after);
  } else {
    changes.emplace_back(before, after);
  }
}

template <typename T>
void Store<T>::upsert(T object) {
  const uint64_t version = version_number(object.meta.version);
  Ptr& stored = objects_[key_of(object)];
  const bool told = stored == nullptr || !equal_but_version(*stored, object);
  const Ptr before = std::exchange(stored, std::make_shared<const T>(std::move(object)));
  std::vector<Change> changes;
  if (told) note(changes, before, stored);
  tell(changes);
  advance(version);
}

template <typename T>
void Store<T>::remove(const Key& key, const ResourceVersion& version) {
  const auto found = objects_.find(key);
  if (found != objects_.end()) {
    const Ptr before = std::move(found->second);
    objects_.erase(found);
    tell({Change(before, nullptr)});
  }
  advance(version_number(version));
}

template <typename T>
void Store<T>::replace_end(const ResourceVersion& version) {
  std::swap(objects_, incoming_);  // incoming_ is the state before, from here on
  std::vector<Change> changes;
  // Removals first: what they free (a name on a node) may be taken by an addition.
  for (const auto& [key, before] : incoming_) {
    if (!objects_.contains(key)) note(changes, before, nullptr);
  }
  for (const auto& [key, after] : objects_) {
    const auto before = incoming_.find(key);
    if (before == incoming_.end()) {
      note(changes, nullptr, after);
    } else {
      T copy = *after;
      if (!equal_but_version(*before->second, copy)) note(changes, before->second, after);
    }
  }
  incoming_.clear();
  synced_ = true;
  tell(changes);
  // Set, not raised: a server that was restored from a backup goes back.
  set_passed(version_number(version));
}

// Keys of a store's objects by what a function makes of each: pods by node, children
// by hub. Construct it right after its store, before other listeners subscribe: those
// then always find the index up to date. Must live as long as the store.
template <typename T, typename K>
class Index {
 public:
  using Key = typename Store<T>::Key;
  using Ptr = typename Store<T>::Ptr;

  // `keys`: under which entries an object is found; pure.
  Index(Store<T>& store, std::function<std::vector<K>(const T&)> keys)
      : store_(store), keys_(std::move(keys)) {
    for (const auto& [key, object] : store.all()) change(nullptr, object);
    store.subscribe([this](const Ptr& before, const Ptr& after) { change(before, after); });
  }
  Index(const Index&) = delete;
  Index& operator=(const Index&) = delete;

  // By key, in order.
  [[nodiscard]] std::vector<Ptr> find(const K& entry) const {
    std::vector<Ptr> objects;
    if (const auto found = entries_.find(entry); found != entries_.end()) {
      objects.reserve(found->second.size());
      for (const Key& key : found->second) objects.push_back(store_.find(key));
    }
    return objects;
  }
  [[nodiscard]] const std::map<K, std::set<Key>>& entries() const { return entries_; }

 private:
  void change(const Ptr& before, const Ptr& after) {
    if (before != nullptr) {
      for (const K& entry : keys_(*before)) {
        const auto found = entries_.find(entry);
        if (found == entries_.end()) continue;
        found->second.erase(key_of(*before));
        if (found->second.empty()) entries_.erase(found);
      }
    }
    if (after != nullptr) {
      for (K& entry : keys_(*after)) entries_[std::move(entry)].insert(key_of(*after));
    }
  }

  const Store<T>& store_;
  std::function<std::vector<K>(const T&)> keys_;
  std::map<K, std::set<Key>> entries_;
};

}  // namespace processhub::cache
