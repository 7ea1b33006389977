#include "api/label_syntax.h"

#include <algorithm>

namespace processhub::api {
namespace {

bool is_lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool is_letter_or_digit(char c) { return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z'); }

bool is_qualified_name(std::string_view text) {
  return !text.empty() && text.size() <= 63 && is_letter_or_digit(text.front()) &&
         is_letter_or_digit(text.back()) && std::all_of(text.begin(), text.end(), [](char c) {
           return is_letter_or_digit(c) || c == '-' || c == '_' || c == '.';
         });
}

}  // namespace

bool is_dns_subdomain(std::string_view text) {
  if (text.empty() || text.size() > 253) return false;
  // Each part between dots: as a DNS label, though of any length.
  while (true) {
    const size_t dot = text.find('.');
    const std::string_view part = text.substr(0, dot);
    if (part.empty() || !is_lower_or_digit(part.front()) || !is_lower_or_digit(part.back()) ||
        !std::all_of(part.begin(), part.end(),
                     [](char c) { return is_lower_or_digit(c) || c == '-'; })) {
      return false;
    }
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

bool is_dns_label(std::string_view text) {
  return text.size() <= 63 && text.find('.') == std::string_view::npos && is_dns_subdomain(text);
}

bool is_label_key(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return is_qualified_name(text);
  return is_dns_subdomain(text.substr(0, slash)) && is_qualified_name(text.substr(slash + 1));
}

bool is_label_value(std::string_view text) { return text.empty() || is_qualified_name(text); }

bool is_reserved_key(std::string_view key) {
  const std::string_view prefix = key.substr(0, std::min(key.find('/'), key.size()));
  return prefix != key && (prefix == "processhub.io" || prefix.ends_with(".processhub.io"));
}

}  // namespace processhub::api
