#include "kube/object_reader.h"

#include <utility>

#include "kube/json_text.h"

namespace processhub::kube {

using nlohmann::json;

ObjectReader::ObjectReader(const json& object, std::string subject, std::optional<Error>& error)
    : object_(object.is_object() ? &object : nullptr),
      subject_(std::move(subject)),
      error_(&error) {
  if (object_ == nullptr && !object.is_null()) refuse("", "an object", object);
}

std::string ObjectReader::text(const char* key) const {
  const json* value = find(key);
  if (value == nullptr) return {};
  if (!value->is_string()) return refuse(key, "a string", *value), std::string();
  return value->get<std::string>();
}

bool ObjectReader::flag(const char* key) const {
  const json* value = find(key);
  if (value == nullptr) return false;
  if (!value->is_boolean()) return refuse(key, "a boolean", *value), false;
  return value->get<bool>();
}

int64_t ObjectReader::integer(const char* key) const {
  const json* value = find(key);
  if (value == nullptr) return 0;
  if (!value->is_number_integer()) return refuse(key, "an integer", *value), 0;
  return value->get<int64_t>();
}

std::string ObjectReader::int_or_text(const char* key) const {
  const nlohmann::json* value = find(key);
  if (value != nullptr && value->is_number_integer()) return std::to_string(value->get<int64_t>());
  return text(key);
}

std::optional<WallTime> ObjectReader::time(const char* key) const {
  const json* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (value->is_string()) {
    if (const auto time = parse_time(value->get<std::string>())) return time;
  }
  refuse(key, "a time in RFC 3339", *value);
  return std::nullopt;
}

ObjectReader ObjectReader::object(const char* key) const {
  static const json kAbsent;
  const json* value = find(key);
  return {value == nullptr ? kAbsent : *value, path(key), *error_};
}

std::vector<std::string> ObjectReader::texts(const char* key) const {
  std::vector<std::string> list;
  const json* value = find(key);
  if (value == nullptr) return list;
  if (!value->is_array()) return refuse(key, "an array", *value), list;
  for (const json& element : *value) {
    if (!element.is_string()) return refuse(key, "an array of strings", element), list;
    list.push_back(element.get<std::string>());
  }
  return list;
}

StringMap ObjectReader::map(const char* key, std::string_view prefix) const {
  StringMap map;
  const json* value = find(key);
  if (value == nullptr) return map;
  if (!value->is_object()) return refuse(key, "an object", *value), map;
  for (const auto& [name, text] : value->items()) {
    if (!name.starts_with(prefix)) continue;
    if (!text.is_string()) return refuse(key, "an object of strings", text), map;
    map.emplace(name, text.get<std::string>());
  }
  return map;
}

void ObjectReader::fail(const char* key, std::string_view what) const {
  if (error_->has_value()) return;
  *error_ = Error{
      .kind = ErrorKind::kInvalid,
      .message = "cannot read " + (*key == '\0' ? subject_ : path(key)) + " " + std::string(what)};
}

const json* ObjectReader::find(const char* key) const {
  if (object_ == nullptr) return nullptr;
  const auto found = object_->find(key);
  return found == object_->end() || found->is_null() ? nullptr : &*found;
}

std::string ObjectReader::path(const char* key) const {
  return subject_.ends_with(": ") ? subject_ + key : subject_ + "." + key;
}

void ObjectReader::refuse(const char* key, std::string_view wanted, const json& found) const {
  fail(key, std::string("is of type ") + found.type_name() + ", not " + std::string(wanted));
}

std::string subject_of(std::string_view kind, const json& object) {
  const std::string name = meta_text(object, "name");
  const std::string ns = meta_text(object, "namespace");
  return std::string(kind) + " " + (ns.empty() ? "" : ns + "/") + (name.empty() ? "?" : name) +
         ": ";
}

}  // namespace processhub::kube
