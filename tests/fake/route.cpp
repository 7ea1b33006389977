#include "fake/route.h"

#include <vector>

namespace processhub::testing {
namespace {

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

std::string unescape(std::string_view text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex(text[i + 1]) >= 0 && hex(text[i + 2]) >= 0) {
      plain.push_back(static_cast<char>(hex(text[i + 1]) * 16 + hex(text[i + 2])));
      i += 2;
    } else {
      plain.push_back(text[i] == '+' ? ' ' : text[i]);
    }
  }
  return plain;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::map<std::string, std::string> parse_query(std::string_view text) {
  std::map<std::string, std::string> query;
  if (text.empty()) return query;
  for (const std::string_view pair : split(text, '&')) {
    const size_t equals = pair.find('=');
    const std::string_view value =
        equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
    query.emplace(unescape(pair.substr(0, equals)), unescape(value));
  }
  return query;
}

}  // namespace

std::string Route::value(const std::string& key) const {
  const auto found = query.find(key);
  return found == query.end() ? std::string() : found->second;
}

std::string Route::key() const { return ns.empty() ? name : ns + "/" + name; }

bool Route::is_watch() const {
  const auto found = query.find("watch");
  return found != query.end() &&
         (found->second == "true" || found->second == "1" || found->second.empty());
}

std::optional<Route> parse_route(std::string_view path) {
  Route route;
  const size_t question = path.find('?');
  if (question != std::string_view::npos) {
    route.query = parse_query(path.substr(question + 1));
    path = path.substr(0, question);
  }
  auto parts = split(path, '/');  // the first is what stands before the leading "/"
  size_t at = 1;
  const auto next = [&]() -> std::string {
    return at < parts.size() ? unescape(parts[at++]) : std::string();
  };
  const std::string root = next();
  const std::string group = root == "apis" ? next() : std::string();
  if (root != "api" && group.empty()) return std::nullopt;
  const std::string version = next();
  std::string plural = next();
  if (plural == "namespaces") {
    route.ns = next();
    plural = next();
  }
  route.kind = find_kind(group, version, plural);
  if (route.kind == nullptr) return std::nullopt;
  if (!route.ns.empty() && !route.kind->resource.namespaced) return std::nullopt;
  route.name = next();
  route.subresource = next();
  if (at < parts.size()) return std::nullopt;
  if (!route.name.empty() && route.kind->resource.namespaced && route.ns.empty()) {
    return std::nullopt;
  }
  return route;
}

}  // namespace processhub::testing
