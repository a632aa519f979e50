#include "agent/base/nearest.h"

#include <gtest/gtest.h>

namespace chorale::agent {
namespace {

TEST(NearestTest, CountsWhatHasToBeChanged) {
  EXPECT_EQ(edit_distance("", ""), 0U);
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("staus", "status"), 1U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
}

TEST(NearestTest, NamesTheFirstOfThoseThatDifferLeast) {
  EXPECT_EQ(nearest("staus", {"routes", "status", "statue"}), "status");
  EXPECT_EQ(nearest("ab", {"abx", "aby"}), "abx");
  EXPECT_EQ(nearest("status", {"status"}), "status");
}

TEST(NearestTest, NamesNothingThatIsFar) {
  EXPECT_EQ(nearest("abcdef", {"abcxyz"}), "");
  EXPECT_EQ(nearest("abcdef", {"abcdxy"}), "abcdxy") << "2 of 6";
  EXPECT_EQ(nearest("abcdefghi", {"abcdefxyz"}), "abcdefxyz") << "a third";
  EXPECT_EQ(nearest("a", {"abcd"}), "") << "longer by 3";
  EXPECT_EQ(nearest("a", {}), "");
}

}  // namespace
}  // namespace chorale::agent
