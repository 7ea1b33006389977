// The operator is killed again and again while it starts children.
#include <gmock/gmock.h>
#include <iostream>
#include <random>

#include "e2e/support/fixture.h"

namespace processhub::e2e {
namespace {

class Crash : public WithoutOperator {};

constexpr int kChildren = 200;
constexpr int kKills = 20;

TEST_F(Crash, OfTheOperatorAtAnyInstantLeavesNoPodTooManyTooFewOrMisplaced) {
  const auto seed = std::random_device()();
  std::cout << "seed " << seed << "\n";
  RecordProperty("seed", std::to_string(seed));
  std::mt19937 random(seed);
  const NodeSet nodes(8);
  const auto children = names("tenant", kChildren);
  given_hub("workers", nodes);
  given_children("workers", children);

  // One request at a time, so that the start is long enough for all these lives. Each
  // ends some pods after its first, or before that at any moment of its own start.
  Words flags = kAlone;
  flags.emplace_back("--max-in-flight=1");
  for (int kill = 0; kill < kKills; ++kill) {
    OperatorProcess one(flags);
    operators_ = {&one};
    if (kill % 4 == 3) {
      const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(random() % 300);
      while (Inbox::get().work(end)) {
      }
    } else {
      const size_t more = pods_->objects().size() + random() % (kChildren / kKills);
      EXPECT_TRUE(wait_until(
          [&] { return pods_->objects().size() > more || pods_->objects().size() == kChildren; }));
    }
    one.kill();
    operators_.clear();
  }
  std::cout << pods_->objects().size() << " pods after the last kill\n";

  OperatorProcess last;
  operators_ = {&last};
  eventually_placed({.children = children, .nodes = nodes.names()});
  for (const std::string& child : children) EXPECT_EQ(most_pods(child), 1) << child;
  EXPECT_EQ(pods_->objects().size(), kChildren);
  EXPECT_EQ(last.stop(), 0);
  operators_.clear();
}

}  // namespace
}  // namespace processhub::e2e
