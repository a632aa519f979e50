#include "agent/base/url.h"

#include <gtest/gtest.h>

namespace chorale::agent {
namespace {

Url url(std::string_view text) {
  auto parsed = parse_url(text);
  EXPECT_TRUE(parsed) << text;
  return parsed.value_or(Url{});
}

TEST(UrlTest, ReadsWhatPeopleConfigure) {
  EXPECT_EQ(url("http://m1:8080"), (Url{false, "m1", "8080", ""}));
  EXPECT_EQ(url("HTTPS://M-1_a.example.org"), (Url{true, "M-1_a.example.org", "443", ""}));
  EXPECT_EQ(url("http://m1/"), (Url{false, "m1", "80", "/"}));
  EXPECT_EQ(url("http://[fe80::1]:8080/marathon"), (Url{false, "fe80::1", "8080", "/marathon"}));
  EXPECT_EQ(url("https://[::1]"), (Url{true, "::1", "443", ""}));
  EXPECT_EQ(url("http://m1:8080?x=1#frag"), (Url{false, "m1", "8080", "/?x=1"}));
  EXPECT_EQ(url("http://m1:1").port, "1");
  EXPECT_EQ(url("http://m1:65535").port, "65535");
}

TEST(UrlTest, RefusesWhatItCannotAsk) {
  for (const char* text : {"",
                           "m1:8080",
                           "ftp://m1",
                           "http:/",
                           "http://",
                           "http://:80",
                           "http://m1:",
                           "http://m1:0",
                           "http://m1:65536",
                           "http://m1:-1",
                           "http://m1:80x",
                           "http://m1:x",
                           "http://m*1",
                           "http://[::1",
                           "http://[",
                           "http://[]:80",
                           "http://[m1]:80",
                           "http://[::1]80",
                           "http://[::1]x",
                           "http://::1",
                           "http://m1/a b",
                           "http://m1/\x7f",
                           "http://m1/\r\nX: y"}) {
    EXPECT_FALSE(parse_url(text)) << text;
  }
}

TEST(UrlTest, RefusesCredentialsAndDoesNotRepeatThem) {
  for (const char* text : {"http://jo:secret@m1:8080", "http://secret@m1", "http://jo:secret@m1:bad"}) {
    const auto refused = parse_url(text);
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(refused.error().message.find("secret"), std::string::npos) << refused.error().message;
    EXPECT_NE(refused.error().message.find("\"m1"), std::string::npos) << refused.error().message;
  }
  EXPECT_EQ(parse_url("http://m1:bad").error().message, "URL \"http://m1:bad\": expected host or host:port");
}

TEST(UrlTest, NeverShowsTheQuery) {
  EXPECT_EQ(url("http://m1:8080/x?token=secret").text(), "http://m1:8080/x");
  EXPECT_EQ(url("https://m1").text(), "https://m1");
}

TEST(UrlTest, PathsGoBelowTheEndpoint) {
  EXPECT_EQ(url("http://m1").below("/v2/events").target, "/v2/events");
  EXPECT_EQ(url("http://m1/").below("/v2/events").target, "/v2/events");
  EXPECT_EQ(url("http://m1/service/marathon/?x=1").below("/ping").target, "/service/marathon/ping");
}

TEST(UrlTest, WritesAuthorities) {
  EXPECT_EQ(url("http://m1").authority(), "m1");
  EXPECT_EQ(url("http://m1:443").authority(), "m1:443");
  EXPECT_EQ(url("https://[::1]:8443").authority(), "[::1]:8443");
  EXPECT_EQ(url("https://m1").origin(), "https://m1:443");
}

TEST(UrlTest, HostAndPortPutAnIpv6AddressInBrackets) {
  EXPECT_EQ(host_and_port("::1", 8000), "[::1]:8000");
  EXPECT_EQ(host_and_port("10.0.0.1", 80), "10.0.0.1:80");
  EXPECT_EQ(host_and_port("m1", "443"), "m1:443");
}

}  // namespace
}  // namespace chorale::agent
