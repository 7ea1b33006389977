#include "config/duration.h"

#include <gtest/gtest.h>

namespace processhub::config {
namespace {

using namespace std::chrono_literals;

TEST(Duration, ReadsWhatGoWrites) {
  EXPECT_EQ(parse_duration("15s"), 15s);
  EXPECT_EQ(parse_duration("500ms"), 500ms);
  EXPECT_EQ(parse_duration("20us"), 20us);
  EXPECT_EQ(parse_duration("1m30s"), 90s);
  EXPECT_EQ(parse_duration("1h0m0s"), 1h);
  EXPECT_EQ(parse_duration("1.5h"), 90min);
  EXPECT_EQ(parse_duration(".5s"), 500ms);
  EXPECT_EQ(parse_duration("2.s"), 2s);
  EXPECT_EQ(parse_duration("0"), 0s);
  EXPECT_EQ(parse_duration("0.000001s"), 1us);
}

TEST(Duration, RefusesTheRest) {
  for (const char* text :
       {"", "15", "s", ".s", "15 s", " 15s", "15s ", "-1s", "+1s", "1d", "1S", "1e3s", "1s500",
        "0x1s", "9000h", "9999999999s", "1.0000000001s", "8760h1s", "999999999h999999999h"}) {
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
  }
}

TEST(Duration, IsWrittenSoThatItReadsBack) {
  EXPECT_EQ(format_duration(15s), "15s");
  EXPECT_EQ(format_duration(90s), "1m30s");
  EXPECT_EQ(format_duration(1500ms), "1s500ms");
  EXPECT_EQ(format_duration(0s), "0s");
  for (const Duration duration : {Duration(1us), Duration(3661001001us), Duration(8760h)}) {
    EXPECT_EQ(parse_duration(format_duration(duration)), duration);
  }
}

}  // namespace
}  // namespace processhub::config
