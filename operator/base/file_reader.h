// Files, for what is read again as it rotates (tokens, certificates).
#pragma once

#include <string>

#include "base/result.h"

namespace processhub {

class FileReader {
 public:
  virtual ~FileReader() = default;
  // The whole file. Error kIo names the path and the reason. Any thread.
  [[nodiscard]] virtual Result<std::string> read(const std::string& path) const = 0;
};

class SystemFileReader final : public FileReader {
 public:
  [[nodiscard]] Result<std::string> read(const std::string& path) const override;
};

}  // namespace processhub
