// Splits what comes in chunks of any size into lines.
//
//   LineDecoder decoder(64 << 20);
//   std::vector<std::string> lines;
//   if (!decoder.feed(chunk, lines)) ...  // a line is too long: give the stream up
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace processhub::kube {

class LineDecoder {
 public:
  // `max_line`: the longest line in bytes, without its newline.
  explicit LineDecoder(size_t max_line) : max_line_(max_line) {}

  // Adds to `lines` each line that `chunk` completes, without its newline (LF or
  // CRLF); empty lines are left out. False once a line is longer than `max_line`:
  // the lines before it have been added, and no later call adds any.
  [[nodiscard]] bool feed(std::string_view chunk, std::vector<std::string>& lines);

  // What has come since the last newline.
  [[nodiscard]] const std::string& rest() const { return rest_; }

 private:
  size_t max_line_;
  std::string rest_;
  bool overflown_ = false;
};

}  // namespace processhub::kube
