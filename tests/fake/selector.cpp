#include "fake/selector.h"

#include <algorithm>
#include <map>
#include <utility>

namespace processhub::testing {
namespace {

using nlohmann::json;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// At commas, but not within brackets.
std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  int depth = 0;
  size_t begin = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    if (i == text.size() || (text[i] == ',' && depth == 0)) {
      parts.push_back(trimmed(text.substr(begin, i - begin)));
      begin = i + 1;
    } else if (text[i] == '(') {
      ++depth;
    } else if (text[i] == ')') {
      --depth;
    }
  }
  return parts;
}

// The values of "in (a, b)"; none where the brackets are missing.
std::optional<std::vector<std::string>> values_of(std::string_view text) {
  text = trimmed(text);
  if (text.size() < 2 || text.front() != '(' || text.back() != ')') return std::nullopt;
  std::vector<std::string> values;
  for (const std::string_view value : split(text.substr(1, text.size() - 2))) {
    values.emplace_back(value);
  }
  return values;
}

// "" where there is no such field, as the server's selectors take it.
std::string text_at(const json& object, std::string_view path) {
  const json* at = &object;
  while (true) {
    const size_t dot = path.find('.');
    if (!at->is_object()) return {};
    const auto found = at->find(std::string(path.substr(0, dot)));
    if (found == at->end()) return {};
    at = &*found;
    if (dot == std::string_view::npos) break;
    path.remove_prefix(dot + 1);
  }
  if (at->is_string()) return at->get<std::string>();
  return at->is_null() ? std::string() : at->dump();
}

}  // namespace

std::optional<LabelSelector> LabelSelector::parse(std::string_view text) {
  LabelSelector selector;
  if (trimmed(text).empty()) return selector;
  for (std::string_view part : split(text)) {
    Term term;
    if (part.empty()) return std::nullopt;
    if (part.front() == '!') {
      term.op = Term::Op::kAbsent;
      term.key = trimmed(part.substr(1));
    } else if (const size_t not_equal = part.find("!="); not_equal != std::string_view::npos) {
      term.op = Term::Op::kNotIn;
      term.key = trimmed(part.substr(0, not_equal));
      term.values = {std::string(trimmed(part.substr(not_equal + 2)))};
    } else if (const size_t equal = part.find('='); equal != std::string_view::npos) {
      const size_t length = part.substr(equal, 2) == "==" ? 2 : 1;
      term.key = trimmed(part.substr(0, equal));
      term.values = {std::string(trimmed(part.substr(equal + length)))};
    } else if (const size_t space = part.find(' '); space != std::string_view::npos) {
      term.key = part.substr(0, space);
      std::string_view rest = trimmed(part.substr(space));
      term.op = rest.substr(0, 5) == "notin" ? Term::Op::kNotIn : Term::Op::kIn;
      const size_t word = term.op == Term::Op::kNotIn ? 5 : 2;
      if (term.op == Term::Op::kIn && rest.substr(0, 2) != "in") return std::nullopt;
      auto values = values_of(rest.substr(word));
      if (!values) return std::nullopt;
      term.values = *std::move(values);
    } else {
      term.op = Term::Op::kExists;
      term.key = part;
    }
    if (term.key.empty() || term.key.find_first_of("()! ") != std::string::npos) {
      return std::nullopt;
    }
    selector.terms_.push_back(std::move(term));
  }
  return selector;
}

std::optional<LabelSelector> LabelSelector::of(const json& selector) {
  if (!selector.is_object()) return std::nullopt;
  LabelSelector all;
  const json labels = selector.value("matchLabels", json::object());
  for (const auto& [key, value] : labels.items()) {
    all.terms_.push_back({.op = Term::Op::kIn, .key = key, .values = {value.get<std::string>()}});
  }
  for (const json& one : selector.value("matchExpressions", json::array())) {
    static const std::map<std::string, Term::Op> kOps = {{"In", Term::Op::kIn},
                                                         {"NotIn", Term::Op::kNotIn},
                                                         {"Exists", Term::Op::kExists},
                                                         {"DoesNotExist", Term::Op::kAbsent}};
    const auto op = kOps.find(one.value("operator", ""));
    if (op == kOps.end()) return std::nullopt;
    all.terms_.push_back({.op = op->second,
                          .key = one.value("key", ""),
                          .values = one.value("values", std::vector<std::string>())});
  }
  return all;
}

bool LabelSelector::matches(const json& object) const {
  if (terms_.empty()) return true;
  static const json none = json::object();
  const json& meta = object.at("metadata");
  const auto found = meta.find("labels");
  const json& labels = found != meta.end() && found->is_object() ? *found : none;
  return std::all_of(terms_.begin(), terms_.end(), [&](const Term& term) {
    const auto label = labels.find(term.key);
    const bool has = label != labels.end();
    const auto listed = [&] {
      return std::find(term.values.begin(), term.values.end(), label->get<std::string>()) !=
             term.values.end();
    };
    switch (term.op) {
      case Term::Op::kIn:
        return has && listed();
      case Term::Op::kNotIn:
        return !has || !listed();
      case Term::Op::kExists:
        return has;
      case Term::Op::kAbsent:
        return !has;
    }
    return false;
  });
}

std::optional<FieldSelector> FieldSelector::parse(const Kind& kind, std::string_view text,
                                                  std::string& wrong) {
  FieldSelector selector;
  if (trimmed(text).empty()) return selector;
  for (const std::string_view part : split(text)) {
    const size_t equal = part.find('=');
    if (equal == std::string_view::npos || equal == 0) {
      wrong = "invalid selector: '" + std::string(text) + "'; can't understand '" +
              std::string(part) + "'";
      return std::nullopt;
    }
    Term term;
    term.equal = part[equal - 1] != '!';
    term.field = trimmed(part.substr(0, term.equal ? equal : equal - 1));
    term.value = trimmed(part.substr(equal + (part.substr(equal, 2) == "==" ? 2 : 1)));
    const bool known = term.field == "metadata.name" ||
                       (term.field == "metadata.namespace" && kind.resource.namespaced) ||
                       std::find(kind.selectable.begin(), kind.selectable.end(), term.field) !=
                           kind.selectable.end();
    if (!known) {
      wrong = "field label not supported: " + term.field;
      return std::nullopt;
    }
    selector.terms_.push_back(std::move(term));
  }
  return selector;
}

bool FieldSelector::matches(const json& object) const {
  return std::all_of(terms_.begin(), terms_.end(), [&](const Term& term) {
    return (text_at(object, term.field) == term.value) == term.equal;
  });
}

bool Selection::matches(const json& object) const {
  if (!ns.empty() && text_at(object, "metadata.namespace") != ns) return false;
  return labels.matches(object) && fields.matches(object);
}

}  // namespace processhub::testing
