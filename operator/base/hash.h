// Short names made from hashes. XXH3 (libxxhash), 64 bits.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace processhub {

[[nodiscard]] uint64_t hash64(std::string_view bytes, uint64_t seed = 0);

// The first `length` (1 to 12) characters of `hash` in lower-case base32 (RFC 4648
// letters, top bits first): fit for the names of Kubernetes objects.
[[nodiscard]] std::string base32(uint64_t hash, int length);

}  // namespace processhub
