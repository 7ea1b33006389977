#include "api/merge_order.h"

#include <algorithm>
#include <unordered_map>

namespace processhub::api {

using nlohmann::json;

namespace {

constexpr size_t kMostUnlisted = 1000;

// Where each identity stands in a list for the first time.
class Positions {
 public:
  Positions(const JsonList& list, std::string_view key) {
    for (size_t i = 0; i < list.size(); ++i) {
      std::string id = identity(list[i], key);
      if (id.empty()) complete_ = false;
      places_.emplace(std::move(id), static_cast<int>(i));
    }
  }
  [[nodiscard]] bool complete() const { return complete_; }
  [[nodiscard]] int of(const std::string& id) const {  // -1: not in the list
    const auto found = places_.find(id);
    return found == places_.end() ? -1 : found->second;
  }

 private:
  std::unordered_map<std::string, int> places_;
  bool complete_ = true;
};

struct Element {
  json value;
  std::string id;
  int place;  // in the list that orders it
};

// As Go's sort.SliceStable with kubectl's comparison, which calls an element that is not
// in the ordering list less than every other: such elements end up reversed at the front.
bool sort_elements(std::vector<Element>& elements) {
  const bool all_listed =
      std::all_of(elements.begin(), elements.end(), [](const Element& e) { return e.place >= 0; });
  if (all_listed) {
    std::stable_sort(elements.begin(), elements.end(),
                     [](const Element& a, const Element& b) { return a.place < b.place; });
    return true;
  }
  if (elements.size() > kMostUnlisted) return false;
  for (size_t i = 1; i < elements.size(); ++i) {
    for (size_t j = i; j > 0; --j) {
      const int left = elements[j - 1].place;
      const int right = elements[j].place;
      if (left >= 0 && right >= 0 && right >= left) break;
      std::swap(elements[j], elements[j - 1]);
    }
  }
  return true;
}

}  // namespace

std::string identity(const json& element, std::string_view key) {
  const json* value = &element;
  if (!key.empty()) {
    if (!element.is_object()) return {};
    const auto found = element.find(key);
    if (found == element.end()) return {};
    value = &*found;
  }
  if (value->is_structured()) return {};
  return value->dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<JsonList> order_merged(JsonList merged, const JsonList& patch_order,
                              const JsonList& live_order, std::string_view key) {
  const auto no_identity = [&] {
    return fail(ErrorKind::kInvalid, key.empty()
                                         ? "an element is not a plain value"
                                         : "an element has no \"" + std::string(key) + "\"");
  };
  const Positions in_patch(patch_order, key);
  const Positions in_live(live_order, key);
  if (!in_patch.complete() || !in_live.complete()) return no_identity();

  std::vector<Element> named;
  std::vector<Element> others;
  for (json& value : merged) {
    std::string id = identity(value, key);
    if (id.empty()) return no_identity();
    const int place = in_patch.of(id);
    std::vector<Element>& side = place >= 0 ? named : others;
    const int order = place >= 0 ? place : in_live.of(id);
    side.push_back({.value = std::move(value), .id = std::move(id), .place = order});
  }
  if (!sort_elements(named) || !sort_elements(others)) {
    return fail(ErrorKind::kInvalid, "the list is too long to be put in order");
  }

  JsonList ordered;
  ordered.reserve(named.size() + others.size());
  size_t i = 0;
  size_t j = 0;
  while (i < others.size() && j < named.size()) {
    const int other_place = in_live.of(others[i].id);
    const int named_place = in_live.of(named[j].id);
    const bool other_first = other_place >= 0 && named_place >= 0 && other_place < named_place;
    ordered.push_back(std::move(other_first ? others[i++].value : named[j++].value));
  }
  while (j < named.size()) ordered.push_back(std::move(named[j++].value));
  while (i < others.size()) ordered.push_back(std::move(others[i++].value));
  return ordered;
}

}  // namespace processhub::api
