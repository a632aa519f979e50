// A real Coordinator and a real Applier, an illness that ends, and then quiet: no further change may be needed.
#include <gtest/gtest.h>

#include "tests/unit/agent/core/applying/joined_agent.h"

namespace chorale::agent {
namespace {

using std::chrono::seconds;

class JoinedHealingTest : public JoinedTest {
 protected:
  // Two agents that serve "one".
  JoinedAgent& begin() {
    JoinedAgent& leader = start("a", disk_a_);
    start("b", disk_b_);
    EXPECT_EQ(disk_b_.file->body, "one" + disk_b_.local);
    return leader;
  }
};

TEST_F(JoinedHealingTest, AFollowersFullDiskThatIsFreedIsFollowedByTheCommittedRevision) {
  JoinedAgent& leader = begin();
  disk_b_.full = true;
  publish(leader, "two");
  ASSERT_EQ(committed().older_than(*disk_a_.file->identity), false);
  ASSERT_EQ(disk_a_.file->body, "two");
  advance(seconds(20));
  ASSERT_EQ(disk_b_.file->body, "one");
  disk_b_.full = false;
  advance(seconds(7));
  EXPECT_EQ(disk_b_.file->body, "two") << "asked again every 5 s";
}

TEST_F(JoinedHealingTest, AMinoritysRefusalThatEndsIsFollowedByTheCommittedRevision) {
  JoinedAgent& leader = begin();
  Disk disk_c;
  start("c", disk_c);
  disk_b_.refused = "two";
  publish(leader, "two");
  ASSERT_EQ(disk_c.file->body, "two");
  ASSERT_EQ(disk_b_.file->body, "one");
  disk_b_.refused.clear();
  advance(seconds(32));
  EXPECT_EQ(disk_b_.file->body, "two") << "asked again every 30 s";
  agents_.clear();  // before disk_c
}

// As the agent does after a SIGHUP.
TEST_F(JoinedHealingTest, ARefusalForAValueThatIsCorrectedIsFollowedByTheCommittedRevisionAtOnce) {
  disk_b_.local = " for x";
  JoinedAgent& leader = begin();
  JoinedAgent& b = *agents_.back();
  Disk disk_c;
  start("c", disk_c);
  disk_b_.refused = "two for x";
  publish(leader, "two");
  ASSERT_EQ(disk_c.file->body, "two");
  ASSERT_EQ(disk_b_.file->body, "one for x");
  disk_b_.local = " for y";
  b.values_changed();
  advance(seconds(1));
  EXPECT_EQ(disk_b_.file->body, "two for y");
  EXPECT_EQ(disk_b_.file->identity, committed());
  agents_.clear();  // before disk_c
}

// The leader learns of it, though nothing but that agent's own configuration has changed.
TEST_F(JoinedHealingTest, WhatWasWithdrawnForAFollowersValueIsOfferedAgainAtOnceWhenThatIsCorrected) {
  disk_b_.local = " for x";
  JoinedAgent& leader = begin();
  JoinedAgent& b = *agents_.back();
  Disk disk_c;
  start("c", disk_c);
  publish(leader, "one more");  // which c answers in time: it is waited for
  disk_b_.refused = "two for x";
  disk_c.refused = "two";
  publish(leader, "two");
  ASSERT_EQ(disk_a_.file->body, "one more") << "withdrawn: most refuse it";
  disk_b_.local = " for y";
  b.values_changed();
  advance(seconds(2));
  EXPECT_EQ(disk_a_.file->body, "two");
  EXPECT_EQ(disk_b_.file->body, "two for y");
  EXPECT_EQ(disk_c.file->body, "one more");
  EXPECT_EQ(disk_b_.file->identity, committed());
  agents_.clear();  // before disk_c
}

TEST_F(JoinedHealingTest, ADiskThatFillsBetweenTestAndInstallIsTriedAgainSoon) {
  JoinedAgent& leader = begin();
  disk_b_.full_at_install = true;
  publish(leader, "two");
  ASSERT_EQ(disk_b_.file->body, "one");
  disk_b_.full_at_install = false;
  advance(seconds(6));
  EXPECT_EQ(disk_b_.file->body, "two");
}

// Nothing newer is committed: the coordinator hands over nothing.
TEST_F(JoinedHealingTest, ValuesThatWereEditedWhileNoAgentRanAreAppliedAtTheStart) {
  disk_b_.local = " for x";
  begin();
  ASSERT_EQ(disk_b_.file->body, "one for x");
  JoinedAgent& b = *agents_.back();
  kill(b);
  disk_b_.local = " for y";
  start("b", disk_b_);
  advance(seconds(5));
  EXPECT_EQ(disk_b_.file->body, "one for y");
  EXPECT_EQ(disk_b_.file->identity, committed());
  EXPECT_EQ(disk_b_.history.size(), 2U);
}

TEST_F(JoinedHealingTest, ValuesThatAreReReadAfterARestartAreApplied) {
  disk_b_.local = " for x";
  begin();
  kill(*agents_.back());
  JoinedAgent& b = start("b", disk_b_);
  advance(seconds(5));
  ASSERT_EQ(disk_b_.history.size(), 1U) << "nothing was written: nothing has changed";
  disk_b_.local = " for y";
  b.values_changed();
  advance(seconds(5));
  EXPECT_EQ(disk_b_.file->body, "one for y");
}

}  // namespace
}  // namespace chorale::agent
