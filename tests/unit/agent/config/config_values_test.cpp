#include "agent/config/config_values.h"

#include <gtest/gtest.h>

namespace chorale::agent {
namespace {

using std::chrono::milliseconds;

TEST(ConfigValuesTest, DurationsNeedTheirUnit) {
  EXPECT_EQ(parse_duration("250ms"), milliseconds(250));
  EXPECT_EQ(parse_duration("10s"), milliseconds(10'000));
  EXPECT_EQ(parse_duration("5m"), milliseconds(300'000));
  EXPECT_EQ(parse_duration("1h"), milliseconds(3'600'000));
  EXPECT_EQ(parse_duration("0"), milliseconds(0));
  EXPECT_EQ(parse_duration("8784h"), std::chrono::hours(366 * 24));
  for (const char* wrong :
       {"", "10", "s", "-1s", "1.5s", "10 s", "10sec", "1d", "99999999999999999999s", "8785h", "ms", "1hm"}) {
    EXPECT_FALSE(parse_duration(wrong)) << wrong;
  }
}

TEST(ConfigValuesTest, DurationsAreWrittenInTheLargestUnitThatFits) {
  for (const char* text : {"0s", "250ms", "1500ms", "10s", "90s", "5m", "90m", "1h", "24h"}) {
    EXPECT_EQ(to_text(parse_duration(text).value_or(milliseconds(-1))), text);
  }
}

TEST(ConfigValuesTest, ListenTakesLiteralAddressesOnly) {
  const auto v4 = parse_listen("127.0.0.1:8000");
  ASSERT_TRUE(v4);
  EXPECT_EQ(v4->address, "127.0.0.1");
  EXPECT_EQ(v4->port, 8000);
  const auto v6 = parse_listen("[::1]:8001");
  ASSERT_TRUE(v6);
  EXPECT_EQ(v6->address, "::1");
  EXPECT_EQ(v6->port, 8001);
  const auto any = parse_listen(":8002");
  ASSERT_TRUE(any);
  EXPECT_EQ(any->address, "0.0.0.0");
  for (const char* wrong : {"", "8000", "localhost:8000", "::1:8000", "[::1]", "[127.0.0.1]:80", "[]:80", "1.2.3:80",
                            "0.0.0.0:", "0.0.0.0:65536"}) {
    EXPECT_FALSE(parse_listen(wrong)) << wrong;
  }
}

std::string marathon_url(std::string_view text) {
  const auto parsed = parse_marathon_url(text);
  EXPECT_TRUE(parsed) << text;
  return parsed ? parsed->user + "|" + parsed->pass + "|" + parsed->url : "";
}

TEST(ConfigValuesTest, MarathonUrlsLoseTheirSlash) {
  EXPECT_EQ(marathon_url("http://master-1:8080"), "||http://master-1:8080");
  EXPECT_EQ(marathon_url("https://marathon.example.org/"), "||https://marathon.example.org");
  EXPECT_EQ(marathon_url("HTTP://a:80"), "||http://a");
  EXPECT_EQ(marathon_url("http://[2001:db8::1]:8080"), "||http://[2001:db8::1]:8080");
}

TEST(ConfigValuesTest, MarathonUrlsMayHaveAPathAndCredentials) {
  EXPECT_EQ(marathon_url("http://a/marathon/"), "||http://a/marathon");
  EXPECT_EQ(marathon_url("https://a:8443/x/y"), "||https://a:8443/x/y");
  EXPECT_EQ(marathon_url("http://jo:hunter2@master-1:8080"), "jo|hunter2|http://master-1:8080");
  EXPECT_EQ(marathon_url("http://jo@a/m"), "jo||http://a/m");
  EXPECT_EQ(marathon_url("http://j%6f:h@%3A%2f%aF@[::1]:1/"), "jo|h@:/\xaf|http://[::1]:1");
}

// Nor is anything repeated that may be a piece of a password.
TEST(ConfigValuesTest, OtherMarathonUrlsAreRefused) {
  for (const char* wrong :
       {"", "master-1:8080", "ftp://a", "http://", "http://a:b", "http://a:0", "http://a?x", "http://a/m?x",
        "http://a#x", "http://a b", "http://[::1", "http://[::1]x", "http://a:70000"}) {
    EXPECT_FALSE(parse_marathon_url(wrong)) << wrong;
  }
  for (const char* wrong :
       {"http://jo:hun/ter2@master-1:8080", "http://jo:80/ter2@a", "http:/jo:ter2@a", "http://:ter2@a", "http://@a",
        "http://jo:ter2%@a", "http://jo:ter2%4@a", "http://jo:ter2%0a@a", "http://j%3ao:ter2@a", "http://jo:ter2@a:b",
        "http://jo:ter2@a?x", "http://jo:ter2%4g@a"}) {
    const auto refused = parse_marathon_url(wrong);
    ASSERT_FALSE(refused) << wrong;
    EXPECT_EQ(refused.error().message.find("ter2"), std::string::npos) << refused.error().message;
  }
}

TEST(ConfigValuesTest, MarathonsElectionIsNoUrl) {
  const auto refused = parse_marathon_url("zk://master-1:2181/marathon");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("stands alone"), std::string::npos);
}

TEST(ConfigValuesTest, IdsAreZnodeNamesAndNotLocalhost) {
  EXPECT_TRUE(check_id("proxy-1.example.org"));
  EXPECT_TRUE(check_id("azAZ09_"));
  EXPECT_TRUE(check_id(std::string(128, 'a')));
  for (const std::string& wrong :
       {std::string(), std::string("a/b"), std::string("a b"), std::string(".."), std::string("-a"),
        std::string("localhost"), std::string("localhost.localdomain"), std::string(129, 'a'), std::string("a\n")}) {
    EXPECT_FALSE(check_id(wrong)) << wrong;
  }
}

TEST(ConfigValuesTest, TextIsTrimmedAndSplit) {
  EXPECT_EQ(trim(" \t a b\r\n"), "a b");
  EXPECT_EQ(trim(" \n"), "");
  EXPECT_EQ(split("a, b;,c", ",;"), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_TRUE(split("", ",").empty());
}

}  // namespace
}  // namespace chorale::agent
