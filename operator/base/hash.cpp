#include "base/hash.h"

#include <xxhash.h>

namespace processhub {

uint64_t hash64(std::string_view bytes, uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

std::string base32(uint64_t hash, int length) {
  static constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz234567";
  std::string text;
  for (int i = 0; i < length; ++i) {
    text.push_back(kLetters[hash >> 59]);
    hash <<= 5;
  }
  return text;
}

}  // namespace processhub
