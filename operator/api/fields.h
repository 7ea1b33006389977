// Reads a JSON object field by field and notes every field that cannot be used, by its
// full path, with what to do about it. Absent and null fields give the fallback.
//
//   Problems problems;
//   const Fields spec(object, "spec", problems);
//   const int seconds = spec.section("nodes").integer("joinAfterSeconds", 10, {0, 86400});
//   if (!problems.empty()) return problems.text();  // "spec.nodes.joinAfterSeconds: must be …"
//
// Nothing here throws. A Fields refers to the JSON and the Problems; both must outlive it.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/enums.h"
#include "api/types.h"

namespace processhub::api {

// What is wrong with one object, in the order in which it was read.
class Problems {
 public:
  void add(std::string_view path, std::string_view what);
  [[nodiscard]] bool empty() const { return found_.empty(); }
  // All of them in one line, cut after a few; nullopt where there are none.
  [[nodiscard]] std::optional<std::string> text() const;

 private:
  std::vector<std::string> found_;
};

struct Range {
  int least;
  int most;
};

class Fields {
 public:
  // `value` may be null or JSON null (an absent section); anything else but an object is a problem.
  Fields(const nlohmann::json* value, std::string path, Problems& problems);

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string path_of(std::string_view name) const;
  // An absent section.
  [[nodiscard]] bool empty() const { return object_ == nullptr; }
  // Null pointer where the field is absent or null.
  [[nodiscard]] const nlohmann::json* find(std::string_view name) const;
  [[nodiscard]] Fields section(std::string_view name) const;
  void refuse(std::string_view name, std::string_view what) const;

  [[nodiscard]] int integer(std::string_view name, int fallback, Range range) const;
  [[nodiscard]] bool boolean(std::string_view name, bool fallback) const;
  [[nodiscard]] std::string text(std::string_view name, std::string fallback = {}) const;
  // The elements of a list, each to be read under the path `name[i]`.
  [[nodiscard]] std::vector<Fields> list(std::string_view name, size_t most) const;
  [[nodiscard]] std::vector<std::string> texts(std::string_view name, size_t most) const;
  [[nodiscard]] kube::StringMap string_map(std::string_view name) const;
  // A copy of an object field that is kept as it is.
  [[nodiscard]] JsonPtr object(std::string_view name) const;

  template <typename E, size_t N>
  [[nodiscard]] E choice(std::string_view name, E fallback, const NameTable<E, N>& table) const {
    if (find(name) == nullptr) return fallback;
    const std::string given = text(name);
    if (const auto value = from_name(table, given)) return *value;
    std::string known;
    for (const auto& entry : table) {
      known += (known.empty() ? "" : " or ") + std::string(entry.first);
    }
    refuse(name, "must be " + known + ", not \"" + given + "\"");
    return fallback;
  }

 private:
  const nlohmann::json* object_ = nullptr;  // null: every field is absent
  std::string path_;
  Problems* problems_;
};

}  // namespace processhub::api
