#include "render/nginx_quote.h"

#include <gtest/gtest.h>

namespace chorale::render {
namespace {

TEST(NginxQuoteTest, QuotesEveryValue) {
  EXPECT_EQ(nginx_quote(""), R"("")");
  EXPECT_EQ(nginx_quote("plain"), R"("plain")");
  EXPECT_EQ(nginx_quote("a; } server {"), R"("a; } server {")");
}

TEST(NginxQuoteTest, EscapesWhatWouldEndTheQuotes) {
  EXPECT_EQ(nginx_quote(R"(")"), R"("\"")");
  EXPECT_EQ(nginx_quote(R"(\)"), R"("\\")");
  EXPECT_EQ(nginx_quote(R"(a\"; x)"), R"("a\\\"; x")");
}

}  // namespace
}  // namespace chorale::render
