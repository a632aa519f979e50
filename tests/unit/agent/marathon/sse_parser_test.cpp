#include "agent/marathon/sse_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace chorale::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<SseEvent> feed_in_pieces(SseParser& parser, std::string_view bytes, std::size_t size) {
  std::vector<SseEvent> all;
  for (std::size_t at = 0; at < bytes.size(); at += size) {
    for (SseEvent& event : parser.feed(bytes.substr(at, size))) {
      all.push_back(std::move(event));
    }
  }
  return all;
}

SseEvent event(std::string type, std::string data) { return SseEvent{std::move(type), std::move(data), false}; }

TEST(SseParserTest, ReadsMarathonsFraming) {
  SseParser parser(1000);
  EXPECT_THAT(parser.feed("event: a\r\ndata: {\"x\":1}\r\n\r\nevent: b\r\ndata: {}\r\n\r\n"),
              ElementsAre(event("a", "{\"x\":1}"), event("b", "{}")));
}

TEST(SseParserTest, TakesEveryLineEnd) {
  for (const std::string end : {"\n", "\r\n", "\r"}) {
    SseParser parser(1000);
    // The next line proves that the lone CR at the end was one: an LF could still have followed.
    EXPECT_THAT(parser.feed("event: a" + end + "data: x" + end + end + "data: y" + end + end),
                ElementsAre(event("a", "x"), event("", "y")));
  }
}

TEST(SseParserTest, GivesTheSameEventsHoweverTheBytesAreCut) {
  const std::string text =
      "event: a\r\ndata: one\r\n\r\n\r\n: comment\ndata: two\ndata:three\n\n\r\n\revent:b\rdata: four\r\rdata: "
      "five\r\n\r\n";
  SseParser whole(1000);
  const auto expected = whole.feed(text);
  ASSERT_THAT(expected, ElementsAre(event("a", "one"), event("", "two\nthree"), event("b", "four"), event("", "five")));
  for (std::size_t size = 1; size < text.size(); ++size) {
    SseParser parser(1000);
    EXPECT_EQ(feed_in_pieces(parser, text, size), expected) << "pieces of " << size;
  }
}

TEST(SseParserTest, HeartbeatIsNoEvent) {
  SseParser parser(1000);
  EXPECT_THAT(parser.feed("\r"), IsEmpty());
  EXPECT_THAT(parser.feed("\n"), IsEmpty());
  EXPECT_THAT(parser.feed("event: a\r\ndata: x\r\n\r\n"), ElementsAre(event("a", "x")));
  EXPECT_THAT(parser.feed("\r"), IsEmpty());
  EXPECT_THAT(parser.feed("\n"), IsEmpty());
}

TEST(SseParserTest, HeartbeatBetweenEventsDoesNotSplitOrRepeatThem) {
  SseParser parser(1000);
  EXPECT_THAT(parser.feed("data: x\r\n\r\n\r"), ElementsAre(event("", "x")));
  EXPECT_THAT(parser.feed("\ndata: y\r\n\r"), ElementsAre(event("", "y")));
  EXPECT_THAT(parser.feed("\n"), IsEmpty());
}

TEST(SseParserTest, OldMarathonSendsNoEventLine) {
  SseParser parser(1000);
  EXPECT_THAT(parser.feed("data: {\"eventType\":\"x\"}\n\n"), ElementsAre(event("", "{\"eventType\":\"x\"}")));
}

TEST(SseParserTest, TakesOnlyOneBlankAfterTheColon) {
  SseParser parser(1000);
  EXPECT_THAT(parser.feed("data:a\n\ndata:  b\n\ndata\n\n"),
              ElementsAre(event("", "a"), event("", " b"), event("", "")));
}

TEST(SseParserTest, IgnoresWhatMeansNothing) {
  SseParser parser(1000);
  EXPECT_THAT(parser.feed("id: 7\nretry: 10\n: data: no\ndatum: x\n\n"), IsEmpty());
  EXPECT_THAT(parser.feed("event: without data\n\n"), IsEmpty());
  EXPECT_THAT(parser.feed("\n\n\n"), IsEmpty());
  EXPECT_THAT(parser.feed("data: x\n\n"), ElementsAre(event("", "x")))
      << "the type of the dropped event must not stick";
}

TEST(SseParserTest, SkipsAByteOrderMark) {
  SseParser parser(1000);
  EXPECT_THAT(feed_in_pieces(parser,
                             "\xEF\xBB\xBF"
                             "data: x\n\n",
                             2),
              ElementsAre(event("", "x")));
}

TEST(SseParserTest, UnfinishedEventIsNone) {
  SseParser parser(1000);
  EXPECT_THAT(parser.feed("event: a\ndata: x\n"), IsEmpty());
}

TEST(SseParserTest, SkipsAnOversizedEventAndSaysSo) {
  for (const std::size_t pieces : {1U, 7U, 5000U}) {
    SseParser parser(100);
    const std::string text =
        "event: big\r\ndata: " + std::string(101, 'x') + "\r\ndata: more\r\n\r\nevent: b\r\ndata: y\r\n\r\n";
    const auto events = feed_in_pieces(parser, text, pieces);
    ASSERT_EQ(events.size(), 2U);
    EXPECT_TRUE(events[0].oversized);
    EXPECT_EQ(events[0].data, "");
    EXPECT_EQ(events[1], event("b", "y"));
    EXPECT_EQ(parser.oversized(), 1U);
  }
}

TEST(SseParserTest, ManyLinesOfOneEventAreBoundedTogether) {
  SseParser parser(100);
  std::string text;
  for (int i = 0; i < 30; ++i) {
    text += "data: 12345\n";
  }
  const auto events = parser.feed(text + "\n");
  ASSERT_EQ(events.size(), 1U);
  EXPECT_TRUE(events[0].oversized);
}

TEST(SseParserTest, AnEventOfTheFullSizePasses) {
  SseParser parser(100);
  const std::string data(94, 'x');  // with "data: "
  EXPECT_THAT(parser.feed("data: " + data + "\n\n"), ElementsAre(event("", data)));
}

TEST(SseParserTest, SurvivesAnyBytes) {
  std::mt19937 random(7);
  const std::string alphabet = "\r\n: adet\xEF\xBB\xBF\0";
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (int i = 0; i < 60; ++i) {
      text += alphabet[random() % alphabet.size()];
    }
    SseParser whole(20);
    SseParser pieces(20);
    ASSERT_EQ(whole.feed(text), feed_in_pieces(pieces, text, 1 + random() % 5)) << "round " << round;
  }
}

}  // namespace
}  // namespace chorale::agent
