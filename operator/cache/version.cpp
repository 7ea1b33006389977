#include "cache/version.h"

#include <charconv>

namespace processhub::cache {

uint64_t version_number(std::string_view version) {
  uint64_t number = 0;
  const char* const begin = version.data();
  const char* const end = begin + version.size();
  const auto [last, error] = std::from_chars(begin, end, number);
  return error == std::errc{} && last == end ? number : 0;
}

}  // namespace processhub::cache
