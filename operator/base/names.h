// Strong types for what Kubernetes writes as strings, so that a Uid is never
// handed over where a NodeName is meant. Each is a value: compares, hashes, prints.
#pragma once

#include <compare>
#include <functional>
#include <iosfwd>
#include <string>
#include <utility>

namespace processhub {

template <typename Tag>
class Name {
 public:
  Name() = default;
  explicit Name(std::string value) : value_(std::move(value)) {}
  [[nodiscard]] const std::string& str() const { return value_; }
  [[nodiscard]] bool empty() const { return value_.empty(); }
  auto operator<=>(const Name&) const = default;

 private:
  std::string value_;
};

template <typename Tag>
std::ostream& operator<<(std::ostream& out, const Name<Tag>& name) {
  return out << name.str();
}

using Uid = Name<struct UidTag>;                          // metadata.uid
using ResourceVersion = Name<struct ResourceVersionTag>;  // metadata.resourceVersion
using NodeName = Name<struct NodeNameTag>;

// Namespace and name of a namespaced object; `ns` is empty for a cluster-wide one.
// Written and hashed as "namespace/name".
template <typename Tag>
struct ObjectKey {
  std::string ns;
  std::string name;
  [[nodiscard]] std::string str() const { return ns + "/" + name; }
  auto operator<=>(const ObjectKey&) const = default;
};

template <typename Tag>
std::ostream& operator<<(std::ostream& out, const ObjectKey<Tag>& key) {
  return out << key.str();
}

using HubKey = ObjectKey<struct HubTag>;
using ChildKey = ObjectKey<struct ChildTag>;
using PodKey = ObjectKey<struct PodTag>;

}  // namespace processhub

template <typename Tag>
struct std::hash<processhub::Name<Tag>> {
  size_t operator()(const processhub::Name<Tag>& name) const noexcept {
    return std::hash<std::string>{}(name.str());
  }
};

template <typename Tag>
struct std::hash<processhub::ObjectKey<Tag>> {
  size_t operator()(const processhub::ObjectKey<Tag>& key) const noexcept {
    return std::hash<std::string>{}(key.name) * 31 + std::hash<std::string>{}(key.ns);
  }
};
