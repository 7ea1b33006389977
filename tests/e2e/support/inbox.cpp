#include "e2e/support/inbox.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <utility>

namespace processhub::e2e {
namespace {

using std::chrono::steady_clock;

}  // namespace

Inbox& Inbox::get() {
  static Inbox inbox;
  return inbox;
}

void Inbox::put(std::function<void()> arrival) {
  const std::lock_guard lock(mutex_);
  arrivals_.push_back(std::move(arrival));
  arrived_.notify_one();
}

bool Inbox::work(Deadline deadline) {
  std::vector<std::function<void()>> batch;
  {
    std::unique_lock lock(mutex_);
    if (!arrived_.wait_until(lock, deadline, [&] { return !arrivals_.empty(); })) return false;
    batch.swap(arrivals_);
  }
  for (const auto& arrival : batch) arrival();
  return true;
}

bool wait_until(const std::function<bool()>& condition, std::chrono::seconds limit) {
  const auto deadline = steady_clock::now() + limit;
  while (!condition()) {
    if (!Inbox::get().work(deadline)) return condition();
  }
  return true;
}

bool poll_until(const std::function<bool()>& condition, std::chrono::seconds limit) {
  const auto deadline = steady_clock::now() + limit;
  while (!condition()) {
    const auto now = steady_clock::now();
    if (now >= deadline) return false;
    const auto next = std::min(deadline, now + std::chrono::milliseconds(200));
    while (Inbox::get().work(next)) {
    }
  }
  return true;
}

void eventually(const std::function<std::string()>& problem, std::chrono::seconds limit) {
  std::string last;
  const auto solved = [&] {
    last = problem();
    return last.empty();
  };
  if (!wait_until(solved, limit)) {
    throw std::runtime_error("after " + std::to_string(limit.count()) + " s still: " + last);
  }
}

}  // namespace processhub::e2e
