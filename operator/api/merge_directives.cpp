#include "api/merge_directives.h"

namespace processhub::api {

using nlohmann::json;

void drop_nulls(json& value) {
  if (value.is_object()) {
    for (auto it = value.begin(); it != value.end();) {
      if (it->is_null()) {
        it = value.erase(it);
      } else {
        drop_nulls(*it++);
      }
    }
  } else if (value.is_array()) {
    for (json& element : value) drop_nulls(element);
  }
}

bool drop_patches(json& value) {
  if (value.is_object()) {
    if (value.contains(kPatch)) return false;
    for (auto it = value.begin(); it != value.end();) {
      if (drop_patches(*it)) {
        ++it;
      } else {
        it = value.erase(it);
      }
    }
  } else if (value.is_array()) {
    for (auto it = value.begin(); it != value.end();) {
      if (drop_patches(*it)) {
        ++it;
      } else {
        it = value.erase(it);
      }
    }
  }
  return true;
}

Result<void> drop_left_overs(json& value, int depth) {
  if (depth > kMaxMergeDepth) return fail(ErrorKind::kInvalid, "template: is nested too deeply");
  if (value.is_object()) {
    for (auto it = value.begin(); it != value.end();) {
      const std::string& key = it.key();
      if (it->is_null() || key == kPatch || key == kRetainKeys || key.starts_with(kDeleteFrom) ||
          key.starts_with(kSetOrder)) {
        it = value.erase(it);
        continue;
      }
      if (Result<void> done = drop_left_overs(*it, depth + 1); !done) return done;
      ++it;
    }
  } else if (value.is_array()) {
    for (json& element : value) {
      if (Result<void> done = drop_left_overs(element, depth + 1); !done) return done;
    }
  }
  return {};
}

}  // namespace processhub::api
