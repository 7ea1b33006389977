#include "base/text.h"

#include <gtest/gtest.h>

namespace processhub {
namespace {

TEST(CleanText, IsCutBetweenCharacters) {
  EXPECT_EQ(clean_text("aäö", 4), "aä");
  EXPECT_EQ(clean_text("\xF0\x9F\x98\x80!", 4), "\xF0\x9F\x98\x80");
  EXPECT_EQ(clean_text("\xF0\x9F\x98\x80!", 3), "");
}

TEST(CleanText, HasAMarkWhereTheTextIsNoUtf8) {
  EXPECT_EQ(clean_text("a\xC3", 10), "a\xEF\xBF\xBD");
  EXPECT_EQ(clean_text("\xED\xA0\x80", 3), "\xEF\xBF\xBD");  // a surrogate
}

}  // namespace
}  // namespace processhub
