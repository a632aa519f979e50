#include "agent/marathon/requests.h"

#include <gtest/gtest.h>

namespace chorale::agent {
namespace {

Url url(std::string_view text) {
  auto parsed = parse_url(text);
  EXPECT_TRUE(parsed) << text;
  return parsed.value_or(Url{});
}

TEST(RequestsTest, FollowsARedirectToTheLeader) {
  const auto next = redirect_target(url("http://m2:8080/v2/events"), "http://m1:8080/v2/events?a=b");
  ASSERT_TRUE(next);
  EXPECT_EQ(*next, (Url{false, "m1", "8080", "/v2/events?a=b"}));
  const auto within = redirect_target(url("http://m2:8080/x"), "/v2/events");
  ASSERT_TRUE(within);
  EXPECT_EQ(*within, (Url{false, "m2", "8080", "/v2/events"}));
}

TEST(RequestsTest, RefusesARedirectThatLeavesTls) {
  EXPECT_FALSE(redirect_target(url("https://m2/v2/events"), "http://m1/v2/events"));
  EXPECT_TRUE(redirect_target(url("http://m2/v2/events"), "https://m1/v2/events"));
  EXPECT_TRUE(redirect_target(url("https://m2/v2/events"), "https://m1/v2/events"));
}

TEST(RequestsTest, RefusesARedirectToNowhere) {
  for (const char* location : {"", "/", "//m1/x", "events", "file:///etc/passwd", "/a\r\nX: y"}) {
    EXPECT_FALSE(redirect_target(url("http://m2/v2/events"), location)) << location;
  }
}

TEST(RequestsTest, RefusesARedirectWithCredentialsAndDoesNotRepeatThem) {
  const auto refused = redirect_target(url("http://m2/v2/events"), "http://jo:secret@m1:8080/v2/events");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message.find("secret"), std::string::npos) << refused.error().message;
}

TEST(RequestsTest, FiveStatusesAreRedirects) {
  for (const unsigned status : {301U, 302U, 303U, 307U, 308U}) EXPECT_TRUE(is_redirect(status)) << status;
  for (const unsigned status : {200U, 300U, 304U, 401U}) EXPECT_FALSE(is_redirect(status)) << status;
}

TEST(RequestsTest, AppIdsKeepTheirSlashes) {
  EXPECT_EQ(app_path("/shop/web"), "/v2/apps/shop/web");
  EXPECT_EQ(app_path("web"), "/v2/apps/web");
  EXPECT_EQ(app_path(""), "/v2/apps/");
  EXPECT_EQ(app_path("/Az09._~-"), "/v2/apps/Az09._~-");
  EXPECT_EQ(app_path("/a b?c#\xC3\xA4%"), "/v2/apps/a%20b%3Fc%23%C3%A4%25");
}

TEST(RequestsTest, OnlyTlsAnswers400ForACertificate) {
  const Url https = *parse_url("https://a");
  EXPECT_EQ(certificate_hint(https, 400, {"", "/c", "/k"}),
            "; is the certificate of marathon_cert_file accepted there?");
  EXPECT_EQ(certificate_hint(https, 400, {"/ca", "", ""}), "; does it demand a certificate (marathon_cert_file)?");
  EXPECT_EQ(certificate_hint(https, 401, {}), "");
  EXPECT_EQ(certificate_hint(*parse_url("http://a"), 400, {}), "");
}

TEST(RequestsTest, EncodesBasicAuthorization) {
  EXPECT_EQ(basic_authorization("jo:pw"), "Basic am86cHc=");
  EXPECT_EQ(basic_authorization(""), "Basic ");
}

TEST(RequestsTest, APodsStatusStandsBelowItsId) {
  EXPECT_EQ(pod_status_path("/shop/cart"), "/v2/pods/shop/cart::status");
  EXPECT_EQ(pod_status_path("cart"), "/v2/pods/cart::status");
  EXPECT_EQ(pod_status_path("/a b?c:d"), "/v2/pods/a%20b%3Fc%3Ad::status");
}

}  // namespace
}  // namespace chorale::agent
