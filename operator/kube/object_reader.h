// For the decoders: the fields of one JSON object, typed, and an Error that says where.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "kube/objects.h"

namespace processhub::kube {

// The first field that has a wrong type is kept as the Error; reading goes on with
// defaults, so that a decoder can be written straight down. Refers to the JSON and the
// Error; both must outlive it.
class ObjectReader {
 public:
  // `subject`: what stands before the path of a field, such as subject_of() gives it.
  ObjectReader(const nlohmann::json& object, std::string subject, std::optional<Error>& error);

  [[nodiscard]] std::string text(const char* key) const;
  [[nodiscard]] bool flag(const char* key) const;
  [[nodiscard]] int64_t integer(const char* key) const;
  [[nodiscard]] std::string int_or_text(const char* key) const;  // an integer in digits
  [[nodiscard]] std::optional<WallTime> time(const char* key) const;
  [[nodiscard]] ObjectReader object(const char* key) const;
  [[nodiscard]] std::vector<std::string> texts(const char* key) const;
  // The entries whose keys begin with `prefix`.
  [[nodiscard]] StringMap map(const char* key, std::string_view prefix = {}) const;
  [[nodiscard]] bool has(const char* key) const { return find(key) != nullptr; }

  // Each element of the array `key`, with what is in it.
  template <typename Visit>
  void each(const char* key, Visit visit) const {
    const nlohmann::json* value = find(key);
    if (value == nullptr) return;
    if (!value->is_array()) return refuse(key, "an array", *value);
    for (size_t i = 0; i < value->size(); ++i) {
      visit(ObjectReader((*value)[i], path(key) + "[" + std::to_string(i) + "]", *error_));
    }
  }

  // Keeps "cannot read <path of key> <what>" as the Error, unless there is one.
  void fail(const char* key, std::string_view what) const;

 private:
  // Absent and null are the same, as for the API server.
  [[nodiscard]] const nlohmann::json* find(const char* key) const;
  [[nodiscard]] std::string path(const char* key) const;
  void refuse(const char* key, std::string_view wanted, const nlohmann::json& found) const;

  const nlohmann::json* object_;
  std::string subject_;  // "pod shop/orders: spec.affinity"
  std::optional<Error>* error_;
};

// "pod shop/orders: "
[[nodiscard]] std::string subject_of(std::string_view kind, const nlohmann::json& object);

}  // namespace processhub::kube
