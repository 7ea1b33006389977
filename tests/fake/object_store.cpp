#include "fake/object_store.h"

#include <algorithm>
#include <utility>

#include "kube/json_text.h"

namespace processhub::testing {

using nlohmann::json;

std::string key_of(const json& object) {
  const std::string ns = kube::meta_text(object, "namespace");
  const std::string name = kube::meta_text(object, "name");
  return ns.empty() ? name : ns + "/" + name;
}

std::string version_of(const json& object) { return kube::meta_text(object, "resourceVersion"); }

int64_t ObjectStore::changed(const Kind& kind) const {
  const auto found = changed_.find(&kind);
  return found == changed_.end() ? 0 : found->second;
}

ObjectPtr ObjectStore::find(const Kind& kind, const std::string& key) const {
  const Objects& objects = all(kind);
  const auto found = objects.find(key);
  return found == objects.end() ? nullptr : found->second;
}

const Objects& ObjectStore::all(const Kind& kind) const {
  static const Objects none;
  const auto found = objects_.find(&kind);
  return found == objects_.end() ? none : found->second;
}

Objects ObjectStore::all_at(const Kind& kind, int64_t version) const {
  Objects objects = all(kind);
  for (auto change = history_.rbegin(); change != history_.rend(); ++change) {
    if (change->version <= version) break;
    if (change->kind != &kind) continue;
    if (change->before) {
      objects[change->key] = change->before;
    } else {
      objects.erase(change->key);
    }
  }
  return objects;
}

const Change& ObjectStore::commit(const Kind& kind, const std::string& key, json object) {
  ObjectPtr& slot = objects_[&kind][key];
  object["metadata"]["resourceVersion"] = std::to_string(version_ + 1);
  ObjectPtr after = std::make_shared<const json>(std::move(object));
  ObjectPtr before = std::exchange(slot, after);
  return note({.kind = &kind, .key = key, .before = std::move(before), .after = std::move(after)});
}

const Change& ObjectStore::remove(const Kind& kind, const std::string& key) {
  Objects& objects = objects_[&kind];
  const auto found = objects.find(key);
  ObjectPtr before = std::move(found->second);
  objects.erase(found);
  return note({.kind = &kind, .key = key, .before = std::move(before)});
}

const Change& ObjectStore::note(Change change) {
  change.version = ++version_;
  changed_[change.kind] = version_;
  return history_.emplace_back(std::move(change));
}

void ObjectStore::compact(int64_t version) {
  compacted_ = std::clamp(version, compacted_, version_);
}

const Change& ObjectStore::change(int64_t version) const {
  return history_.at(static_cast<size_t>(version - begin() - 1));
}

void ObjectStore::forget(int64_t version) {
  while (!history_.empty() && history_.front().version <= std::min(version, compacted_)) {
    history_.pop_front();
  }
}

}  // namespace processhub::testing
