// Resource versions as numbers. Kubernetes defines their order since v1.35; before,
// they are etcd's revisions, which have the same one.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/names.h"

namespace processhub::cache {

// 0 where `version` is no decimal number that fits (an aggregated API may write
// anything): 0 counts as passed by every store.
[[nodiscard]] uint64_t version_number(std::string_view version);
[[nodiscard]] inline uint64_t version_number(const ResourceVersion& version) {
  return version_number(version.str());
}

}  // namespace processhub::cache
