// The nodes and the keys of this benchmark: the same for every library.
//
// A ring of N nodes is built of the nodes 1 to N; node N + 1 joins; then node N / 2 leaves.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace processhub::benchmarks {

inline constexpr int kPoints = 512;  // of each node, as in a hub that does not say otherwise
inline constexpr int kKeys = 1'000'000;

inline std::string node_name(int number) {
  std::string digits = std::to_string(number);
  return "node-" + std::string(5 - digits.size(), '0') + digits + ".example";
}

inline int newcomer(int nodes) { return nodes + 1; }
inline int leaver(int nodes) { return nodes / 2; }

// Keys as the operator writes them, one after the other in memory.
class Keys {
 public:
  explicit Keys(int count) {
    std::vector<size_t> ends;
    for (int i = 0; i < count; ++i) {
      text_ += "default/hub/child-" + std::to_string(i);
      ends.push_back(text_.size());
    }
    size_t begin = 0;
    for (const size_t end : ends) {
      keys_.push_back(std::string_view(text_).substr(begin, end - begin));
      begin = end;
    }
  }
  Keys(const Keys&) = delete;
  Keys& operator=(const Keys&) = delete;
  [[nodiscard]] const std::vector<std::string_view>& all() const { return keys_; }

 private:
  std::string text_;
  std::vector<std::string_view> keys_;
};

}  // namespace processhub::benchmarks
