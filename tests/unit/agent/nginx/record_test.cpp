// What an agent remembers over restarts, as text.
#include "agent/nginx/record.h"

#include <gtest/gtest.h>

#include "coordination/digest.h"
#include "tests/unit/agent/nginx/fake_nginx.h"

namespace chorale::agent {
namespace {

FileContent recorded(std::int64_t revision) { return {identity(revision), coordination::sha256_hex("x")}; }

TEST(RecordTest, IsReadBackAsWritten) {
  const Record full{recorded(2), recorded(1), "boot-id", 123'456, MasterProcess{42, 789}};
  EXPECT_EQ(decode_record(encode_record(full)), full);
  const Record bare{{std::nullopt, coordination::sha256_hex("y")}, std::nullopt, "", 0, std::nullopt};
  EXPECT_EQ(decode_record(encode_record(bare)), bare);
}

TEST(RecordTest, AnythingTornIsNoRecord) {
  const std::string text = encode_record({recorded(2), recorded(1), "boot-id", 123'456, MasterProcess{42, 789}});
  for (std::size_t size = 0; size + 4 < text.size(); ++size) EXPECT_FALSE(decode_record(text.substr(0, size))) << size;
  EXPECT_FALSE(decode_record("end\n"));
  EXPECT_FALSE(decode_record("content " + std::string(63, 'a') + " -\nend\n"));
  EXPECT_FALSE(decode_record("content " + std::string(64, 'a') + " # no identity\nend\n"));
  EXPECT_FALSE(decode_record("content " + std::string(64, 'a') + " -\nat_ms x\nend\n"));
  EXPECT_FALSE(decode_record("unknown 1\n" + text));
}

}  // namespace
}  // namespace chorale::agent
