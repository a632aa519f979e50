#include "render/allow_list.h"

#include <gtest/gtest.h>

#include <functional>

namespace chorale::render {
namespace {

// The message of a refusal, "" for none.
std::string said(const std::optional<Error>& refusal) { return refusal ? refusal->message : ""; }

constexpr std::string_view kLower = "abcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kUpper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::string_view kDigits = "0123456789";

// All bytes that `may_stand` lets through, in order.
std::string bytes_that(const std::function<bool(char)>& may_stand) {
  std::string bytes;
  for (int code = 0; code < 256; ++code) {
    const char c = static_cast<char>(code);
    if (may_stand(c)) bytes += c;
  }
  return bytes;
}

std::string in_order(const std::string& bytes) {
  return bytes_that([&](char c) { return bytes.find(c) != std::string::npos; });
}

std::string alphabet(std::string_view extra) {
  return in_order(std::string(kLower).append(kUpper).append(kDigits).append(extra));
}

TEST(AllowListTest, EveryByteButTheListedOnesIsRefused) {
  const auto around = [](char c) { return std::string("a") + c + "a"; };
  EXPECT_EQ(bytes_that([&](char c) { return !refuse_app_id("/" + around(c)); }), alphabet("._~/-"));
  EXPECT_EQ(bytes_that([&](char c) { return !refuse_host(around(c)); }), alphabet(".-"));
  EXPECT_EQ(bytes_that([&](char c) { return !refuse_upstream_name(around(c)); }),
            in_order(std::string(kLower).append(kDigits).append("_.-")));
}

TEST(AllowListTest, QuotedValueMayHoldEveryPrintableByteButDollar) {
  std::string printable;
  for (char c = ' '; c <= '~'; ++c) {
    if (c != '$') printable += c;
  }
  EXPECT_EQ(bytes_that([](char c) { return !refuse_quoted(std::string("a") + c + "a"); }), printable);
}

TEST(AllowListTest, AppIdOfMarathonMayStand) {
  EXPECT_EQ(said(refuse_app_id("/web")), "");
  EXPECT_EQ(said(refuse_app_id("/shop/cart.v2/web-1_a~b")), "");
  EXPECT_EQ(said(refuse_app_id("/" + std::string(999, 'a'))), "");
}

TEST(AllowListTest, AppIdThatCouldWriteDirectivesIsRefused) {
  EXPECT_EQ(said(refuse_app_id("/x; } server {")), "has ';' at byte 3, expected letters, digits and ._~-");
  for (const char* id : {"", "web", "/", "//web", "/web/", "/a//b", "/.", "/a/../b", "/a b", "/a\"b", "/a$b", "/a{b",
                         "/a\nb", "/a%2fb", "/caf\xc3\xa9", "~ ^/x", "= /x", "@n"}) {
    EXPECT_NE(said(refuse_app_id(id)), "") << id;
  }
  EXPECT_NE(said(refuse_app_id("/" + std::string(1'000, 'a'))), "");
}

TEST(AllowListTest, UnprintableCharacterIsNamedByItsCode) {
  EXPECT_EQ(said(refuse_app_id("/a\x1b[31m")), "has 0x1b at byte 3, expected letters, digits and ._~-");
  EXPECT_EQ(said(refuse_app_id("/a b")), "has 0x20 at byte 3, expected letters, digits and ._~-");
  EXPECT_EQ(said(refuse_app_id("/a!")), "has '!' at byte 3, expected letters, digits and ._~-");
  EXPECT_EQ(said(refuse_upstream_name("a\x7f")), "has 0x7f at byte 2, expected lower-case letters, digits and _.-");
  EXPECT_EQ(said(refuse_upstream_name("a}")), "has '}' at byte 2, expected lower-case letters, digits and _.-");
}

TEST(AllowListTest, HostNamesMayStand) {
  for (const char* host : {"web", "Web.example.com", "a-b.c", "*.example.com", "127.0.0.1", "xn--caf-dma.example"}) {
    EXPECT_EQ(said(refuse_host(host)), "") << host;
  }
  EXPECT_EQ(said(refuse_host(std::string(63, 'a') + ".b")), "");
}

TEST(AllowListTest, HostThatMeansMoreThanAHostIsRefused) {
  for (const char* host : {"", "*", "*.", "a.*", "**.a", "~^(.*)$", ".a", "a.", "a..b", "-a", "a-", "a_b", "a b", "a;b",
                           "a:80", "\"\"", "$host", "_", "a\n"}) {
    EXPECT_NE(said(refuse_host(host)), "") << host;
  }
  EXPECT_NE(said(refuse_host(std::string(64, 'a') + ".b")), "");
  std::string long_host = "a";
  while (long_host.size() < 253) long_host += ".a";
  ASSERT_EQ(long_host.size(), 253U);
  EXPECT_EQ(said(refuse_host(long_host)), "");
  EXPECT_EQ(said(refuse_host(long_host + "a")), "has 254 bytes, more than 253");
}

TEST(AllowListTest, OnlyLiteralAddressesMayStand) {
  for (const char* ip : {"10.0.0.1", "::1", "2001:db8::1"}) EXPECT_TRUE(is_ip_address(ip)) << ip;
  for (const char* ip : {"", "slave-1", "10.0.0", "10.0.0.256", "[::1]", "10.0.0.1:80", "fe80::1%eth0", "10.0.0.1 "}) {
    EXPECT_FALSE(is_ip_address(ip)) << ip;
  }
  EXPECT_FALSE(is_ip_address(std::string_view("10.0.0.1\0x", 10)));
}

TEST(AllowListTest, UpstreamNamesAreOneCase) {
  EXPECT_EQ(said(refuse_upstream_name("cart.shop_1-b")), "");
  EXPECT_EQ(said(refuse_upstream_name(std::string(200, 'a'))), "");
  for (const char* name : {"", "Cart", "a/b", "a b", "a:80", "$a", "a~b"}) {
    EXPECT_NE(said(refuse_upstream_name(name)), "") << name;
  }
  EXPECT_NE(said(refuse_upstream_name(std::string(201, 'a'))), "");
}

TEST(AllowListTest, QuotedValueMayHoldAnyOtherCharacter) {
  for (const char* value : {"", "a b", "a;b{c}", "\"\\'", "caf\xc3\xa9", "\xf0\x9f\x8e\xb5", "a@b", "{@}"}) {
    EXPECT_EQ(said(refuse_quoted(value)), "") << value;
  }
}

TEST(AllowListTest, ValueThatQuotesCannotProtectIsRefused) {
  EXPECT_EQ(said(refuse_quoted("cost: 5$")), "has '$' at byte 8, expected no '$', which Nginx cannot escape");
  for (const char* value : {"a\nb", "a\tb", "\x7f", "$host", "@{secret}", "x@{y"}) {
    EXPECT_NE(said(refuse_quoted(value)), "");
  }
  EXPECT_NE(said(refuse_quoted(std::string_view("a\0b", 3))), "");
}

TEST(AllowListTest, QuotedValueIsUtf8) {
  // Unicode, table 3-7: each row's first and last sequence.
  for (const char* value :
       {"\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xe0\xbf\xbf", "\xe1\x80\x80", "\xec\xbf\xbf", "\xed\x80\x80",
        "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf0\xbf\xbf\xbf", "\xf1\x80\x80\x80",
        "\xf3\xbf\xbf\xbf", "\xf4\x80\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_EQ(said(refuse_quoted(value)), "");
  }
  for (const char* value : {"\xff",
                            "\xc3",
                            "\xc0\xaf",
                            "\xc1\xbf",
                            "\xe0\x9f\xbf",
                            "\xed\xa0\x80",
                            "\xf0\x8f\xbf\xbf",
                            "\xf4\x90\x80\x80",
                            "\xf5\x80\x80\x80",
                            "\xe2\x82",
                            "\xe2\x82z",
                            "\xe2z\x82",
                            "\xf1z\x80\x80",
                            "\xf1\x80z\x80",
                            "\xf1\x80\x80z",
                            "a\x80",
                            "\xc3z",
                            "\xe1\x80",
                            "\xf1\x80\x80",
                            "\x80\x80",
                            "\x80\x80\x80",
                            "\x80\x80\x80\x80",
                            "\xf8\x88\x80\x80\x80"}) {
    EXPECT_NE(said(refuse_quoted(value)), "");
  }
}

TEST(AllowListTest, CharacterCutOffByTheEndIsRefused) {
  constexpr std::string_view kNote = "\xf0\x9f\x8e\xb5";
  ASSERT_EQ(said(refuse_quoted(kNote)), "");
  for (std::size_t bytes = 1; bytes < kNote.size(); ++bytes) {
    EXPECT_EQ(said(refuse_quoted(kNote.substr(0, bytes))), "has 0xf0 at byte 1, expected UTF-8");
  }
}

TEST(AllowListTest, QuotedValueFitsIntoNginxsBuffer) {
  EXPECT_EQ(said(refuse_quoted(std::string(3'998, 'a'))), "");
  EXPECT_NE(said(refuse_quoted(std::string(3'999, 'a'))), "");
  EXPECT_NE(said(refuse_quoted(std::string(2'000, '"'))), "") << "an escaped character takes two bytes";
}

TEST(AllowListTest, NameIsTheIdBackwards) {
  EXPECT_EQ(name_of_app_id("/web"), "web");
  EXPECT_EQ(name_of_app_id("/shop/cart"), "cart.shop");
  EXPECT_EQ(name_of_app_id("/a/b.c/D"), "d.b.c.a");
  EXPECT_EQ(name_of_app_id("web"), "web");
}

TEST(AllowListTest, NameIsInLowerCase) {
  EXPECT_EQ(name_of_app_id("/" + std::string(kUpper)), kLower);
  EXPECT_EQ(name_of_app_id("/@[`{09"), "@[`{09") << "only letters change";
}

// "cart--0v2.--shop" -> "/Shop/cart.v2": that there is such a function is what makes names unique.
std::string id_of(const std::string& name) {
  std::string id;
  std::string segment;
  for (std::size_t i = 0; i <= name.size(); ++i) {
    if (i == name.size() || name[i] == '.') {
      id.insert(0, "/" + segment);
      segment.clear();
    } else if (name.compare(i, 2, "--") == 0) {
      const char code = name.at(i + 2);
      segment += code == '0' ? '.' : code == '1' ? '~' : code == '2' ? '-' : static_cast<char>(code - 'a' + 'A');
      i += 2;
    } else {
      segment += name[i];
    }
  }
  return id;
}

TEST(AllowListTest, UpstreamNamesOfPlainIdsAreTheIdReversed) {
  EXPECT_EQ(upstream_name("/web"), "web");
  EXPECT_EQ(upstream_name("/shop/cart"), "cart.shop");
  EXPECT_EQ(upstream_name("/a-b/c_d/0-9"), "0-9.c_d.a-b");
  EXPECT_EQ(upstream_name("/-a/b-"), "b-.-a");
}

TEST(AllowListTest, UpstreamNamesEscapeWhatWouldMakeIdsMeet) {
  EXPECT_EQ(upstream_name("/a.b"), "a--0b");
  EXPECT_EQ(upstream_name("/Shop/cart.v2"), "cart--0v2.--shop");
  EXPECT_EQ(upstream_name("/a--b"), "a--2-b");
  EXPECT_EQ(upstream_name("/a-.b"), "a--2--0b");
  EXPECT_EQ(upstream_name("/~x/-Z"), "--2--z.--1x");
}

TEST(AllowListTest, UpstreamNamesAreUniqueAndStand) {
  const std::string alphabet = "aA0z.~-_/";
  std::vector<std::string> ids = {"/"};
  for (int length = 0; length < 5; ++length) {
    std::vector<std::string> longer;
    for (const std::string& id : ids) {
      for (const char c : alphabet) longer.push_back(id + c);
    }
    ids = std::move(longer);
    for (const std::string& id : ids) {
      if (refuse_app_id(id)) continue;
      const std::string name = upstream_name(id);
      ASSERT_EQ(id_of(name), id) << name;
      ASSERT_FALSE(refuse_upstream_name(name)) << name;
    }
  }
}

}  // namespace
}  // namespace chorale::render
