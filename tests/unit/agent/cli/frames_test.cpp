// A text that is shown again and again.
#include "agent/cli/frames.h"

#include <gtest/gtest.h>

namespace chorale::agent {
namespace {

constexpr TerminalSize kSize{10, 20};

TEST(ScreenTest, WritesOnlyTheLinesThatChanged) {
  Screen screen;
  EXPECT_EQ(screen.draw("one\ntwo\nthree\n", kSize),
            "\x1b[H\x1b[2J\x1b[1;1Hone\x1b[K\x1b[2;1Htwo\x1b[K\x1b[3;1Hthree\x1b[K\x1b[4;1H");
  EXPECT_EQ(screen.draw("one\ntwo\nthree\n", kSize), "");
  EXPECT_EQ(screen.draw("one\nTWO\nthree\n", kSize), "\x1b[2;1HTWO\x1b[K\x1b[4;1H");
  EXPECT_EQ(screen.draw("one\n", kSize), "\x1b[2;1H\x1b[J\x1b[2;1H");
  EXPECT_EQ(screen.draw("one\nmore\n", kSize), "\x1b[2;1Hmore\x1b[K\x1b[3;1H");
}

TEST(ScreenTest, StartsAgainWhereTheTerminalHasAnotherSize) {
  Screen screen;
  (void)screen.draw("one\n", kSize);
  EXPECT_EQ(screen.draw("one\n", {12, 20}), "\x1b[H\x1b[2J\x1b[1;1Hone\x1b[K\x1b[2;1H");
}

TEST(ScreenTest, CutsWhatDoesNotFitAndSaysSo) {
  Screen screen;
  const std::string drawn = screen.draw("a\nb\nc\nd\nan overlong line that would wrap\n", {4, 10});
  EXPECT_EQ(drawn, "\x1b[H\x1b[2J\x1b[1;1Ha\x1b[K\x1b[2;1Hb\x1b[K\x1b[3;1H... 3 more\x1b[K\x1b[4;1H");
  EXPECT_EQ(screen.draw("a\nan overlong line\n", {4, 10}), "\x1b[2;1Han overlon\x1b[K\x1b[3;1H\x1b[J\x1b[3;1H");
  EXPECT_EQ(Screen().draw("a\nb\nc\n", {4, 10}).find("more"), std::string::npos) << "it just fits";
}

TEST(JournalTest, PrintsAllAtFirstAndThenWhatCameAndWent) {
  Journal journal;
  const auto text = [](const std::string& lag) {
    return [lag](std::int64_t time) { return "age " + std::to_string(time) + "\nlag " + lag + "\nsame\n"; };
  };
  EXPECT_EQ(journal.add(text("0"), 0), "age 0\nlag 0\nsame\n");
  EXPECT_EQ(journal.add(text("0"), 5), "") << "only older";
  EXPECT_EQ(journal.add(text("1"), 61), "\n1970-01-01T00:01:01Z\n- lag 0\n+ lag 1\n");
  EXPECT_EQ(journal.add([](std::int64_t) { return std::string("same\nsame\n"); }, 61),
            "\n1970-01-01T00:01:01Z\n- age 61\n- lag 1\n+ same\n");
}

}  // namespace
}  // namespace chorale::agent
