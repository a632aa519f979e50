// Whatever the pieces are, an event means what parse_event() says of the whole text.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/marathon/apps_parser.h"
#include "agent/marathon/event_pieces.h"

namespace chorale::agent {
namespace {

using ::testing::HasSubstr;

tl::expected<MarathonEvent, Failure> in_pieces(std::string_view text, std::size_t size) {
  EventPieces pieces;
  for (std::size_t at = 0; at < text.size(); at += size) pieces.feed(text.substr(at, size));
  return std::move(pieces).finish();
}

std::string why(std::string_view text) {
  const auto event = in_pieces(text, 3);
  return event ? "read as " + event->type : event.error().message;
}

const std::vector<std::string> kGood = {
    R"({"eventType":"status_update_event","appId":"/shop/web","taskId":"web.1","taskStatus":"TASK_RUNNING","ports":[31005]})",
    R"( { "instanceId" : "i" , "runSpecId":"/w", "healthy":true,"eventType":"instance_health_changed_event" } )",
    R"({"appId":"/w","alive":false,"eventType":"health_status_changed_event","n":[1,-2,3.5e+7,null,true,{},[]]})",
    R"({"appDefinition":{"env":{"id":"/no"},"list":[{"id":"/no"}],"id":"/shop/web"},"eventType":"api_post_event"})",
    R"({"plan":{"original":{"apps":[{"appId":"/no","alive":true}]},"eventType":"no"},"eventType":"deployment_info"})",
    "{\n\t\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\":\"\\u0041\\u00e9\\u20ac\\ud83d\\ude00\",\"appId\":\"/"
    "\\u00fc\\u20AC\\uD83D\\uDE00\\n\\\\\",\r\n\"eventType\":\"x\"}",
    R"({"appId":"/a","eventType":"app_terminated_event","appId":"/b"})",
};

TEST(EventPiecesTest, PiecesOfAnySizeSayTheSameAsTheWhole) {
  for (const std::string& text : kGood) {
    const auto whole = parse_event(text);
    ASSERT_TRUE(whole) << text << whole.error().message;
    for (std::size_t size = 1; size <= text.size(); ++size) {
      const auto event = in_pieces(text, size);
      ASSERT_TRUE(event) << text << " in " << size << ": " << event.error().message;
      EXPECT_EQ(*event, *whole) << text << " in " << size;
    }
  }
}

TEST(EventPiecesTest, WhatIsNoEventIsNone) {
  for (const char* text : {"",
                           " ",
                           "[]",
                           "1",
                           "\"eventType\"",
                           "{",
                           "{}",
                           "{\"eventType\":\"x\"",
                           "{\"eventType\":\"x\"}}",
                           "{\"eventType\":\"x\"} x",
                           "{\"eventType\" \"x\"}",
                           "{\"eventType\":\"x\",}",
                           "{eventType:\"x\"}",
                           "{\"eventType\":\"x\" \"a\":1}",
                           "{\"eventType\":\"x\",\"a\":[1,]}",
                           "{\"eventType\":\"x\",\"a\":[1}",
                           "{\"eventType\":\"x\",\"a\":[1 2]}",
                           "{\"eventType\":\"x\",\"a\":truth}",
                           "{\"eventType\":\"x\",\"a\":}",
                           "{\"eventType\":\"x\",\"a\":\"\\q\"}",
                           "{\"eventType\":\"x\",\"a\":\"\\u00g0\"}",
                           "{\"eventType\":\"x\",\"a\":\"\\ud83d\"}",
                           "{\"eventType\":\"x\",\"a\":\"\\ud83dx\"}",
                           "{\"eventType\":\"x\",\"a\":\"\\ud83d\\n\"}",
                           "{\"eventType\":\"x\",\"a\":\"\\ud83d\\u0041\"}",
                           "{\"eventType\":\"x\",\"a\":\"\\ude00\"}",
                           "{\"eventType\":\"x\",\"a\":\"\n\"}",
                           "{\"eventType\":5}",
                           "{\"eventType\":\"\"}",
                           "\x1f\x8b\x08",
                           "{\"eventType\":\"x\",\"a\":[}"}) {
    EXPECT_FALSE(in_pieces(text, 1)) << text;
    EXPECT_FALSE(in_pieces(text, 1'000)) << text;
    EXPECT_FALSE(parse_event(text)) << text;
  }
  EXPECT_THAT(why("{\"eventType\":\"x\""), HasSubstr("ends in the middle"));
  EXPECT_THAT(why("{}"), HasSubstr("no eventType"));
  EXPECT_THAT(why("[1]"), HasSubstr("expected a JSON object"));
}

TEST(EventPiecesTest, NestsAsDeepAsAWholeOneMay) {
  const auto nested = [](std::size_t levels) {
    return "{\"eventType\":\"x\",\"a\":" + std::string(levels, '[') + std::string(levels, ']') + "}";
  };
  EXPECT_TRUE(in_pieces(nested(999), 7));
  EXPECT_THAT(why(nested(1'000)), HasSubstr("nested too deeply"));
}

TEST(EventPiecesTest, OfALongTextTheRestIsDropped) {
  const std::string id = "/" + std::string(kMaxEventText * 3, 'a');
  const auto event = in_pieces("{\"appId\":\"" + id + "\",\"eventType\":\"x\"}", 1'000);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->app, id.substr(0, kMaxEventText));
  const std::string escaped(kMaxEventText, '\n');
  std::string written;
  for (std::size_t i = 0; i < kMaxEventText + 10; ++i) written += "\\n";
  EXPECT_EQ(in_pieces("{\"appId\":\"" + written + "\",\"eventType\":\"x\"}", 64)->app, escaped);
  EXPECT_TRUE(in_pieces("{\"n\":" + std::string(kMaxEventText * 2, '1') + ",\"eventType\":\"x\"}", 64));
}

}  // namespace
}  // namespace chorale::agent
