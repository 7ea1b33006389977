#include "fake/api_server.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <utility>

#include "fake/status.h"
#include "kube/json_text.h"

namespace processhub::testing {

using kube::Method;
using kube::Response;

namespace {

constexpr std::string_view kMetadataAlone = "as=PartialObjectMetadata";
constexpr std::string_view kMetadataOfList = "as=PartialObjectMetadataList";

std::optional<int64_t> number_of(std::string_view text) {
  int64_t value = 0;
  const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || at != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

// The place of the next page: "VERSION.KEY", in hex as a real one is opaque too.
std::string token_of(int64_t version, const std::string& last) {
  std::string token;
  for (const char c : std::to_string(version) + "." + last) {
    char byte[3];
    std::snprintf(byte, sizeof byte, "%02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
    token += byte;
  }
  return token;
}

struct Place {
  int64_t version = 0;
  std::string last;
};

std::optional<Place> place_of(const std::string& token) {
  std::string text;
  for (size_t i = 0; i + 1 < token.size(); i += 2) {
    int byte = 0;
    const auto [at, error] = std::from_chars(&token[i], &token[i] + 2, byte, 16);
    if (error != std::errc() || at != &token[i] + 2) return std::nullopt;
    text.push_back(static_cast<char>(byte));
  }
  const size_t dot = text.find('.');
  if (dot == std::string::npos || token.size() % 2 != 0) return std::nullopt;
  const auto version = number_of(std::string_view(text).substr(0, dot));
  if (!version) return std::nullopt;
  return Place{*version, text.substr(dot + 1)};
}

json metadata_alone(const json& object) {
  return {{"kind", "PartialObjectMetadata"},
          {"apiVersion", "meta.k8s.io/v1"},
          {"metadata", object.at("metadata")}};
}

// Selectors and namespace of a list or watch; what is wrong with them otherwise.
std::optional<Selection> selection_of(const Route& route, Response& refusal) {
  Selection selection{.ns = route.ns};
  const auto labels = LabelSelector::parse(route.value("labelSelector"));
  if (!labels) {
    refusal = bad_request("unable to parse requirement: " + route.value("labelSelector"));
    return std::nullopt;
  }
  std::string wrong;
  const auto fields = FieldSelector::parse(*route.kind, route.value("fieldSelector"), wrong);
  if (!fields) {
    refusal = bad_request(wrong);
    return std::nullopt;
  }
  selection.labels = *labels;
  selection.fields = *fields;
  return selection;
}

Response too_large(int64_t wanted, int64_t present) {
  json details = {
      {"causes",
       {{{"reason", "ResourceVersionTooLarge"}, {"message", "Too large resource version"}}}},
      {"retryAfterSeconds", 1}};
  return answer_of(failure(504, "Timeout",
                           "Timeout: Too large resource version: " + std::to_string(wanted) +
                               ", current: " + std::to_string(present),
                           std::move(details)));
}

}  // namespace

Response ApiServer::handle(const kube::Request& request) {
  auto route = parse_route(request.path);
  if (!route) return no_such_path();
  route->metadata_alone = request.accept.find(kMetadataAlone) != std::string::npos;
  Response response = dispatch(request, *route);
  if (!route->metadata_alone || response.status > 299) return response;
  const bool list = request.method == Method::kGet && route->name.empty();
  const bool list_wanted = request.accept.find(kMetadataOfList) != std::string::npos;
  if (list == list_wanted) return response;
  return answer_of(failure(406, "NotAcceptable",
                           list ? "you requested PartialObjectMetadata, but the requested object "
                                  "is a list"
                                : "you requested PartialObjectMetadataList, but the requested "
                                  "object is not a list"));
}

Response ApiServer::show(const Route& route, int code, const json& object) {
  return answer(code, route.metadata_alone ? metadata_alone(object) : object);
}

Response ApiServer::dispatch(const kube::Request& request, const Route& route) {
  const bool main = route.subresource.empty();
  const bool status = route.subresource == "status" && route.kind->has_status;
  const bool binding = route.subresource == "binding" && route.kind->resource == kube::kPods;
  const bool eviction = route.subresource == "eviction" && route.kind->resource == kube::kPods;
  if (!main && !status && !binding && !eviction) return no_such_path();
  const bool action = binding || eviction;  // something to be done, and nothing to be read
  if (action && request.method != Method::kPost) return method_not_allowed();

  json body;
  if (request.method == Method::kPost || request.method == Method::kPut) {
    body = json::parse(request.body, nullptr, false);
    if (!body.is_object()) return bad_request("the object provided is unrecognized");
  }
  switch (request.method) {
    case Method::kGet:
      return route.name.empty() ? list(route) : get(route);
    case Method::kPost:
      if (binding) return bind(route, body);
      if (eviction) return evict(route, body);
      if (!route.name.empty()) return method_not_allowed();
      return create(route, std::move(body));
    case Method::kPut:
      if (route.name.empty()) return method_not_allowed();
      return replace(route, std::move(body));
    case Method::kPatch:
      if (route.name.empty()) return method_not_allowed();
      return patch(request, route);
    case Method::kDelete:
      if (route.name.empty() || !main) return method_not_allowed();
      return remove(route, request.body);
  }
  return method_not_allowed();
}

Response ApiServer::get(const Route& route) const {
  const ObjectPtr object = store_.find(*route.kind, route.key());
  return object ? show(route, 200, *object) : not_found(*route.kind, route.name);
}

Response ApiServer::list(const Route& route) const {
  Response refusal;
  const auto selection = selection_of(route, refusal);
  if (!selection) return refusal;
  const kube::Resource& resource = route.kind->resource;

  int64_t version = store_.version();
  std::string last;
  if (const std::string token = route.value("continue"); !token.empty()) {
    const auto place = place_of(token);
    if (!place || place->version > version) {
      return bad_request("continue key is not valid: " + token);
    }
    if (place->version < store_.compacted()) {
      return answer_of(
          expired("The provided continue parameter is too old to display a consistent list result. "
                  "You can start a new list without the continue parameter."));
    }
    version = place->version;
    last = place->last;
  } else if (const std::string wanted = route.value("resourceVersion"); !wanted.empty()) {
    const auto least = number_of(wanted);
    if (!least) return bad_request("invalid resource version: " + wanted);
    if (*least > version) return too_large(*least, version);
  }
  const size_t limit = number_of(route.value("limit")).value_or(0);

  // A page holds what the first page's version held.
  Objects then;
  if (version != store_.version()) then = store_.all_at(*route.kind, version);
  const Objects& objects = version == store_.version() ? store_.all(*route.kind) : then;
  json items = json::array();
  json meta = {{"resourceVersion", std::to_string(version)}};
  for (auto at = last.empty() ? objects.begin() : objects.upper_bound(last); at != objects.end();
       ++at) {
    const bool in_scope = route.ns.empty() || kube::meta_text(*at->second, "namespace") == route.ns;
    if (!in_scope) continue;
    // There is more to look at; whether any of it matches nobody has seen.
    if (limit != 0 && items.size() == limit) {
      meta["continue"] = token_of(version, last);
      break;
    }
    if (!selection->matches(*at->second)) continue;
    if (route.metadata_alone) {
      items.push_back(metadata_alone(*at->second));
    } else {
      items.push_back(*at->second);
      if (!route.kind->custom) {
        items.back().erase("kind");
        items.back().erase("apiVersion");
      }
    }
    last = at->first;
  }
  const bool bare = route.metadata_alone;
  return answer(200,
                {{"kind", bare ? "PartialObjectMetadataList" : std::string(resource.kind) + "List"},
                 {"apiVersion", bare ? "meta.k8s.io/v1" : resource.api_version()},
                 {"metadata", std::move(meta)},
                 {"items", std::move(items)}});
}

std::shared_ptr<ServerWatch> ApiServer::watch(const kube::Request& request, Response& refusal) {
  const auto route = parse_route(request.path);
  if (!route || !route->name.empty()) {
    refusal = no_such_path();
    return nullptr;
  }
  auto selection = selection_of(*route, refusal);
  if (!selection) return nullptr;
  int64_t version = store_.version();
  std::deque<std::string> first;
  const std::string wanted = route->value("resourceVersion");
  if (wanted.empty() || wanted == "0") {
    for (const auto& [key, object] : store_.all(*route->kind)) {
      if (selection->matches(*object)) first.push_back(event_line("ADDED", *object));
    }
  } else if (const auto from = number_of(wanted)) {
    version = *from;
  } else {
    refusal = answer_of(failure(500, "", "resourceVersion: Invalid value: \"" + wanted + "\""));
    return nullptr;
  }
  const bool bookmarks = route->value("allowWatchBookmarks") == "true";
  const bool too_old = version < store_.compacted();
  auto watch = std::make_shared<ServerWatch>(store_, *route->kind, *std::move(selection),
                                             std::max(version, store_.compacted()), bookmarks,
                                             std::move(first));
  if (too_old) {
    watch->expire(expired("too old resource version: " + wanted + " (" +
                          std::to_string(store_.compacted()) + ")"));
  }
  watches_.push_back(watch);
  return watch;
}

void ApiServer::compact(int64_t version) {
  store_.compact(version);
  int64_t needed = store_.compacted();
  std::erase_if(watches_, [&](const std::weak_ptr<ServerWatch>& weak) {
    const auto watch = weak.lock();
    if (watch) needed = std::min(needed, watch->version());
    return !watch;
  });
  store_.forget(needed);
}

void ApiServer::expire_watches() {
  for (const auto& weak : watches_) {
    if (const auto watch = weak.lock()) {
      watch->expire(expired("The resourceVersion for the provided watch is too old."));
    }
  }
}

void ApiServer::announce(const Change& change) {
  for (const Observer& observer : observers_) observer(change);
}

std::string ApiServer::next_uid() {
  char text[37];
  std::snprintf(text, sizeof text, "00000000-0000-4000-8000-%012llx",
                static_cast<unsigned long long>(++uids_));
  return text;
}

}  // namespace processhub::testing
