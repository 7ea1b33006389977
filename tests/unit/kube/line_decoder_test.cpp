#include "kube/line_decoder.h"

#include <gmock/gmock.h>

namespace processhub::kube {
namespace {

using Lines = std::vector<std::string>;

TEST(LineDecoder, LinesAreTheSameHoweverTheyWereCut) {
  const std::string text = "one\ntwo\r\n\nthree\n";
  for (size_t size = 1; size <= text.size(); ++size) {
    LineDecoder decoder(100);
    Lines lines;
    for (size_t at = 0; at < text.size(); at += size) {
      ASSERT_TRUE(decoder.feed(std::string_view(text).substr(at, size), lines));
    }
    EXPECT_EQ(lines, (Lines{"one", "two", "three"})) << size;
    EXPECT_EQ(decoder.rest(), "");
  }
}

TEST(LineDecoder, KeepsWhatHasNoNewlineYet) {
  LineDecoder decoder(100);
  Lines lines;
  ASSERT_TRUE(decoder.feed("one\ntw", lines));
  EXPECT_EQ(lines, Lines{"one"});
  EXPECT_EQ(decoder.rest(), "tw");
}

TEST(LineDecoder, LineOfExactlyTheLimitPassesAndOneMoreByteDoesNot) {
  for (const std::string end : {"\n", "\r\n"}) {
    LineDecoder decoder(5);
    Lines lines;
    EXPECT_TRUE(decoder.feed("12345" + end, lines));
    EXPECT_FALSE(decoder.feed("123456" + end, lines));
    EXPECT_EQ(lines, Lines{"12345"});
  }
}

TEST(LineDecoder, GivesUpWithoutWaitingForTheNewlineAndStaysSo) {
  LineDecoder decoder(5);
  Lines lines;
  EXPECT_FALSE(decoder.feed("one\n" + std::string(1000, 'x'), lines));
  EXPECT_EQ(lines, Lines{"one"});
  EXPECT_EQ(decoder.rest(), "");
  EXPECT_FALSE(decoder.feed("two\n", lines));
  EXPECT_EQ(lines, Lines{"one"});
}

}  // namespace
}  // namespace processhub::kube
