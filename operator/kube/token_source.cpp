#include "kube/token_source.h"

#include <utility>

namespace processhub::kube {

Result<std::string> TokenSource::get() {
  if (source_.empty()) return std::string();
  const SteadyTime now = clock_.steady_now();
  if (read_at_ && now - *read_at_ < lifetime_) return token_;
  Result<std::string> text = source_.read(files_);
  if (!text) {
    if (token_.empty()) return text;
    return token_;
  }
  // Editors end a file with a newline; in a header it would begin another one.
  while (!text->empty() && static_cast<unsigned char>(text->back()) <= ' ') text->pop_back();
  for (const char c : *text) {
    if (static_cast<unsigned char>(c) <= ' ' || c == '\x7f') {
      return fail(ErrorKind::kInvalid, "the bearer token" +
                                           (source_.file.empty() ? "" : " in " + source_.file) +
                                           " holds a space or a control character");
    }
  }
  if (text->empty()) {
    return fail(ErrorKind::kInvalid, "the token file " + source_.file + " is empty");
  }
  token_ = *std::move(text);
  read_at_ = now;
  return token_;
}

}  // namespace processhub::kube
