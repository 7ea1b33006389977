#include "kube/line_decoder.h"

#include <utility>

namespace processhub::kube {

bool LineDecoder::feed(std::string_view chunk, std::vector<std::string>& lines) {
  while (!overflown_ && !chunk.empty()) {
    const size_t newline = chunk.find('\n');
    const std::string_view part = chunk.substr(0, newline);
    // One byte more for the CR of a line that is exactly as long as allowed.
    if (rest_.size() + part.size() > max_line_ + 1) {
      overflown_ = true;
      rest_ = {};
      break;
    }
    rest_.append(part);
    if (newline == std::string_view::npos) break;
    if (!rest_.empty() && rest_.back() == '\r') rest_.pop_back();
    if (rest_.size() > max_line_) {
      overflown_ = true;
      rest_ = {};
      break;
    }
    if (!rest_.empty()) lines.push_back(std::exchange(rest_, {}));
    chunk.remove_prefix(newline + 1);
  }
  return !overflown_;
}

}  // namespace processhub::kube
