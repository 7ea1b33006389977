// Kubernetes' rules for the keys and values of labels and for DNS names.
#pragma once

#include <string_view>

namespace processhub::api {

// RFC 1123: 1 to 63 of a-z, 0-9 and "-", with a letter or digit at both ends.
[[nodiscard]] bool is_dns_label(std::string_view text);

// RFC 1123: 1 to 253, parts such as DNS labels of any length joined by dots.
[[nodiscard]] bool is_dns_subdomain(std::string_view text);

// [prefix/]name: name is 1 to 63 of letters, digits, "-", "_" and ".", with a letter or
// digit at both ends; prefix is a DNS subdomain of at most 253.
[[nodiscard]] bool is_label_key(std::string_view text);

// Empty, or the same as a key's name.
[[nodiscard]] bool is_label_value(std::string_view text);

// The key belongs to the operator (prefix processhub.io or a subdomain of it).
[[nodiscard]] bool is_reserved_key(std::string_view key);

}  // namespace processhub::api
