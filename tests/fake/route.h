// What a request's path and query are about.
//
//   const auto route = parse_route("/api/v1/namespaces/shop/pods/a/status?dryRun=All");
//   route->kind->resource == kube::kPods; route->ns == "shop"; route->name == "a";
//   route->subresource == "status"; route->value("dryRun") == "All";
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "fake/kind.h"

namespace processhub::testing {

struct Route {
  const Kind* kind = nullptr;
  std::string ns = {};  // empty: none, or all of them
  std::string name = {};
  std::string subresource = {};
  std::map<std::string, std::string> query = {};
  bool metadata_alone = false;  // what the client asks to be shown of objects

  [[nodiscard]] std::string value(const std::string& key) const;
  // "ns/name" or "name": the object's place in the store.
  [[nodiscard]] std::string key() const;
  [[nodiscard]] bool is_watch() const;
  [[nodiscard]] bool is_dry_run() const { return value("dryRun") == "All"; }
};

// None: no such path on this server.
[[nodiscard]] std::optional<Route> parse_route(std::string_view path);

}  // namespace processhub::testing
