#include "placement/bound.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>

#include "base/hash.h"

namespace processhub::placement {
namespace {

__extension__ using Wide = unsigned __int128;

uint64_t divide_up(uint64_t a, uint64_t b) { return (a + b - 1) / b; }

// Whether k >= a/w + 2·sqrt(a/w).
bool covers(uint64_t k, uint64_t a, uint64_t w) {
  const Wide left = Wide{k} * w;
  if (left < a) return false;
  const Wide over = left - a;
  return over * over >= Wide{4} * a * w;
}

// ceil(a/w + 2·sqrt(a/w)): about right by floating point, then exact.
uint64_t two_deviations(uint64_t a, uint64_t w) {
  const double mean = static_cast<double>(a) / static_cast<double>(w);
  auto k = static_cast<uint64_t>(mean + 2 * std::sqrt(mean));
  while (k > 0 && covers(k - 1, a, w)) --k;
  while (!covers(k, a, w)) ++k;
  return k;
}

}  // namespace

std::vector<uint32_t> caps(std::span<const Member> members, uint64_t replicas,
                           const BoundOptions& options) {
  if (members.empty()) return {};
  const auto percent = static_cast<uint64_t>(options.load_factor_percent);
  const uint64_t capacity = members.size() * divide_up(percent * replicas, 100 * members.size());
  uint64_t weights = 0;
  for (const Member& member : members) weights += static_cast<uint64_t>(member.weight);

  std::vector<uint64_t> shares;
  std::vector<uint64_t> remainders;
  uint64_t given = 0;
  for (const Member& member : members) {
    const uint64_t part = capacity * static_cast<uint64_t>(member.weight);
    shares.push_back(part / weights);
    remainders.push_back(part % weights);
    given += shares.back();
  }
  const uint64_t left = capacity - given;  // less than there are members
  if (left > 0) {
    std::vector<uint32_t> first(members.size());
    std::iota(first.begin(), first.end(), 0);
    std::vector<uint64_t> hashes;
    hashes.reserve(members.size());
    for (const Member& member : members) hashes.push_back(hash64(member.name.str(), 0));
    std::nth_element(first.begin(), first.begin() + static_cast<long>(left - 1), first.end(),
                     [&](uint32_t a, uint32_t b) {
                       return std::tie(remainders[b], hashes[a], members[a].name) <
                              std::tie(remainders[a], hashes[b], members[b].name);
                     });
    for (size_t i = 0; i < left; ++i) ++shares[first[i]];
  }

  std::vector<uint32_t> caps;
  caps.reserve(members.size());
  for (size_t i = 0; i < members.size(); ++i) {
    uint64_t cap = shares[i];
    if (options.relaxed) {
      cap = std::max(cap,
                     two_deviations(replicas * static_cast<uint64_t>(members[i].weight), weights));
    }
    caps.push_back(static_cast<uint32_t>(cap));
  }
  return caps;
}

}  // namespace processhub::placement
