#include "api/revision.h"

#include <nlohmann/json.hpp>

#include "base/hash.h"

namespace processhub::api {

using nlohmann::json;

std::string template_revision(const json& merged, std::string_view pinning) {
  // Objects of nlohmann::json are sorted by key, so that equal templates have equal text.
  const std::string text = merged.dump(-1, ' ', false, json::error_handler_t::replace);
  return base32(hash64(std::string(pinning) + "\n" + text), 10);
}

}  // namespace processhub::api
