// Any number of candidates over one lease, with random faults and skewed clocks: never two
// that may write, and a leader again once the faults stop.
#include <gtest/gtest.h>

#include "unit/leader/candidate.h"

namespace processhub::leader {
namespace {

using namespace std::chrono_literals;

void run(uint64_t seed) {
  testing::FakeClock clock;
  testing::FakeExecutor executor(clock);
  testing::FakeRandom random(seed);
  LeaseServer server;
  std::vector<std::unique_ptr<Candidate>> candidates;
  int born = 0;
  const auto bear = [&] {
    ++born;
    candidates.push_back(
        std::make_unique<Candidate>(server, executor, clock, "c" + std::to_string(born),
                                    (random.below(2'000'000) - 1'000'000) * 1s, random.next()));
    (**candidates.back()).start();
  };
  const auto leaders = [&] {
    return std::count_if(candidates.begin(), candidates.end(),
                         [](const auto& candidate) { return candidate->leading(); });
  };
  for (int i = 0; i < 3; ++i) bear();

  int led = 0;
  for (int step = 0; step < 200; ++step) {
    Candidate& some = *candidates[static_cast<size_t>(random.below(3))];
    switch (random.below(8)) {
      case 0:
        some.cut = !some.cut;
        break;
      case 1:
        some.lose_answers = !some.lose_answers;
        break;
      case 2:
        some.there = random.below(8000) * 1ms;
        break;
      case 3:
        some.back = random.below(8000) * 1ms;
        break;
      case 4:
        some.there = some.back = 0s;
        break;
      case 5:
        if (random.below(4) == 0) {  // dies, or ends in order, and another process starts
          const bool orderly = random.below(2) == 0;
          if (orderly) some->release([] {});
          if (orderly) executor.advance(random.below(6000) * 1ms);
          for (auto& candidate : candidates) {
            if (candidate.get() == &some) candidate.swap(candidates.back());
          }
          candidates.pop_back();
          bear();
        }
        break;
      default:
        break;
    }
    // Every instant at which anything happens is looked at.
    static_cast<void>(executor.advance_until(
        [&] {
          EXPECT_LE(leaders(), 1);
          led += static_cast<int>(leaders());
          return false;
        },
        random.below(10000) * 1ms));
  }
  EXPECT_GT(led, 0);

  for (auto& candidate : candidates) {
    candidate->cut = candidate->lose_answers = false;
    candidate->there = candidate->back = 0s;
  }
  executor.advance(1min);
  EXPECT_EQ(leaders(), 1);
}

TEST(ElectorRandomTest, NoTwoEverMayWriteAndOneDoesInTheEnd) {
  for (uint64_t seed = 1; seed <= 200 && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    run(seed);
  }
}

}  // namespace
}  // namespace processhub::leader
