#include "api/template_merge.h"

#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "api/fields.h"
#include "api/merge_directives.h"
#include "api/merge_order.h"
#include "api/merge_schema.h"
#include "api/spec_parts.h"

// The functions follow those of k8s.io/apimachinery's strategicpatch/patch.go, in its
// mode for patches that are applied (MergeParallelList, IgnoreUnmatchedNulls).

namespace processhub::api {

using nlohmann::json;

namespace {

constexpr size_t kLongList = 1000;

// Where in the template the merge is, for messages and against endless depth.
struct Place {
  std::string path = {};
  int depth = 0;
  [[nodiscard]] Place at(std::string_view name) const {
    return {path.empty() ? std::string(name) : path + "." + std::string(name), depth + 1};
  }
  [[nodiscard]] tl::unexpected<Error> refuse(const std::string& what) const {
    return fail(ErrorKind::kInvalid, (path.empty() ? "template" : path) + ": " + what);
  }
};

bool same_type(const json& a, const json& b) {
  if (a.is_number() && b.is_number()) return a.is_number_float() == b.is_number_float();
  return a.type() == b.type();
}

Result<json> merge_object(json original, json patch, const MergeShape& shape, const Place& place);

// All elements are of one type; nothing is known of an empty list.
Result<void> check_elements(const JsonList& a, const JsonList& b, const Place& place) {
  const json* first = nullptr;
  for (const JsonList* list : {&a, &b}) {
    for (const json& element : *list) {
      if (first == nullptr) first = &element;
      if (element.is_null() || element.is_array()) {
        return place.refuse("has an element that is null or a list");
      }
      if (!same_type(*first, element)) return place.refuse("mixes elements of different types");
    }
  }
  return {};
}

// Plain values: those of both, each once. Equal ones are removed in kubectl's way, which
// puts the last element into the gap; the order is set afterwards.
Result<JsonList> merge_values(const JsonList& original, const JsonList& patch, const Place& place) {
  JsonList both = original;
  both.insert(both.end(), patch.begin(), patch.end());
  if (both.size() > kLongList) return place.refuse("is too long");
  for (size_t i = 0; i < both.size(); ++i) {
    for (size_t j = i + 1; j < both.size();) {
      if (both[i] == both[j]) {
        both[j] = both.back();
        both.pop_back();
      } else {
        ++j;
      }
    }
  }
  return both;
}

JsonList without(const JsonList& list, const JsonList& removed) {
  std::set<std::string> ids;
  for (const json& value : removed) ids.insert(identity(value, {}));
  JsonList rest;
  for (const json& value : list) {
    if (!ids.contains(identity(value, {}))) rest.push_back(value);
  }
  return rest;
}

// Carries out the elements of `patch` with $patch and takes them out of it.
Result<void> apply_list_directives(JsonList& original, JsonList& patch, std::string_view key,
                                   const Place& place) {
  JsonList plain;
  std::set<std::string> deleted;
  bool replace = false;
  for (json& element : patch) {
    const auto directive = element.find(kPatch);
    if (directive == element.end()) {
      plain.push_back(std::move(element));
    } else if (*directive == "replace") {
      replace = true;
    } else if (*directive == "delete") {
      const std::string id = identity(element, key);
      if (id.empty()) {
        return place.refuse("an element with $patch: delete has no \"" + std::string(key) + "\"");
      }
      deleted.insert(id);
    } else {
      return place.refuse("$patch of an element must be delete or replace, not " +
                          directive->dump(-1, ' ', false, json::error_handler_t::replace));
    }
  }
  if (replace) {
    original = std::move(plain);
    patch.clear();
    return {};
  }
  patch = std::move(plain);
  if (!deleted.empty()) {
    std::erase_if(original,
                  [&](const json& known) { return deleted.contains(identity(known, key)); });
  }
  return {};
}

Result<JsonList> merge_elements(JsonList original, const JsonList& patch, const MergeField& field,
                                const Place& place) {
  std::map<std::string, size_t> places;
  for (size_t i = 0; i < original.size(); ++i) places.emplace(identity(original[i], field.key), i);
  for (const json& element : patch) {
    const std::string id = identity(element, field.key);
    if (id.empty()) {
      return place.refuse("an element has no \"" + std::string(field.key) + "\"");
    }
    const auto [known, added] = places.emplace(id, original.size());
    if (added) {
      original.push_back(element);
      continue;
    }
    json& target = original[known->second];
    Result<json> merged =
        merge_object(std::move(target), element, *field.shape, place.at("[" + id + "]"));
    if (!merged) return tl::unexpected(std::move(merged.error()));
    target = *std::move(merged);
  }
  return original;
}

Result<JsonList> merge_list(JsonList original, JsonList patch, const MergeField& field,
                            const Place& place) {
  if (!field.merges) return patch;
  if (original.empty() && patch.empty()) return original;
  if (auto checked = check_elements(original, patch, place); !checked) {
    return tl::unexpected(std::move(checked.error()));
  }
  const bool objects = (original.empty() ? patch : original).front().is_object();
  if (objects && field.key.empty()) return place.refuse("must hold plain values");
  Result<JsonList> merged;
  if (objects) {
    if (auto done = apply_list_directives(original, patch, field.key, place); !done) {
      return tl::unexpected(std::move(done.error()));
    }
    merged = merge_elements(original, patch, field, place);
  } else {
    merged = merge_values(original, patch, place);
  }
  if (!merged) return merged;
  Result<JsonList> ordered = order_merged(*std::move(merged), patch, original, field.key);
  if (!ordered) return place.refuse(ordered.error().message);
  return ordered;
}

// The live list by which kubectl orders the merged one: that of before the merge, but in
// the array that the merge has worked on, where new elements have taken the places that
// deleted ones left at its end. (Not for lists so long that this would take long.)
JsonList live_after_merge(JsonList live, const JsonList& patch, std::string_view key) {
  if (live.size() > kLongList) return live;
  size_t length = live.size();
  bool replace = false;
  for (const json& element : patch) {
    const auto directive = element.find(kPatch);
    if (directive == element.end()) continue;
    replace = replace || *directive == "replace";
    if (*directive != "delete") continue;
    const std::string id = identity(element, key);
    for (size_t i = 0; i < length;) {
      if (identity(live[i], key) != id) {
        ++i;
        continue;
      }
      for (size_t next = i + 1; next < length; ++next) live[next - 1] = live[next];
      --length;
    }
  }
  if (replace || length == live.size()) return live;
  std::set<std::string> known;
  for (size_t i = 0; i < length; ++i) known.insert(identity(live[i], key));
  for (const json& element : patch) {
    if (length == live.size()) break;
    if (element.contains(kPatch) || !known.insert(identity(element, key)).second) continue;
    live[length++] = element;
  }
  return live;
}

// The elements of the patch must stand in $setElementOrder in the same order.
bool follows_order(const JsonList& patch, const JsonList& order, std::string_view key) {
  size_t place = 0;
  for (const json& element : patch) {
    if (element.is_object() && element.contains(kPatch)) continue;
    const std::string id = identity(element, key);
    while (place < order.size() && identity(order[place], key) != id) ++place;
    if (place == order.size()) return false;
    ++place;
  }
  return true;
}

// The list `name` of an object with $setElementOrder/name in the patch; takes both out of it.
Result<void> merge_ordered_list(json& original, json& patch, const std::string& name,
                                const json& order, const MergeShape& shape, const Place& place) {
  const auto live = original.find(name);
  const auto change = patch.find(name);
  const bool has_live = live != original.end();
  const bool has_change = change != patch.end();
  if (!order.is_array() || (has_live && !live->is_array()) || (has_change && !change->is_array())) {
    return place.refuse("$setElementOrder needs lists");
  }
  const JsonList& wanted = order.get_ref<const JsonList&>();
  const JsonList live_list = has_live ? live->get_ref<const JsonList&>() : JsonList{};
  const JsonList changes = has_change ? change->get_ref<const JsonList&>() : JsonList{};
  const MergeField field = merge_field(shape, name);
  if (!wanted.empty() && !changes.empty() && !follows_order(changes, wanted, field.key)) {
    return place.refuse("the list's order is not that of $setElementOrder");
  }
  JsonList merged;
  JsonList live_order = live_list;
  if (has_live && has_change) {
    Result<JsonList> result = merge_list(live_list, changes, field, place);
    if (!result) return tl::unexpected(std::move(result.error()));
    merged = *std::move(result);
    if (field.merges && !field.key.empty()) {
      live_order = live_after_merge(std::move(live_order), changes, field.key);
    }
  } else if (has_live) {
    merged = live_list;
  } else if (has_change) {
    json added = *change;
    (void)drop_patches(added);  // a list is no object with $patch itself
    merged = std::move(added.get_ref<JsonList&>());
  } else {
    return {};
  }
  if (auto checked = check_elements(live_list, changes, place); !checked) return checked;
  if (live_list.empty() && changes.empty()) return place.refuse("$setElementOrder of empty lists");
  Result<JsonList> ordered = order_merged(std::move(merged), wanted, live_order, field.key);
  if (!ordered) return place.refuse(ordered.error().message);
  original[name] = *std::move(ordered);
  patch.erase(name);
  return {};
}

// Keeps of `original` what $retainKeys lists; the patch may set nothing else.
Result<void> retain_keys(json& original, json& patch, const Place& place) {
  const auto directive = patch.find(kRetainKeys);
  if (directive == patch.end()) return {};
  const json list = std::move(*directive);
  patch.erase(directive);
  if (!list.is_array()) return place.refuse("$retainKeys must be a list");
  std::set<std::string> keys;
  for (const json& key : list) {
    if (const auto* text = key.get_ptr<const std::string*>()) keys.insert(*text);
  }
  for (const auto& [key, value] : patch.items()) {
    if (value.is_null() || key.starts_with(kDeleteFrom) || key.starts_with(kSetOrder)) continue;
    if (!keys.contains(key)) return place.refuse("$retainKeys must list \"" + key + "\" too");
  }
  for (auto it = original.begin(); it != original.end();) {
    it = keys.contains(it.key()) ? std::next(it) : original.erase(it);
  }
  return {};
}

Result<void> merge_orders(json& original, json& patch, const MergeShape& shape,
                          const Place& place) {
  std::vector<std::pair<std::string, json>> orders;
  for (auto it = patch.begin(); it != patch.end();) {
    if (!it.key().starts_with(kSetOrder)) {
      ++it;
      continue;
    }
    orders.emplace_back(it.key().substr(kSetOrder.size()), std::move(*it));
    it = patch.erase(it);
  }
  for (const auto& [name, order] : orders) {
    auto done = merge_ordered_list(original, patch, name, order, shape, place.at(name));
    if (!done) return done;
  }
  return {};
}

// One field that both have. Its new value; nullopt where it goes.
Result<std::optional<json>> merge_value(json original, json patch, const MergeField& field,
                                        const Place& place) {
  if (same_type(original, patch) && original.is_object()) {
    Result<json> merged = merge_object(std::move(original), std::move(patch), *field.shape, place);
    if (!merged) return tl::unexpected(std::move(merged.error()));
    return *std::move(merged);
  }
  if (same_type(original, patch) && original.is_array()) {
    Result<JsonList> merged = merge_list(std::move(original.get_ref<JsonList&>()),
                                         std::move(patch.get_ref<JsonList&>()), field, place);
    if (!merged) return tl::unexpected(std::move(merged.error()));
    return json(*std::move(merged));
  }
  drop_nulls(patch);
  if (!drop_patches(patch)) return std::nullopt;
  return patch;
}

// $deleteFromPrimitiveList/name: removes the listed values, whatever the list's strategy.
Result<void> delete_values(json& original, const std::string& name, const json& removed,
                           const Place& place) {
  const auto list = original.find(name);
  if (list == original.end()) return {};
  if (removed.is_null()) {
    original.erase(list);
    return {};
  }
  if (!list->is_array() || !removed.is_array()) return {};
  const auto& values = list->get_ref<const JsonList&>();
  const auto& gone = removed.get_ref<const JsonList&>();
  if (auto checked = check_elements(values, gone, place); !checked) return checked;
  if (!values.empty() && values.front().is_object()) {
    return place.refuse("$deleteFromPrimitiveList is for lists of plain values");
  }
  *list = without(values, gone);
  return {};
}

Result<json> merge_object(json original, json patch, const MergeShape& shape, const Place& place) {
  if (place.depth > kMaxMergeDepth) return place.refuse("is nested too deeply");
  if (const auto directive = patch.find(kPatch); directive != patch.end()) {
    if (*directive == "delete") return json::object();
    if (*directive != "replace") {
      return place.refuse("$patch must be delete or replace, not " +
                          directive->dump(-1, ' ', false, json::error_handler_t::replace));
    }
    patch.erase(directive);
    return patch;
  }
  if (auto done = retain_keys(original, patch, place); !done) {
    return tl::unexpected(std::move(done.error()));
  }
  if (auto done = merge_orders(original, patch, shape, place); !done) {
    return tl::unexpected(std::move(done.error()));
  }
  for (auto it = patch.begin(); it != patch.end(); ++it) {
    const std::string& name = it.key();
    if (name.starts_with(kDeleteFrom)) {
      const std::string list = name.substr(kDeleteFrom.size());
      if (auto done = delete_values(original, list, *it, place.at(list)); !done) {
        return tl::unexpected(std::move(done.error()));
      }
      continue;
    }
    const auto known = original.find(name);
    if (it->is_null()) {
      if (known != original.end()) original.erase(known);
      continue;
    }
    if (known == original.end()) {
      drop_nulls(*it);
      if (drop_patches(*it)) original[name] = std::move(*it);
      continue;
    }
    Result<std::optional<json>> merged =
        merge_value(std::move(*known), std::move(*it), merge_field(shape, name), place.at(name));
    if (!merged) return tl::unexpected(std::move(merged.error()));
    if (*merged) {
      *known = **std::move(merged);
    } else {
      original.erase(known);
    }
  }
  return original;
}

}  // namespace

Result<json> merge_template(const json& base, const json& overlay) {
  if (!base.is_object() || !(overlay.is_object() || overlay.is_null())) {
    return fail(ErrorKind::kInvalid, "template: must be an object");
  }
  Result<json> merged = merge_object(base, overlay.is_null() ? json::object() : overlay,
                                     pod_template_shape(), Place{});
  if (!merged) return merged;
  if (auto done = drop_left_overs(*merged); !done) return tl::unexpected(std::move(done.error()));
  return merged;
}

std::optional<std::string> template_problem(const json& merged) {
  Problems problems;
  const json object{{"template", merged}};
  (void)read_template(Fields(&object, "spec", problems), /*partial=*/false);
  return problems.text();
}

}  // namespace processhub::api
