// What the tests of the ring share: members, keys, and a second implementation of the
// same rules, written for reading and not for speed.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "placement/ring.h"

namespace processhub::placement::testing {

[[nodiscard]] NodeName name(const std::string& prefix, int number);  // "node-007"
[[nodiscard]] std::string key(int number);                           // "default/hub/child-7"

// `count` members of weight 100 in one zone.
[[nodiscard]] std::vector<Member> members(int count, const std::string& prefix = "node");
// As many members a zone as `sizes` says: zone 0 is "a", zone 1 "b".
[[nodiscard]] std::vector<Member> zoned(const std::vector<int>& sizes);

[[nodiscard]] std::vector<Member> without(std::vector<Member> members, const NodeName& name);
[[nodiscard]] std::set<NodeName> as_set(const Assignment& assignment);
// Those of `a` that are not in `b`.
[[nodiscard]] std::vector<NodeName> missing(const Assignment& a, const Assignment& b);

// ring/v1 by the letter: all points in one sorted set, each replica walks all of it.
[[nodiscard]] Assignment place_by_the_letter(const std::vector<Member>& members, int virtual_nodes,
                                             const std::string& key, int replicas,
                                             const std::vector<NodeName>& excluded);

}  // namespace processhub::placement::testing
