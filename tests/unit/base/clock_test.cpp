#include "base/clock.h"

#include <gtest/gtest.h>

#include "support/fake_clock.h"
#include "support/fake_random.h"

namespace processhub {
namespace {

using namespace std::chrono_literals;

TEST(ClockTest, WritesTimeAsKubernetesDoes) {
  const WallTime time = std::chrono::sys_days{std::chrono::year{2026} / 1 / 2} + 15h + 4min + 5s +
                        std::chrono::microseconds(6078);
  EXPECT_EQ(format_time(time), "2026-01-02T15:04:05Z");
  EXPECT_EQ(format_micro_time(time), "2026-01-02T15:04:05.006078Z");
}

TEST(ClockTest, WritesTimesBeforeTheEpoch) {
  EXPECT_EQ(format_micro_time(WallTime(std::chrono::microseconds(-1))),
            "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(format_time(WallTime(std::chrono::microseconds(-1))), "1969-12-31T23:59:59Z");
}

TEST(ClockTest, ReadsWithAndWithoutAFraction) {
  const WallTime whole = std::chrono::sys_days{std::chrono::year{2024} / 2 / 29} + 1s;
  EXPECT_EQ(parse_time("2024-02-29T00:00:01Z"), whole);
  EXPECT_EQ(parse_time("2024-02-29T00:00:01.5Z"), whole + 500ms);
  EXPECT_EQ(parse_time("2024-02-29T00:00:01.000001Z"), whole + 1us);
  EXPECT_EQ(parse_time("2024-02-29T00:00:01.123456789Z"), whole + 123456us);
}

TEST(ClockTest, RefusesWhatIsNoTimeInUtc) {
  for (const char* text : {"", "2024-02-29", "2024-02-29T00:00:01", "2024-02-29T00:00:01+00:00",
                           "2023-02-29T00:00:01Z", "2024-13-01T00:00:01Z", "2024-02-29T24:00:01Z",
                           "2024-02-29T00:60:01Z", "2024-02-29T00:00:61Z", "2024-02-29T00:00:01.Z",
                           "2024-02-29T00:00:01.xZ", "2024-02-29 00:00:01Z", "2024/02/29T00:00:01Z",
                           "x024-02-29T00:00:01Z", "2024-02-29T00:00:01ZZ", "2024-02-29T00:00:0"}) {
    EXPECT_EQ(parse_time(text), std::nullopt) << text;
  }
}

TEST(ClockTest, ReadsWhatItWrites) {
  testing::FakeRandom random;
  for (int i = 0; i < 10000; ++i) {
    const WallTime time(
        std::chrono::microseconds(static_cast<int64_t>(random.next() % 4'000'000'000'000'000)));
    EXPECT_EQ(parse_time(format_micro_time(time)), time);
    EXPECT_EQ(parse_time(format_time(time)), std::chrono::floor<std::chrono::seconds>(time));
  }
}

TEST(ClockTest, TheSystemsSteadyTimeDoesNotGoBack) {
  const SystemClock clock;
  const SteadyTime before = clock.steady_now();
  EXPECT_GE(clock.steady_now(), before);
  EXPECT_GT(clock.wall_now(), std::chrono::sys_days{std::chrono::year{2025} / 1 / 1});
}

}  // namespace
}  // namespace processhub
