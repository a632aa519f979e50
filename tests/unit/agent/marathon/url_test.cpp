#include "agent/marathon/url.h"

#include <gtest/gtest.h>

namespace chorale::agent {
namespace {

Url url(std::string_view text) {
  auto parsed = parse_url(text);
  EXPECT_TRUE(parsed) << text;
  return parsed.value_or(Url{});
}

TEST(UrlTest, ReadsWhatPeopleConfigure) {
  EXPECT_EQ(url("http://m1:8080"), (Url{false, "m1", "8080", "", ""}));
  EXPECT_EQ(url("HTTPS://m1"), (Url{true, "m1", "443", "", ""}));
  EXPECT_EQ(url("http://m1/"), (Url{false, "m1", "80", "/", ""}));
  EXPECT_EQ(url("http://[fe80::1]:8080/marathon"), (Url{false, "fe80::1", "8080", "/marathon", ""}));
  EXPECT_EQ(url("http://jo:a%40b@m1"), (Url{false, "m1", "80", "", "jo:a@b"}));
  EXPECT_EQ(url("http://m1:8080?x=1#frag"), (Url{false, "m1", "8080", "/?x=1", ""}));
}

TEST(UrlTest, RefusesWhatItCannotAsk) {
  for (const char* text : {"", "m1:8080", "ftp://m1", "http://", "http://:80", "http://m1:0", "http://m1:65536",
                           "http://m1:80x", "http://[::1", "http://[::1]80", "http://m1/a b", "http://m1/\r\nX: y"}) {
    EXPECT_FALSE(parse_url(text)) << text;
  }
}

TEST(UrlTest, NeverShowsCredentials) {
  EXPECT_EQ(url("http://jo:secret@m1:8080/x?token=secret").text(), "http://m1:8080/x");
  const auto refused = parse_url("http://jo:secret@m1:bad");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message.find("secret"), std::string::npos) << refused.error().message;
}

TEST(UrlTest, PathsGoBelowTheEndpoint) {
  EXPECT_EQ(url("http://m1").below("/v2/events").target, "/v2/events");
  EXPECT_EQ(url("http://m1/").below("/v2/events").target, "/v2/events");
  EXPECT_EQ(url("http://m1/service/marathon/").below("/ping").target, "/service/marathon/ping");
}

TEST(UrlTest, WritesAuthorities) {
  EXPECT_EQ(url("http://m1").authority(), "m1");
  EXPECT_EQ(url("https://[::1]:8443").authority(), "[::1]:8443");
  EXPECT_EQ(url("https://m1").origin(), "https://m1:443");
}

TEST(UrlTest, FollowsARedirectToTheLeader) {
  const auto next = redirect_target(url("http://jo:pw@m2:8080/v2/events"), "http://m1:8080/v2/events?a=b");
  ASSERT_TRUE(next);
  EXPECT_EQ(*next, (Url{false, "m1", "8080", "/v2/events?a=b", "jo:pw"}));
  const auto within = redirect_target(url("http://m2:8080/x"), "/v2/events");
  ASSERT_TRUE(within);
  EXPECT_EQ(*within, (Url{false, "m2", "8080", "/v2/events", ""}));
}

TEST(UrlTest, RefusesARedirectThatLeavesTls) {
  EXPECT_FALSE(redirect_target(url("https://m2/v2/events"), "http://m1/v2/events"));
  EXPECT_TRUE(redirect_target(url("http://m2/v2/events"), "https://m1/v2/events"));
}

TEST(UrlTest, RefusesARedirectToNowhere) {
  for (const char* location : {"", "/", "//m1/x", "events", "file:///etc/passwd", "/a\r\nX: y"}) {
    EXPECT_FALSE(redirect_target(url("http://m2/v2/events"), location)) << location;
  }
}

TEST(UrlTest, AppIdsKeepTheirSlashes) {
  EXPECT_EQ(app_path("/shop/web"), "/v2/apps/shop/web");
  EXPECT_EQ(app_path("web"), "/v2/apps/web");
  EXPECT_EQ(app_path("/a b?c#\xC3\xA4%"), "/v2/apps/a%20b%3Fc%23%C3%A4%25");
}

TEST(UrlTest, EncodesBasicAuthorization) {
  EXPECT_EQ(basic_authorization("jo:pw"), "Basic am86cHc=");
  EXPECT_EQ(basic_authorization(""), "Basic ");
}

}  // namespace
}  // namespace chorale::agent
