#include "kube/quantity.h"

#include <gtest/gtest.h>
#include <limits>
#include <string>

namespace processhub::kube {
namespace {

constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
constexpr int64_t kKi = 1024;

TEST(Quantity, HasDecimalSuffixes) {
  EXPECT_EQ(parse_milli("2"), 2000);
  EXPECT_EQ(parse_milli("250m"), 250);
  EXPECT_EQ(parse_milli("0"), 0);
  EXPECT_EQ(parse_milli("100k"), 100'000'000);
  EXPECT_EQ(parse_milli("3M"), 3'000'000'000);
  EXPECT_EQ(parse_milli("3G"), 3'000'000'000'000);
  EXPECT_EQ(parse_milli("3T"), 3'000'000'000'000'000);
  EXPECT_EQ(parse_milli("3P"), 3'000'000'000'000'000'000);
  EXPECT_EQ(parse_milli("128974848000m"), 128'974'848'000);
}

TEST(Quantity, HasBinarySuffixes) {
  EXPECT_EQ(parse_milli("1Ki"), kKi * 1000);
  EXPECT_EQ(parse_milli("16384256Ki"), 16384256 * kKi * 1000);
  EXPECT_EQ(parse_milli("5Mi"), 5 * kKi * kKi * 1000);
  EXPECT_EQ(parse_milli("1Gi"), kKi * kKi * kKi * 1000);
  EXPECT_EQ(parse_milli("1.5Gi"), kKi * kKi * kKi * 1500);
  EXPECT_EQ(parse_milli("7Ti"), 7 * kKi * kKi * kKi * kKi * 1000);
}

TEST(Quantity, HasExponentsAndFractions) {
  EXPECT_EQ(parse_milli("1e3"), 1'000'000);
  EXPECT_EQ(parse_milli("1E3"), 1'000'000);
  EXPECT_EQ(parse_milli("12e-2"), 120);
  EXPECT_EQ(parse_milli("1e+1"), 10'000);
  EXPECT_EQ(parse_milli("0.5"), 500);
  EXPECT_EQ(parse_milli(".5"), 500);
  EXPECT_EQ(parse_milli("1."), 1000);
  EXPECT_EQ(parse_milli("+1"), 1000);
  EXPECT_EQ(parse_milli("-1"), -1000);
  EXPECT_EQ(parse_milli("0.1"), 100);
  EXPECT_EQ(parse_milli("0000000000000000000000000007"), 7000);
  EXPECT_EQ(parse_milli("0.10000000000000000000000000"), 100);
}

TEST(Quantity, RoundsUp) {
  EXPECT_EQ(parse_milli("5n"), 1);
  EXPECT_EQ(parse_milli("5u"), 1);
  EXPECT_EQ(parse_milli("137402875n"), 138);
  EXPECT_EQ(parse_milli("138000000n"), 138);
  EXPECT_EQ(parse_milli("0.0001"), 1);
  EXPECT_EQ(parse_milli("1.00000000000000000000000000001"), 1001);
  EXPECT_EQ(parse_milli("-5n"), -1);
  EXPECT_EQ(parse_milli("0n"), 0);
  EXPECT_EQ(parse_milli("1e-2000000000"), 1);
}

TEST(Quantity, EndsAtTheGreatestInteger) {
  EXPECT_EQ(parse_milli("1E"), kMost);
  EXPECT_EQ(parse_milli("9Ei"), kMost);
  EXPECT_EQ(parse_milli("1e2000000000"), kMost);
  EXPECT_EQ(parse_milli("1e99999999999999999999"), kMost);
  EXPECT_EQ(parse_milli("9223372036854775807"), kMost);
  EXPECT_EQ(parse_milli(std::string(1000, '9') + "Ei"), kMost);
  EXPECT_EQ(parse_milli("-1E"), -kMost);
  EXPECT_EQ(parse_milli("0e2000000000"), 0);
  EXPECT_EQ(parse_milli("9223372036854775807m"), kMost);
}

TEST(Quantity, OfNothingElseIsNone) {
  for (const char* text : {"",    " ",     "1 ",   " 1",  "m",   ".",     "-",    "+",   "1.2.3",
                           "1e",  "1e+",   "1ee3", "1Kb", "1K",  "1ki",   "1mm",  "0x1", "1,5",
                           "--1", "1e3Ki", "1Mi5", "nan", "inf", "1e3.5", "1_000"}) {
    EXPECT_EQ(parse_milli(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace processhub::kube
