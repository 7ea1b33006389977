#include "api/fields.h"

namespace processhub::api {

using nlohmann::json;

namespace {

constexpr size_t kProblemsShown = 5;

}  // namespace

void Problems::add(std::string_view path, std::string_view what) {
  found_.push_back(std::string(path) + ": " + std::string(what));
}

std::optional<std::string> Problems::text() const {
  if (found_.empty()) return std::nullopt;
  std::string all;
  for (size_t i = 0; i < found_.size() && i < kProblemsShown; ++i) {
    all += (i == 0 ? "" : "; ") + found_[i];
  }
  if (found_.size() > kProblemsShown) {
    all += "; and " + std::to_string(found_.size() - kProblemsShown) + " more";
  }
  return all;
}

Fields::Fields(const json* value, std::string path, Problems& problems)
    : path_(std::move(path)), problems_(&problems) {
  if (value == nullptr || value->is_null()) return;
  if (value->is_object()) {
    object_ = value;
  } else {
    problems_->add(path_, "must be an object, not " + std::string(value->type_name()));
  }
}

std::string Fields::path_of(std::string_view name) const {
  return path_.empty() ? std::string(name) : path_ + "." + std::string(name);
}

const json* Fields::find(std::string_view name) const {
  if (object_ == nullptr) return nullptr;
  const auto found = object_->find(name);
  return found == object_->end() || found->is_null() ? nullptr : &*found;
}

Fields Fields::section(std::string_view name) const {
  return Fields(find(name), path_of(name), *problems_);
}

void Fields::refuse(std::string_view name, std::string_view what) const {
  problems_->add(path_of(name), what);
}

int Fields::integer(std::string_view name, int fallback, Range range) const {
  const json* value = find(name);
  if (value == nullptr) return fallback;
  if (value->is_number_integer()) {
    // An unsigned number past int64 becomes negative here, so that it is refused too.
    const auto number = value->get<int64_t>();
    if (number >= range.least && number <= range.most) return static_cast<int>(number);
  }
  refuse(name, "must be an integer from " + std::to_string(range.least) + " to " +
                   std::to_string(range.most));
  return fallback;
}

bool Fields::boolean(std::string_view name, bool fallback) const {
  const json* value = find(name);
  if (value == nullptr) return fallback;
  if (value->is_boolean()) return value->get<bool>();
  refuse(name, "must be true or false");
  return fallback;
}

std::string Fields::text(std::string_view name, std::string fallback) const {
  const json* value = find(name);
  if (value == nullptr) return fallback;
  if (const auto* string = value->get_ptr<const std::string*>()) return *string;
  refuse(name, "must be a string");
  return fallback;
}

std::vector<Fields> Fields::list(std::string_view name, size_t most) const {
  std::vector<Fields> elements;
  const json* value = find(name);
  if (value == nullptr) return elements;
  if (!value->is_array()) {
    refuse(name, "must be a list");
    return elements;
  }
  if (value->size() > most) {
    refuse(name, "must have at most " + std::to_string(most) + " entries, has " +
                     std::to_string(value->size()));
    return elements;
  }
  elements.reserve(value->size());
  for (size_t i = 0; i < value->size(); ++i) {
    elements.emplace_back(&(*value)[i], path_of(name) + "[" + std::to_string(i) + "]", *problems_);
  }
  return elements;
}

std::vector<std::string> Fields::texts(std::string_view name, size_t most) const {
  std::vector<std::string> strings;
  const json* value = find(name);
  if (value == nullptr) return strings;
  if (!value->is_array() || value->size() > most) {
    refuse(name, "must be a list of at most " + std::to_string(most) + " strings");
    return strings;
  }
  for (const json& element : *value) {
    const auto* string = element.get_ptr<const std::string*>();
    if (string == nullptr) {
      refuse(name, "must hold strings alone");
      return {};
    }
    strings.push_back(*string);
  }
  return strings;
}

kube::StringMap Fields::string_map(std::string_view name) const {
  kube::StringMap map;
  const json* value = find(name);
  if (value == nullptr) return map;
  if (!value->is_object()) {
    refuse(name, "must be a map of strings");
    return map;
  }
  for (const auto& [key, entry] : value->items()) {
    if (const auto* string = entry.get_ptr<const std::string*>()) {
      map.emplace(key, *string);
    } else {
      refuse(name, "the value of \"" + key + "\" must be a string (write it in quotes)");
    }
  }
  return map;
}

JsonPtr Fields::object(std::string_view name) const {
  const json* value = find(name);
  if (value == nullptr) return nullptr;
  if (value->is_object()) return std::make_shared<const json>(*value);
  refuse(name, "must be an object, not " + std::string(value->type_name()));
  return nullptr;
}

}  // namespace processhub::api
