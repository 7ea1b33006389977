// Text of other people's: a server's words, a container's message.
#pragma once

#include <string>
#include <string_view>

namespace processhub {

// At most `limit` bytes of `text`, cut between characters; what is no UTF-8 becomes U+FFFD.
[[nodiscard]] std::string clean_text(std::string_view text, size_t limit);

}  // namespace processhub
