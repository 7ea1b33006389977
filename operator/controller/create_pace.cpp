#include "controller/create_pace.h"

#include <algorithm>
#include <chrono>

namespace processhub::controller {
namespace {

constexpr int kAtOnce = 3;  // so often without any pause
constexpr auto kFirstPause = std::chrono::seconds(1);
constexpr auto kLongestPause = std::chrono::seconds(60);

}  // namespace

SteadyTime CreatePace::not_before(const ChildKey& child, const std::string& pod) const {
  const auto of_child = made_.find(child);
  if (of_child == made_.end()) return SteadyTime::min();
  const auto found = of_child->second.find(pod);
  if (found == of_child->second.end() || found->second.times < kAtOnce) return SteadyTime::min();
  const int doublings = std::min(found->second.times - kAtOnce, 10);
  return found->second.last + std::min<Duration>(kLongestPause, kFirstPause * (1 << doublings));
}

void CreatePace::made(const ChildKey& child, const std::string& pod, SteadyTime now) {
  Made& record = made_[child][pod];
  ++record.times;
  record.last = now;
}

}  // namespace processhub::controller
