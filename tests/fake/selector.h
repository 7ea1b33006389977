// Label and field selectors, as lists, watches and deletes of collections take them.
//
//   const auto labels = LabelSelector::parse("app=a,tier!=web,env in (x, y),!old");
//   labels->matches(pod);
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fake/kind.h"

namespace processhub::testing {

class LabelSelector {
 public:
  // None: it cannot be read. An empty text selects everything.
  [[nodiscard]] static std::optional<LabelSelector> parse(std::string_view text);
  // matchLabels and matchExpressions, as objects hold them. None: it selects nothing.
  [[nodiscard]] static std::optional<LabelSelector> of(const nlohmann::json& selector);
  [[nodiscard]] bool matches(const nlohmann::json& object) const;

 private:
  struct Term {
    enum class Op { kIn, kNotIn, kExists, kAbsent };
    Op op = Op::kIn;
    std::string key;
    std::vector<std::string> values = {};
  };
  std::vector<Term> terms_;
};

class FieldSelector {
 public:
  // `wrong` gets the words of the server's refusal where the answer is none.
  [[nodiscard]] static std::optional<FieldSelector> parse(const Kind& kind, std::string_view text,
                                                          std::string& wrong);
  [[nodiscard]] bool matches(const nlohmann::json& object) const;

 private:
  struct Term {
    std::string field;
    std::string value;
    bool equal = true;
  };
  std::vector<Term> terms_;
};

// Both of one request, and its namespace.
struct Selection {
  std::string ns = {};  // empty: all
  LabelSelector labels = {};
  FieldSelector fields = {};
  [[nodiscard]] bool matches(const nlohmann::json& object) const;
};

}  // namespace processhub::testing
