// Agents of two versions in one pool: what an older one says counts, and what a newer one wrote is left alone.
#include <gmock/gmock.h>

#include "pool.h"

namespace chorale::coordination {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

// An agent of 0.1 as its znode reads: without any key that came later.
std::string znode_of_01(const std::string& vote, const std::string& applied) {
  return R"({
  "id": "old",
  "instance": "i-old",
  "host": "host-old",
  "version": "0.1.0",
  "started_at": "2026-11-22T12:00:00.000Z",
  "admin": "10.0.0.9:8000",
  "role": "follower",
  "status": "ok",
  "message": "OK",
  "vote": )" +
         vote + R"(,
  "applied": )" +
         applied + R"(,
  "template_digest": "t-1",
  "marathon_reachable": true,
  "sync_requests": 0,
  "missing": []
})";
}

std::string vote_of_01(const Identity& on, const std::string& result) {
  return R"({
    "epoch": )" +
         std::to_string(on.epoch.value) + R"(,
    "revision": )" +
         std::to_string(on.revision.value) + R"(,
    "digest": ")" +
         on.digest + R"(",
    "result": ")" +
         result + R"(",
    "error": "[emerg] no"
  })";
}

const std::string kOld = "/chorale/agents/old";

// a leads, b follows, and an agent of 0.1 is registered.
class OlderAgentTest : public PoolTest {
 protected:
  OlderAgentTest() { create(kOld, znode_of_01("null", "null")); }

  void vote(const std::string& result) {
    const auto state = cluster_.state();
    ASSERT_TRUE(state.proposed);
    write(kOld, znode_of_01(vote_of_01(state.proposed->identity, result), "null"));
  }
};

TEST_F(OlderAgentTest, ItsAckIsWaitedForAndCounted) {
  a().offer("one");
  cluster_.settle();
  EXPECT_FALSE(cluster_.state().committed);
  vote("ack");
  EXPECT_TRUE(cluster_.state().committed);
}

TEST_F(OlderAgentTest, ItsNackIsCounted) {
  a().offer("one");
  cluster_.settle();
  vote("nack");
  ASSERT_THAT(a().closed, SizeIs(1));
  EXPECT_EQ(a().closed[0].fate, Fate::kCommitted) << "one of three refuses it";
  EXPECT_THAT(a().closed[0].nacked, ElementsAre("old"));
}

TEST_F(OlderAgentTest, WhatItAppliedIsNumberedOver) {
  write(kOld, znode_of_01("null", R"({"epoch": 8, "revision": 70, "digest": "ab", "at": ""})"));
  cluster_.advance(seconds(1));
  EXPECT_EQ(cluster_.state().epoch, Epoch{9});
  EXPECT_EQ(cluster_.state().last_revision, Revision{70});
}

}  // namespace
}  // namespace chorale::coordination
