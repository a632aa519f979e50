// Both sides of the seam at once: what a real Coordinator hands over, a real Applier installs. Nothing goes back,
// although the Applier does what it is told (coordination/decisions/0004-one-order-guard.md).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/agent/core/applying/joined_agent.h"

namespace chorale::agent {
namespace {

using coordination::Identity;
using std::chrono::seconds;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

class JoinedOrderTest : public JoinedTest {};

// It missed the last revision of the first lineage, and serves a newer one of the second when the first is back.
TEST_F(JoinedOrderTest, ReturnToAnEarlierLineageDoesNotLeadBack) {
  JoinedAgent& a = start("a", disk_a_);
  JoinedAgent& b = start("b", disk_b_);
  ASSERT_EQ(disk_b_.file->identity, committed());
  cluster_.ensemble->disconnect(b.session());
  publish(a, "two");
  const Identity missed = committed();
  ASSERT_TRUE(disk_b_.file->identity->older_than(missed));
  const coordination::MemoryNodes backup = cluster_.ensemble->snapshot();
  kill(a);
  cluster_.ensemble->restore({});
  wanted_ = "three";
  advance(seconds(60));
  ASSERT_TRUE(b.leading());
  ASSERT_EQ(disk_b_.file->body, "three");
  const Identity served = *disk_b_.file->identity;
  ASSERT_TRUE(missed.older_than(served));

  cluster_.ensemble->restore(backup);
  advance(seconds(60));
  ASSERT_TRUE(b.leading());
  EXPECT_TRUE(served.older_than(committed()));
  EXPECT_EQ(disk_b_.file->identity, committed());
  EXPECT_EQ(disk_b_.file->body, "three");
  expect_rising(disk_b_);
  EXPECT_THAT(b.log, Not(Contains(HasSubstr("refused"))));
}

TEST_F(JoinedOrderTest, ARevisionThatIsHeardOfLateIsSkipped) {
  JoinedAgent& a = start("a", disk_a_);
  JoinedAgent& b = start("b", disk_b_);
  wanted_ = "two";
  a.offer();
  b.hold();  // in the middle of it
  advance(seconds(5));
  ASSERT_EQ(disk_a_.file->body, "two");
  publish(a, "three");
  ASSERT_EQ(disk_b_.file->body, "one");
  b.release();
  advance(seconds(5));
  EXPECT_EQ(disk_b_.file->identity, committed());
  EXPECT_EQ(disk_b_.file->body, "three");
  expect_rising(disk_b_);
}

TEST_F(JoinedOrderTest, AnOlderBackupLeadsNoAgentBackNotARestartedOneEither) {
  JoinedAgent& a = start("a", disk_a_);
  JoinedAgent& b = start("b", disk_b_);
  publish(a, "two");
  const coordination::MemoryNodes backup = cluster_.ensemble->snapshot();
  publish(a, "three");
  const Identity served = *disk_b_.file->identity;
  kill(b);
  cluster_.ensemble->restore(backup);
  start("b", disk_b_);
  advance(seconds(60));
  EXPECT_TRUE(served.older_than(committed()));
  for (const Disk* disk : {&disk_a_, &disk_b_}) {
    EXPECT_EQ(disk->file->identity, committed());
    EXPECT_EQ(disk->file->body, "three");
    expect_rising(*disk);
  }
}

}  // namespace
}  // namespace chorale::agent
