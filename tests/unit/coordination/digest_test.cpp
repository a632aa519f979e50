#include "coordination/digest.h"

#include <gtest/gtest.h>

namespace chorale::coordination {
namespace {

TEST(DigestTest, MatchesTheStandardsExamples) {
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(DigestTest, SeesEveryByte) {
  EXPECT_NE(sha256_hex(std::string_view("a\0b", 3)), sha256_hex(std::string_view("a\0c", 3)));
}

TEST(DigestTest, ChunksAreNamedByTheFirstHalf) {
  EXPECT_EQ(chunk_name("abc"), "ba7816bf8f01cfea414140de5dae2223");
  EXPECT_TRUE(is_chunk_name(chunk_name("abc")));
  EXPECT_FALSE(is_chunk_name(sha256_hex("abc")));
  EXPECT_FALSE(is_chunk_name("ba7816bf8f01cfea414140de5dae222"));
  EXPECT_FALSE(is_chunk_name("BA7816bf8f01cfea414140de5dae2223"));
  EXPECT_FALSE(is_chunk_name("../16bf8f01cfea414140de5dae2223x"));
}

}  // namespace
}  // namespace chorale::coordination
