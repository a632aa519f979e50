#include "render/allow_list.h"

#include <gtest/gtest.h>

namespace chorale::render {
namespace {

TEST(AllowListTest, AppIdOfMarathonMayStand) {
  EXPECT_EQ(refuse_app_id("/web"), "");
  EXPECT_EQ(refuse_app_id("/shop/cart.v2/web-1_a~b"), "");
  EXPECT_EQ(refuse_app_id("/" + std::string(999, 'a')), "");
}

TEST(AllowListTest, AppIdThatCouldWriteDirectivesIsRefused) {
  EXPECT_EQ(refuse_app_id("/x; } server {"), "has ';' at byte 3, expected letters, digits and ._~-");
  for (const char* id : {"", "web", "/", "//web", "/web/", "/a//b", "/.", "/a/../b", "/a b", "/a\"b", "/a$b", "/a{b",
                         "/a\nb", "/a%2fb", "/caf\xc3\xa9", "~ ^/x", "= /x", "@n"}) {
    EXPECT_NE(refuse_app_id(id), "") << id;
  }
  EXPECT_NE(refuse_app_id("/" + std::string(1'000, 'a')), "");
}

TEST(AllowListTest, UnprintableCharacterIsNamedByItsCode) {
  EXPECT_EQ(refuse_app_id("/a\x1b[31m"), "has 0x1b at byte 3, expected letters, digits and ._~-");
}

TEST(AllowListTest, HostNamesMayStand) {
  for (const char* host : {"web", "Web.example.com", "a-b.c", "*.example.com", "127.0.0.1", "xn--caf-dma.example"}) {
    EXPECT_EQ(refuse_host(host), "") << host;
  }
  EXPECT_EQ(refuse_host(std::string(63, 'a') + ".b"), "");
}

TEST(AllowListTest, HostThatMeansMoreThanAHostIsRefused) {
  for (const char* host : {"", "*", "*.", "a.*", "**.a", "~^(.*)$", ".a", "a.", "a..b", "-a", "a-", "a_b", "a b", "a;b",
                           "a:80", "\"\"", "$host", "_", "a\n"}) {
    EXPECT_NE(refuse_host(host), "") << host;
  }
  EXPECT_NE(refuse_host(std::string(64, 'a') + ".b"), "");
  std::string long_host = "a";
  while (long_host.size() <= 253) long_host += ".a";
  EXPECT_NE(refuse_host(long_host), "");
}

TEST(AllowListTest, OnlyLiteralAddressesMayStand) {
  for (const char* ip : {"10.0.0.1", "::1", "2001:db8::1"}) EXPECT_EQ(refuse_ip_address(ip), "") << ip;
  for (const char* ip : {"", "slave-1", "10.0.0", "10.0.0.256", "[::1]", "10.0.0.1:80", "fe80::1%eth0", "10.0.0.1 "}) {
    EXPECT_NE(refuse_ip_address(ip), "") << ip;
  }
  EXPECT_NE(refuse_ip_address(std::string_view("10.0.0.1\0x", 10)), "");
}

TEST(AllowListTest, UpstreamNamesAreOneCase) {
  EXPECT_EQ(refuse_upstream_name("cart.shop_1-b"), "");
  EXPECT_EQ(refuse_upstream_name(std::string(200, 'a')), "");
  for (const char* name : {"", "Cart", "a/b", "a b", "a:80", "$a", "a~b"}) {
    EXPECT_NE(refuse_upstream_name(name), "") << name;
  }
  EXPECT_NE(refuse_upstream_name(std::string(201, 'a')), "");
}

TEST(AllowListTest, QuotedValueMayHoldAnyOtherCharacter) {
  for (const char* value : {"", "a b", "a;b{c}", "\"\\'", "caf\xc3\xa9", "\xf0\x9f\x8e\xb5", "a@b", "{@}"}) {
    EXPECT_EQ(refuse_quoted(value), "") << value;
  }
}

TEST(AllowListTest, WhatQuotingCannotTameIsRefused) {
  EXPECT_EQ(refuse_quoted("cost: 5$"), "has '$' at byte 8, expected no '$', which Nginx cannot escape");
  for (const char* value : {"a\nb", "a\tb", "\x7f", "$host", "@{secret}", "x@{y"}) EXPECT_NE(refuse_quoted(value), "");
  EXPECT_NE(refuse_quoted(std::string_view("a\0b", 3)), "");
}

TEST(AllowListTest, QuotedValueIsUtf8) {
  for (const char* value : {"\xff", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "a\x80"}) {
    EXPECT_NE(refuse_quoted(value), "");
  }
}

TEST(AllowListTest, QuotedValueFitsIntoNginxsBuffer) {
  EXPECT_EQ(refuse_quoted(std::string(3'998, 'a')), "");
  EXPECT_NE(refuse_quoted(std::string(3'999, 'a')), "");
  EXPECT_NE(refuse_quoted(std::string(2'000, '"')), "") << "an escaped character takes two bytes";
}

TEST(AllowListTest, NameIsTheIdBackwards) {
  EXPECT_EQ(name_of_app_id("/web"), "web");
  EXPECT_EQ(name_of_app_id("/shop/cart"), "cart.shop");
  EXPECT_EQ(name_of_app_id("/a/b.c/D"), "d.b.c.a");
}

}  // namespace
}  // namespace chorale::render
