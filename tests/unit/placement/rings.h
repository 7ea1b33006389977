// What the tests of the ring share: members, keys, and a second implementation of the
// same rules, written for reading and not for speed.
#pragma once

#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "placement/ring.h"

namespace processhub::placement::testing {

[[nodiscard]] NodeName name(const std::string& prefix, int number);  // "node-007"
[[nodiscard]] std::string key(int number);                           // "default/hub/child-7"

// `count` members of weight 100 in one zone.
[[nodiscard]] std::vector<Member> members(int count, const std::string& prefix = "node");
// As many members a zone as `sizes` says: zone 0 is "a", zone 1 "b".
[[nodiscard]] std::vector<Member> zoned(const std::vector<int>& sizes);

// Names that share all their points. XXH3 takes a name of 32 bytes by eights and multiplies the
// second with the first, less a part of its secret: here the first is that part, so it multiplies
// with zero. No node has such a name: the bytes are not UTF-8.
[[nodiscard]] NodeName equal_name(int number);

// 1 to `most` members with zones and weights. Some have equal names, so ties are common.
[[nodiscard]] std::vector<Member> random_members(std::mt19937_64& random, int most);
// Up to half of them, and sometimes one that is none.
[[nodiscard]] std::vector<NodeName> random_exclusions(std::mt19937_64& random,
                                                      const std::vector<Member>& members);

[[nodiscard]] std::vector<Member> without(std::vector<Member> members, const NodeName& name);
[[nodiscard]] std::vector<std::pair<uint64_t, NodeName>> all_points(const Ring& ring);
[[nodiscard]] std::set<NodeName> as_set(const Assignment& assignment);
// Those of `a` that are not in `b`.
[[nodiscard]] std::vector<NodeName> missing(const Assignment& a, const Assignment& b);

// Point i of a member, by the letter as well.
[[nodiscard]] uint64_t point_of(const NodeName& name, int i);

// ring/v1 by the letter: all points in one sorted set, each replica walks all of it.
[[nodiscard]] Assignment place_by_the_letter(const std::vector<Member>& members, int virtual_nodes,
                                             const std::string& key, int replicas,
                                             const std::vector<NodeName>& excluded);

}  // namespace processhub::placement::testing
