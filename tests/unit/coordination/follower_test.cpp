#include "coordination/follower.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fakes/coordinator_cluster.h"

namespace chorale::coordination {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::IsEmpty;
using testing::SizeIs;

// a leads, b follows.
class FollowerTest : public testing::Test {
 protected:
  FollowerTest() : a_(cluster_.add("a")), b_(cluster_.add("b")) {
    a_.start();
    cluster_.advance(seconds(1));
    b_.start();
    cluster_.advance(seconds(1));
  }
  void delete_chunks() {
    for (const std::string& name : cluster_.list("/chorale/chunks")) {
      (void)cluster_.operate(DeleteNode{Path("/chorale/chunks/" + name), kAnyVersion});
    }
  }

  CoordinatorCluster cluster_;
  TestAgent& a_;
  TestAgent& b_;
};

TEST_F(FollowerTest, LateComerStagesAndAppliesWhatItMissed) {
  a_.offer("one");
  cluster_.settle();
  TestAgent& c = cluster_.add("c");
  c.start();
  cluster_.advance(milliseconds(200));
  EXPECT_THAT(c.staged, SizeIs(1));
  EXPECT_EQ(c.applied, a_.applied);
  EXPECT_EQ(*c.staged[0].files[0].text, "conf one\n");
}

TEST_F(FollowerTest, WithdrawnProposalIsNotApplied) {
  a_.answer = VoteResult::kNack;
  a_.offer("one");
  cluster_.advance(seconds(1));
  EXPECT_THAT(b_.staged, SizeIs(1));
  EXPECT_THAT(b_.applied_history, IsEmpty());
}

TEST_F(FollowerTest, NothingIsAppliedBeforeTheCommit) {
  a_.answer = std::nullopt;
  a_.offer("one");
  cluster_.advance(seconds(1));
  EXPECT_THAT(b_.staged, SizeIs(1));
  EXPECT_THAT(b_.applied_history, IsEmpty());
}

TEST_F(FollowerTest, OlderStateThanAppliedIsNeverApplied) {
  a_.offer("one");
  cluster_.settle();
  const Identity ahead{Epoch{1}, Revision{5}, std::string(64, 'f')};
  TestAgent& c = cluster_.add("c");
  c.start(ahead);
  cluster_.advance(seconds(2));
  EXPECT_THAT(c.applied_history, IsEmpty());
  cluster_.leader()->offer("one");  // equal to what is committed, yet published anew: c cannot take the old number
  cluster_.advance(seconds(1));
  EXPECT_EQ(c.applied, cluster_.state().committed->identity);
  EXPECT_TRUE(ahead.older_than(*c.applied));
}

TEST_F(FollowerTest, RestartedAgentDoesNotApplyTheSameAgain) {
  a_.offer("one");
  cluster_.settle();
  const auto served = b_.applied;
  cluster_.kill_and_expire(b_);
  TestAgent& again = cluster_.add("b");
  again.start(served);
  cluster_.advance(seconds(2));
  EXPECT_THAT(again.applied_history, IsEmpty());
  EXPECT_THAT(again.staged, IsEmpty());
}

TEST_F(FollowerTest, MissingChunkIsListedAndPutAgainByTheLeader) {
  a_.offer("one");
  cluster_.settle();
  delete_chunks();
  a_.hold_replies(true);  // so that the test sees it before the leader heals it
  TestAgent& c = cluster_.add("c");
  c.start();
  cluster_.advance(seconds(1));
  ASSERT_TRUE(c.view);
  EXPECT_THAT(c.view->missing, SizeIs(2));
  EXPECT_FALSE(c.applied);
  a_.hold_replies(false);
  cluster_.advance(seconds(2));
  EXPECT_EQ(c.applied, a_.applied);
  EXPECT_THAT(c.view->missing, IsEmpty());
}

TEST_F(FollowerTest, WhatAnotherLineageLackedIsNotMissed) {
  a_.offer("one");
  cluster_.settle();
  delete_chunks();
  a_.hold_replies(true);
  TestAgent& c = cluster_.add("c");
  c.start();
  cluster_.advance(seconds(1));
  ASSERT_THAT(c.view->missing, SizeIs(2));
  (void)cluster_.operate(WriteNode{Path("/chorale"), encode(RootDocument{"another"}), kAnyVersion});
  cluster_.advance(seconds(1));
  EXPECT_THAT(c.view->missing, IsEmpty());
}

TEST_F(FollowerTest, ForgedChunkIsNotServed) {
  a_.offer("one");
  cluster_.settle();
  a_.hold_replies(true);  // it would put them right
  for (const std::string& name : cluster_.list("/chorale/chunks")) {
    (void)cluster_.operate(WriteNode{Path("/chorale/chunks/" + name), "forged", kAnyVersion});
  }
  TestAgent& c = cluster_.add("c");
  c.start();
  cluster_.advance(seconds(3));
  EXPECT_THAT(c.staged, IsEmpty());
  EXPECT_THAT(c.view->missing, SizeIs(2));
}

TEST_F(FollowerTest, SecondRevisionCostsTheChangedChunksOnly) {
  a_.offer("one");
  cluster_.settle();
  b_.sent.clear();
  StateOffered offered;
  offered.offer = 100;
  offered.content = described({{"nginx.conf", std::make_shared<const std::string>("conf two\n"), {}},
                               {"routes.json", std::make_shared<const std::string>("routes one\n"), {}}});
  a_.step(offered);
  cluster_.settle();
  const auto reads = std::count_if(b_.sent.begin(), b_.sent.end(), [](const Operation& operation) {
    const auto* read = std::get_if<ReadNode>(&operation);
    return read != nullptr && read->path.text().starts_with("/chorale/chunks/");
  });
  EXPECT_EQ(reads, 1);
  EXPECT_EQ(b_.applied, cluster_.state().committed->identity);
}

TEST_F(FollowerTest, AppliedStateIsShownToOthers) {
  a_.offer("one");
  cluster_.advance(seconds(3));
  ASSERT_TRUE(a_.view);
  ASSERT_TRUE(a_.view->peer_applied);
  EXPECT_EQ(*a_.view->peer_applied, *b_.applied);
  EXPECT_THAT(b_.view->agents, testing::ElementsAre("a", "b"));
}

}  // namespace
}  // namespace chorale::coordination
