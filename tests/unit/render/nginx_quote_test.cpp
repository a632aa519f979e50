#include "render/nginx_quote.h"

#include <gtest/gtest.h>

namespace chorale::render {
namespace {

TEST(NginxQuoteTest, QuotesEveryValue) {
  EXPECT_EQ(nginx_quote("").value(), R"("")");
  EXPECT_EQ(nginx_quote("plain").value(), R"("plain")");
  EXPECT_EQ(nginx_quote("a; } server {").value(), R"("a; } server {")");
}

TEST(NginxQuoteTest, EscapesWhatWouldEndTheQuotes) {
  EXPECT_EQ(nginx_quote(R"(")").value(), R"("\"")");
  EXPECT_EQ(nginx_quote(R"(\)").value(), R"("\\")");
  EXPECT_EQ(nginx_quote(R"(a\"; x)").value(), R"("a\\\"; x")");
}

TEST(NginxQuoteTest, WhatCannotBeQuotedIsRefused) {
  EXPECT_EQ(nginx_quote("$host").error().text(), "has '$' at byte 1, expected no '$', which Nginx cannot escape");
}

TEST(NginxQuoteTest, SizeIsKnownBeforehand) {
  for (const char* value : {"", "plain", R"(a\"; x)"})
    EXPECT_EQ(quoted_bytes(value), nginx_quote(value)->size()) << value;
}

}  // namespace
}  // namespace chorale::render
