// The page is one file, and its policy names what is in it.
#include "agent/http/page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <vector>

#include "coordination/digest.h"

namespace chorale::agent {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

std::string between(const std::string& text, const std::string& from, const std::string& to) {
  const std::size_t begin = text.find(from) + from.size();
  return text.substr(begin, text.find(to, begin) - begin);
}

// The hex digits of the first 32 bytes of a base64 text.
std::string hex_of(const std::string& base64) {
  std::vector<unsigned char> bytes(base64.size());
  EXPECT_EQ(EVP_DecodeBlock(bytes.data(), reinterpret_cast<const unsigned char*>(base64.data()),
                            static_cast<int>(base64.size())),
            33)
      << base64;
  std::string hex;
  for (std::size_t i = 0; i < 32; ++i) {
    constexpr const char* kDigits = "0123456789abcdef";
    hex += kDigits[bytes[i] >> 4U];
    hex += kDigits[bytes[i] & 15U];
  }
  return hex;
}

TEST(PageTest, PolicyNamesThisScriptAndThisStyleAlone) {
  const std::string& policy = page().security_policy;
  EXPECT_THAT(policy, HasSubstr("default-src 'none'; connect-src 'self';"));
  EXPECT_THAT(policy, Not(HasSubstr("unsafe")));
  EXPECT_EQ(hex_of(between(policy, "style-src 'sha256-", "'")),
            coordination::sha256_hex(between(page().html, "<style>", "</style>")));
  EXPECT_EQ(hex_of(between(policy, "script-src 'sha256-", "'")),
            coordination::sha256_hex(between(page().html, "<script>", "</script>")));
}

TEST(PageTest, HoldsItsStyleAndScriptAndAsksForNothingElse) {
  const std::string& html = page().html;
  EXPECT_THAT(between(html, "<style>", "</style>"), HasSubstr("body{"));
  EXPECT_THAT(between(html, "<script>", "</script>"), HasSubstr("EventSource('/v1/stream')"));
  EXPECT_THAT(html, Not(ContainsRegex("(src|href)=\"(http|//)")));
  EXPECT_THAT(html, Not(HasSubstr("innerHTML")));
  EXPECT_THAT(html, Not(ContainsRegex(" on[a-z]+=\"")));
}

}  // namespace
}  // namespace chorale::agent
