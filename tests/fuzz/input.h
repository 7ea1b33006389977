// What a fuzz target reads its case from: the fuzzer's bytes, and zeros when they have ended.
// Also how it says that something which must hold does not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>

namespace processhub::fuzz {

class Input {
 public:
  explicit Input(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  [[nodiscard]] bool ended() const { return bytes_.empty(); }

  uint8_t byte() {
    if (bytes_.empty()) return 0;
    const uint8_t first = bytes_.front();
    bytes_ = bytes_.subspan(1);
    return first;
  }
  // 0 to bound - 1; `bound` at most 65536.
  int below(size_t bound) {
    const auto low = size_t{byte()};
    const size_t high = bound > 256 ? byte() : 0;
    return static_cast<int>((low | high << 8) % bound);
  }
  bool one_in(size_t count) { return below(count) + size_t{1} == count; }
  // 1 to `longest` bytes of any value.
  std::string text(size_t longest) {
    std::string result;
    for (int left = 1 + below(longest); left > 0; --left) {
      result.push_back(static_cast<char>(byte()));
    }
    return result;
  }

 private:
  std::span<const uint8_t> bytes_;
};

// Ends the process, which is how the fuzzer learns of it.
inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

}  // namespace processhub::fuzz
