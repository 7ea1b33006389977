// The table of settings: each is a string from a flag or from the file, and the same
// function checks and stores it, whichever it came from.
#pragma once

#include <functional>
#include <span>
#include <string>

#include "config/options.h"

namespace processhub::config {

struct Setting {
  const char* flag;      // without the dashes: "lease-duration"
  const char* value;     // what a value is called in --help: "DURATION"
  const char* help;      // one line
  const char* expected;  // for the error: "a duration such as 15s"
  // Stores the value; false where it is not what is expected.
  std::function<bool(Options&, const std::string&)> store;
  bool is_switch = false;  // --flag means --flag=true
};

[[nodiscard]] std::span<const Setting> settings();

// The name in the file: "leaseDuration" for "lease-duration".
[[nodiscard]] std::string file_key(const Setting& setting);

}  // namespace processhub::config
