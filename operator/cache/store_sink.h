// Joins a reflector to a store:
//
//   Reflector reflector(client, ..., {.resource = kube::kPods, .mask = kube::pod_mask()},
//                       cache::store_sink<kube::Pod>(pods, kube::decode_pod));
//
// An object that does not decode keeps its place in the store as it was.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/result.h"
#include "cache/store.h"
#include "kube/json_text.h"
#include "watch/reflector_sink.h"

namespace processhub::cache {

// `store` outlives the sink.
template <typename T>
[[nodiscard]] watch::ReflectorSink store_sink(
    Store<T>& store, const std::function<Result<T>(const nlohmann::json&)>& decode) {
  using nlohmann::json;
  const auto key = [](const json& object) {
    T named;
    named.meta.ns = kube::meta_text(object, "namespace");
    named.meta.name = kube::meta_text(object, "name");
    return key_of(named);
  };
  const auto version = [](const json& object) {
    return ResourceVersion(kube::meta_text(object, "resourceVersion"));
  };
  return {
      .replace_begin = [&store] { store.replace_begin(); },
      .replace_item = [&store, decode, key](json&& object) -> Result<void> {
        Result<T> decoded = decode(object);
        if (decoded) {
          store.replace_item(*std::move(decoded));
          return {};
        }
        store.replace_keep(key(object));
        return tl::unexpected(decoded.error());
      },
      .replace_end = [&store](const ResourceVersion& at) { store.replace_end(at); },
      .upsert = [&store, decode, version](json&& object) -> Result<void> {
        Result<T> decoded = decode(object);
        if (decoded) {
          store.upsert(*std::move(decoded));
          return {};
        }
        store.pass(version(object));
        return tl::unexpected(decoded.error());
      },
      .remove = [&store, key,
                 version](json&& object) { store.remove(key(object), version(object)); },
      .bookmark = [&store](const ResourceVersion& at) { store.pass(at); },
  };
}

}  // namespace processhub::cache
