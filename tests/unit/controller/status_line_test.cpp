#include "controller/status_line.h"

#include <gtest/gtest.h>

namespace processhub::controller {
namespace {

const ChildKey kA{"ns", "a"};
const ChildKey kB{"ns", "b"};
const ChildKey kC{"ns", "c"};

TEST(StatusLine, HasAsManyPlacesAsSaid) {
  StatusLine line(2);
  EXPECT_TRUE(line.enter(kA));
  EXPECT_TRUE(line.enter(kB));
  EXPECT_FALSE(line.enter(kC));
  EXPECT_TRUE(line.enter(kA)) << "who has a place keeps it";
}

TEST(StatusLine, NamesThoseWhoWaitInTheirOrderAndOnce) {
  StatusLine line(1);
  ASSERT_TRUE(line.enter(kA));
  EXPECT_FALSE(line.enter(kB));
  EXPECT_FALSE(line.enter(kC));
  EXPECT_FALSE(line.enter(kB));
  EXPECT_EQ(line.leave(kA), kB);
  EXPECT_TRUE(line.enter(kB));
  EXPECT_EQ(line.leave(kB), kC);
  EXPECT_TRUE(line.enter(kC));
  EXPECT_EQ(line.leave(kC), std::nullopt);
}

TEST(StatusLine, GoesOnWhenTheOneThatWasNamedDoesNotWrite) {
  StatusLine line(1);
  ASSERT_TRUE(line.enter(kA));
  EXPECT_FALSE(line.enter(kB));
  EXPECT_FALSE(line.enter(kC));
  ASSERT_EQ(line.leave(kA), kB);
  EXPECT_EQ(line.leave(kB), kC) << "its status had nothing new to say";
}

TEST(StatusLine, NamesNobodyWhileAllPlacesAreTaken) {
  StatusLine line(1);
  ASSERT_TRUE(line.enter(kA));
  EXPECT_FALSE(line.enter(kB));
  EXPECT_EQ(line.leave(kC), std::nullopt) << "it had no place";
}

}  // namespace
}  // namespace processhub::controller
