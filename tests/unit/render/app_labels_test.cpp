// Which values the labels of an app may have, and what templates make of them.
#include "render/app_labels.h"

#include <gtest/gtest.h>

#include "render/template.h"
#include "tests/unit/render/sample_state.h"

namespace chorale::render {
namespace {

// The message of a refusal, "" for none.
std::string said(const char* label, std::string_view value) {
  const auto refusal = refuse_app_label(label, value);
  return refusal ? refusal->message : "";
}

void expect_taken(const char* label, const std::vector<std::string_view>& values) {
  for (const std::string_view value : values) EXPECT_EQ(said(label, value), "") << label << " = " << value;
}
void expect_refused(const char* label, const std::vector<std::string_view>& values) {
  for (const std::string_view value : values) EXPECT_NE(said(label, value), "") << label << " = " << value;
}

std::string with_labels(const std::string& text, const std::map<std::string, std::string>& labels) {
  RoutingState state{"", {sample_app("/a")}};
  state.apps[0].labels = labels;
  const auto compiled = Template::compile("x {{#apps}}" + text + "{{/apps}}", "t");
  if (!compiled) return "does not compile: " + compiled.error().text();
  const auto made = compiled->render(state);
  return made ? made->text.substr(2) : "does not render: " + made.error().text();
}

TEST(AppLabelsTest, RetryIsAListOfConditions) {
  expect_taken(kRetryLabel,
               {"http_500", " http_500,http_502  http_503 http_504, http_403 http_404 http_429 non_idempotent ",
                "error timeout invalid_header"});
  EXPECT_EQ(said(kRetryLabel, ""), "names no condition");
  EXPECT_EQ(said(kRetryLabel, " ,"), "names no condition");
  EXPECT_EQ(said(kRetryLabel, "http_500 http_502 http_500"), "names http_500 twice");
  expect_refused(kRetryLabel, {"http_501", "off", "HTTP_500", "http_500;", "\"http_500\"", "updating"});
}

TEST(AppLabelsTest, RetryConditionsLeaveOutWhatEveryAppHas) {
  EXPECT_EQ(retry_conditions(" error,http_500  timeout\tinvalid_header non_idempotent"), "http_500 non_idempotent");
  EXPECT_EQ(retry_conditions("error"), "");
  EXPECT_EQ(retry_conditions(""), "");
}

TEST(AppLabelsTest, NumbersHaveBounds) {
  expect_taken(kKeepaliveLabel, {"1", "1024"});
  expect_refused(kKeepaliveLabel, {"", "0", "1025", "-1", "1;", "1 ", " 1", "0x1", "1.5", "99999999999999999999"});
  EXPECT_EQ(said(kKeepaliveLabel, "0"), "is no whole number within 1..1024");
  expect_taken(kRateLabel, {"1", "1000000"});
  expect_refused(kRateLabel, {"0", "1000001", "10r/s", "1e3"});
}

TEST(AppLabelsTest, TimesAndSizesAreNginxs) {
  expect_taken(kTimeoutLabel, {"1ms", "500ms", "90s", "5m", "24h", "86400s"});
  expect_refused(kTimeoutLabel,
                 {"", "0s", "25h", "86401s", "90", "s", "1m30s", "1 m", "1d", "1S", "9999999999h", "1s;"});
  expect_taken(kMaxBodyLabel, {"0", "1", "512k", "100m", "2g", "1024g", "9999999999"});
  expect_refused(kMaxBodyLabel, {"", "-1", "1025g", "10000000000", "1t", "k", "1K ", "10 m", "1m;"});
}

TEST(AppLabelsTest, NetworksHaveNoBitsBehindTheirPrefix) {
  expect_taken(kAllowLabel, {"10.0.0.0/8", "10.1.2.3, 10.1.2.4/32 2001:db8::/32  ::1", "0.0.0.0/0", "none",
                             "192.168.128.0/17", "2001:db8:8000::/33", "::/0"});
  EXPECT_EQ(said(kAllowLabel, " , "), "names no network");
  expect_refused(kAllowLabel, {"", "10.0.0.1/8", "192.168.64.0/17", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8/8",
                               "10.0.0", "all", "unix:", "10.0.0.0/8;", "2001:db8::1/64", "::/129", "fe80::1%eth0",
                               "none none", "10.0.0.0/-1", "10.0.0.0/8 all", "$x"});
  EXPECT_TRUE(allowed_networks("none").empty());
  EXPECT_EQ(allowed_networks("::1, 10.0.0.0/8"), (std::vector<std::string_view>{"::1", "10.0.0.0/8"}));
}

// As labels.* it is quoted, and Nginx takes no longer word.
TEST(AppLabelsTest, ListThatCouldNotBeQuotedIsRefused) {
  std::string networks;
  while (networks.size() < 4'000) networks += "10.0.0.0/8 ";
  EXPECT_EQ(said(kAllowLabel, networks.substr(0, 3'000 / 11 * 11)), "");
  EXPECT_NE(said(kAllowLabel, networks), "");
  EXPECT_NE(said(kAllowLabel, "10.0.0.0/8\t::1"), "") << "a control character";
}

TEST(AppLabelsTest, FilesAndCookiesArePlainNames) {
  expect_taken(kAuthLabel, {"shop", "shop-2.users", "_x", std::string(64, 'x')});
  expect_refused(kAuthLabel, {"", ".", "..", ".htpasswd", "a/b", "../x", "a b", "$x", "a;", std::string(65, 'x')});
  expect_taken(kStickyLabel, {"ip_hash", "cookie:route", "cookie:A_1"});
  expect_refused(kStickyLabel, {"", "cookie", "cookie:", "cookie:a-b", "cookie:a;", "cookie:a b", "IP_HASH", "ip_hash ",
                                "cookie:" + std::string(65, 'a')});
  EXPECT_EQ(sticky_cookie("cookie:route"), "route");
  EXPECT_EQ(sticky_cookie("ip_hash"), "");
}

TEST(AppLabelsTest, SwitchesHaveTwoWordsAtMost) {
  expect_taken(kStripPrefixLabel, {"true", "false"});
  expect_refused(kStripPrefixLabel, {"", "1", "True", "yes", "true;"});
  expect_taken(kHttpsLabel, {"redirect"});
  expect_refused(kHttpsLabel, {"", "on", "redirect;"});
}

TEST(AppLabelsTest, HeadersAreTokensAndNoneFramesTheAnswer) {
  expect_taken("chorale.header.X-Frame-Options", {"DENY", "", "a \"quoted\"; text {"});
  expect_refused("chorale.header.X-A", {"$host", "a\nb", "@{id}"});
  for (const char* name :
       {"", "-a", "a b", "a:", "a;", "a_b", "a{", "content-LENGTH", "Transfer-Encoding", "X-Proxy"}) {
    EXPECT_NE(said((std::string(kHeaderLabels) + name).c_str(), "x"), "") << name;
  }
  EXPECT_NE(said((std::string(kHeaderLabels) + std::string(65, 'a')).c_str(), "x"), "");
}

TEST(AppLabelsTest, OtherLabelsAreNotJudged) {
  EXPECT_EQ(said("chorale.header", "$"), "");
  EXPECT_EQ(said("chorale.retry2", "$"), "");
  EXPECT_EQ(said("owner", "$"), "");
  EXPECT_EQ(said(kStripPrefixLabel, "yes"), "is neither true nor false");
}

TEST(AppLabelsTest, WhatKeepsClientsOutIsKnown) {
  EXPECT_TRUE(restricts_access(kAllowLabel));
  EXPECT_TRUE(restricts_access(kAuthLabel));
  EXPECT_FALSE(restricts_access(kRateLabel));
  EXPECT_FALSE(restricts_access("owner"));
}

TEST(AppLabelsTest, TemplatesKnowThemByNamesOfTheirOwn) {
  const std::string one = "{{#timeout}}[{{.}}]{{/timeout}}{{^timeout}}none{{/timeout}}";
  EXPECT_EQ(with_labels(one, {{kTimeoutLabel, "5m"}}), "[5m]");
  EXPECT_EQ(with_labels(one, {}), "none");
  EXPECT_EQ(with_labels("{{keepalive}} {{max_body}} {{auth}} {{rate}}",
                        {{kKeepaliveLabel, "8"}, {kMaxBodyLabel, "1g"}, {kAuthLabel, "shop"}, {kRateLabel, "7"}}),
            "8 1g shop 7");
}

TEST(AppLabelsTest, SwitchesAreSectionsAlone) {
  const std::string text =
      "{{#strip_prefix}}S{{/strip_prefix}}{{#ip_hash}}I{{/ip_hash}}{{#sticky_cookie}}C{{.}}{{/sticky_cookie}}"
      "{{#https_redirect}}H{{/https_redirect}}{{#restricted}}R{{/restricted}}{{#has_headers}}A{{/has_headers}}";
  EXPECT_EQ(with_labels(text, {}), "");
  EXPECT_EQ(with_labels(text, {{kStripPrefixLabel, "false"}, {kStickyLabel, "cookie:x"}}), "Cx");
  EXPECT_EQ(with_labels(text, {{kStripPrefixLabel, "true"},
                               {kStickyLabel, "ip_hash"},
                               {kHttpsLabel, "redirect"},
                               {kAllowLabel, "none"},
                               {"chorale.header.X-A", "b"}}),
            "SIHRA");
  EXPECT_EQ(with_labels("{{strip_prefix}}", {}),
            "does not compile: t:1: {{strip_prefix}}: strip_prefix is no text: use it as a section");
}

TEST(AppLabelsTest, AllowAndHeadersAreLists) {
  const std::string text = "{{#allow}}<{{.}}>{{/allow}}{{#headers}} {{name}} {{value}};{{/headers}} {{name}}";
  EXPECT_EQ(
      with_labels(text, {{kAllowLabel, "10.0.0.0/8 ::1"}, {"chorale.header.X-A", "b"}, {"chorale.header.X-B", ""}}),
      "<10.0.0.0/8><::1> X-A \"b\"; X-B \"\"; a");
  EXPECT_EQ(with_labels(text, {{kAllowLabel, "none"}, {"chorale.headerx", "1"}, {"chorale.header", "2"}}), " a");
  EXPECT_EQ(
      with_labels("{{#headers}}\"{{value}}\"{{/headers}}", {}),
      "does not compile: t:1: {{value}}: stands inside quotes of the template, but is quoted itself: remove those");
}

TEST(AppLabelsTest, RefusedValueThatCameThroughIsNotWritten) {
  EXPECT_EQ(
      with_labels("{{timeout}}", {{kTimeoutLabel, "1s; }"}}),
      "does not render: t:1: app /a: the value of {{timeout}} is no time as in 500ms, 90s, 5m or 2h, at most 24h");
  EXPECT_NE(with_labels("{{#headers}}{{name}}{{/headers}}", {{"chorale.header.a;", "x"}}).find("names no header"),
            std::string::npos);
  EXPECT_NE(with_labels("{{#allow}}{{.}}{{/allow}}", {{kAllowLabel, "all;"}}).find("no network"), std::string::npos);
  EXPECT_NE(with_labels("{{#sticky_cookie}}{{.}}{{/sticky_cookie}}", {{kStickyLabel, "cookie:a;"}}).find("neither"),
            std::string::npos);
}

}  // namespace
}  // namespace chorale::render
