// The key under which a store keeps an object: the object's own strong key type.
//
//   key_of(node) -> NodeName, key_of(pod) -> PodKey, key_of(hub) -> HubKey
//
// Any other object with a `meta` gets ObjectKey<T>, or what its member key() returns.
#pragma once

#include "base/names.h"
#include "kube/objects.h"

namespace processhub::cache {

[[nodiscard]] inline NodeName key_of(const kube::Node& node) { return NodeName(node.meta.name); }

[[nodiscard]] inline PodKey key_of(const kube::Pod& pod) { return {pod.meta.ns, pod.meta.name}; }

template <typename T>
[[nodiscard]] auto key_of(const T& object) {
  if constexpr (requires { object.key(); }) {
    return object.key();
  } else {
    return ObjectKey<T>{object.meta.ns, object.meta.name};
  }
}

// A key as it is written in logs.
template <typename Key>
[[nodiscard]] std::string key_text(const Key& key) {
  if constexpr (requires { key.str(); }) {
    return key.str();
  } else {
    return key;
  }
}

}  // namespace processhub::cache
