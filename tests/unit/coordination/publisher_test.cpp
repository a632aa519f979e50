#include "coordination/publisher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "pool.h"

namespace chorale::coordination {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

// a leads, b and c follow.
class PublisherTest : public testing::Test {
 protected:
  explicit PublisherTest(milliseconds stage_timeout = seconds(3)) {
    cluster_.defaults.stage_timeout = stage_timeout;
    for (const char* id : {"a", "b", "c"}) {
      cluster_.add(id).start();
      cluster_.advance(seconds(1));
    }
  }
  TestAgent& agent(std::size_t index) { return *cluster_.agents[index]; }
  TestAgent& leader() { return agent(0); }

  CoordinatorCluster cluster_;
};

class UntestedPublisherTest : public PublisherTest {
 protected:
  UntestedPublisherTest() : PublisherTest(milliseconds(0)) {}
};

TEST_F(PublisherTest, SilentAgentCostsTheDeadlineOnce) {
  agent(2).answer = std::nullopt;
  leader().offer("one");
  cluster_.advance(milliseconds(2'900));
  EXPECT_FALSE(cluster_.state().committed);
  cluster_.advance(milliseconds(200));
  EXPECT_TRUE(cluster_.state().committed);
  leader().offer("two");
  cluster_.settle();
  EXPECT_EQ(cluster_.state().committed->cause, "two");  // it is no elector until it answers again
}

TEST_F(PublisherTest, SilentAgentThatAnswersIsWaitedForAgain) {
  agent(2).answer = std::nullopt;
  leader().offer("one");
  cluster_.advance(seconds(4));
  agent(2).answer = VoteResult::kAck;
  agent(2).step(StageFinished{agent(2).staged.back().identity, VoteResult::kAck, ""});
  leader().offer("two");
  cluster_.advance(seconds(2));
  agent(2).answer = std::nullopt;
  leader().offer("three");
  cluster_.advance(milliseconds(200));
  EXPECT_EQ(cluster_.state().committed->cause, "two");
  cluster_.advance(milliseconds(100));  // answers come at once here
  EXPECT_EQ(cluster_.state().committed->cause, "three");
}

TEST_F(PublisherTest, AgentThatLeavesIsNotWaitedFor) {
  agent(2).answer = std::nullopt;
  leader().offer("one");
  cluster_.settle();
  EXPECT_FALSE(cluster_.state().committed);
  cluster_.kill_and_expire(agent(2));
  cluster_.settle();
  EXPECT_TRUE(cluster_.state().committed);
}

TEST_F(PublisherTest, MajorityNackEndsTheProposal) {
  agent(1).answer = VoteResult::kNack;
  agent(2).answer = VoteResult::kNack;
  leader().offer("one");
  cluster_.settle();
  ASSERT_THAT(leader().closed, SizeIs(1));
  EXPECT_EQ(leader().closed[0].fate, Fate::kRejected);
  EXPECT_THAT(leader().closed[0].nacked, ElementsAre("b", "c"));
  EXPECT_THAT(leader().closed[0].reason, HasSubstr("[emerg]"));
  EXPECT_FALSE(cluster_.state().proposed);
  EXPECT_FALSE(cluster_.state().committed);
  leader().offer("one");  // the same content, at once
  cluster_.settle();
  EXPECT_EQ(leader().closed[1].fate, Fate::kRejected);
  EXPECT_EQ(cluster_.state().last_revision, Revision{1});
}

TEST_F(PublisherTest, WithdrawnProposalsLeaveNoManifestBehind) {
  leader().offer("one");
  cluster_.settle();
  for (const auto& each : cluster_.agents) each->answer = VoteResult::kUnable;
  for (const char* text : {"two", "three", "four"}) {
    leader().offer(text);
    cluster_.advance(seconds(1));
  }
  ASSERT_THAT(leader().closed, SizeIs(4));
  EXPECT_EQ(leader().closed[3].fate, Fate::kAbandoned);
  const Outcome listed = cluster_.operate(ListChildren{Path("/chorale/revisions")});
  ASSERT_TRUE(listed);
  EXPECT_THAT(std::get<Listed>(*listed).names, ElementsAre("000001.0000000001")) << "what is committed";
  EXPECT_EQ(cluster_.state().last_revision, Revision{4}) << "numbers are burnt all the same";
}

TEST_F(PublisherTest, LeadersOwnNackEndsTheProposal) {
  leader().answer = VoteResult::kNack;
  leader().offer("one");
  cluster_.settle();
  ASSERT_THAT(leader().closed, SizeIs(1));
  EXPECT_EQ(leader().closed[0].fate, Fate::kRejected);
  for (const auto& each : cluster_.agents) EXPECT_FALSE(each->applied);
}

TEST_F(PublisherTest, MinorityNackerKeepsWhatItServesAndTriesAgain) {
  agent(2).answer = VoteResult::kNack;
  leader().offer("one");
  cluster_.settle();
  EXPECT_EQ(leader().closed[0].fate, Fate::kCommitted);
  EXPECT_THAT(leader().closed[0].nacked, ElementsAre("c"));
  EXPECT_THAT(leader().closed[0].reason, HasSubstr("c: ")) << "it may name what is refused";
  EXPECT_TRUE(agent(1).applied);
  EXPECT_FALSE(agent(2).applied);
  agent(2).answer = VoteResult::kAck;
  cluster_.advance(seconds(29));
  EXPECT_FALSE(agent(2).applied);
  cluster_.advance(seconds(2));
  EXPECT_EQ(agent(2).applied, agent(1).applied);
}

TEST_F(PublisherTest, NackAfterTheCommitIsToldOnceOfEachAgent) {
  agent(1).answer = std::nullopt;
  agent(2).answer = std::nullopt;
  const std::uint64_t offer = leader().offer("one");
  cluster_.advance(seconds(4));
  ASSERT_TRUE(cluster_.state().committed);
  const Identity committed = cluster_.state().committed->identity;
  EXPECT_THAT(leader().commit_refused, testing::IsEmpty());
  agent(1).step(StageFinished{committed, VoteResult::kAck, ""});
  agent(2).step(StageFinished{committed, VoteResult::kNack, "[emerg] no"});
  cluster_.advance(seconds(1));
  ASSERT_THAT(leader().commit_refused, SizeIs(1));
  EXPECT_EQ(leader().commit_refused[0].offer, offer);
  EXPECT_EQ(leader().commit_refused[0].agent, "c");
  EXPECT_EQ(leader().commit_refused[0].reason, "c: [emerg] no");
  agent(2).answer = VoteResult::kNack;
  cluster_.advance(seconds(60));  // it asks its Nginx again
  EXPECT_THAT(leader().commit_refused, SizeIs(1));
}

// For the leader's log. What it refuses itself is a line of its own agent's.
TEST_F(PublisherTest, WhoRefusesIsSaidOnceForAReason) {
  const auto refusals = [this](const std::string& of) {
    return std::count_if(leader().notes.begin(), leader().notes.end(),
                         [&of](const std::string& note) { return note.find(of) != std::string::npos; });
  };
  const auto offer = [this](const std::string& text) {
    leader().offer(text);
    cluster_.settle();
  };
  agent(1).answer = VoteResult::kUnable;
  agent(2).answer = VoteResult::kNack;
  offer("one");
  EXPECT_THAT(leader().notes, testing::Contains("1.1 cannot be tested by b: nginx: [emerg] no"));
  EXPECT_THAT(leader().notes, testing::Contains("1.1 is refused by c: nginx: [emerg] no"));
  offer("two");
  EXPECT_EQ(refusals("refused by c"), 1) << "the same words";
  EXPECT_EQ(refusals("tested by b"), 1);
  agent(1).answer = VoteResult::kAck;
  agent(2).answer = VoteResult::kAck;
  offer("three");
  agent(2).answer = VoteResult::kNack;
  offer("four");
  EXPECT_EQ(refusals("refused by c"), 2) << "it had accepted between";
  agent(2).answer = VoteResult::kAck;
  leader().answer = VoteResult::kNack;
  offer("five");
  EXPECT_EQ(refusals("by a"), 0);
}

TEST_F(PublisherTest, NackThatWasCountedIsNotToldAgain) {
  agent(2).answer = VoteResult::kNack;
  leader().offer("one");
  cluster_.advance(seconds(60));
  ASSERT_TRUE(cluster_.state().committed);
  EXPECT_THAT(leader().commit_refused, testing::IsEmpty());
}

TEST_F(PublisherTest, UnableLeaderHandsOverToOneThatCan) {
  leader().answer = VoteResult::kUnable;
  leader().offer("one");
  cluster_.settle();
  EXPECT_TRUE(cluster_.state().committed);  // two acks, no nack
  EXPECT_FALSE(leader().applied);
  cluster_.advance(seconds(14));
  EXPECT_TRUE(leader().leading());
  cluster_.advance(seconds(2));
  EXPECT_FALSE(leader().leading());
  EXPECT_TRUE(agent(1).leading());
}

TEST_F(PublisherTest, LostReplyOfAnyStateWriteLosesNothing) {
  for (int which = 0; which < 2; ++which) {  // the proposal, then the commit
    int writes = 0;
    leader().lose_reply = [&](const Operation& operation) { return is_state_write(operation) && writes++ == which; };
    const std::string cause = "lost " + std::to_string(which);
    leader().offer(cause);
    cluster_.advance(seconds(1));
    ASSERT_TRUE(cluster_.state().committed) << which;
    EXPECT_EQ(cluster_.state().committed->cause, cause);
    EXPECT_EQ(cluster_.state().last_revision, Revision{which + 1});
    EXPECT_EQ(leader().closed.back().fate, Fate::kCommitted);
    EXPECT_EQ(writes, 2);  // it was not written twice
    EXPECT_TRUE(leader().leading());
  }
}

TEST_F(PublisherTest, LostRepliesOfChunksAreRepeated) {
  int creates = 0;
  leader().lose_reply = [&](const Operation& operation) {
    return std::holds_alternative<CreateNode>(operation) && creates++ < 3;
  };
  leader().offer("one");
  cluster_.advance(seconds(1));
  EXPECT_TRUE(cluster_.state().committed);
}

TEST_F(PublisherTest, NewestOfferWins) {
  leader().answer = std::nullopt;
  leader().offer("one");
  cluster_.settle();
  leader().offer("two");
  leader().offer("three");
  ASSERT_THAT(leader().closed, SizeIs(1));
  EXPECT_EQ(leader().closed[0].offer, 2U);
  EXPECT_EQ(leader().closed[0].fate, Fate::kAbandoned);
  leader().answer = VoteResult::kAck;
  leader().step(StageFinished{leader().staged.back().identity, VoteResult::kAck, ""});
  cluster_.settle();
  ASSERT_THAT(leader().closed, SizeIs(3));
  EXPECT_EQ(leader().closed[1].offer, 1U);
  EXPECT_EQ(leader().closed[2].offer, 3U);
  EXPECT_EQ(cluster_.state().committed->cause, "three");
}

TEST_F(PublisherTest, EqualContentIsNotPublishedAgain) {
  leader().offer("one");
  cluster_.settle();
  const auto committed = cluster_.state().committed;
  leader().offer("one");
  cluster_.settle();
  ASSERT_THAT(leader().closed, SizeIs(2));
  EXPECT_EQ(leader().closed[1].fate, Fate::kCommitted);
  EXPECT_EQ(leader().closed[1].identity, committed->identity);
  EXPECT_EQ(cluster_.state().committed, committed);
}

TEST_F(PublisherTest, EqualContentWithAnotherQuarantineIsPublishedAgain) {
  leader().offer("one");
  cluster_.settle();
  const auto first = cluster_.state().committed->identity;
  leader().offer("one", 1, {{"/bad", "[emerg] no", "d-1", "then"}});
  cluster_.settle();
  EXPECT_EQ(cluster_.state().committed->identity.revision.value, first.revision.value + 1);
  EXPECT_EQ(cluster_.state().committed->identity.digest, first.digest);
  EXPECT_EQ(cluster_.state().committed->quarantined, 1);
  leader().offer("one");
  cluster_.settle();
  EXPECT_EQ(cluster_.state().committed->quarantined, 0);
}

TEST_F(PublisherTest, NumberThatAnotherManifestBearsIsBurnt) {
  (void)cluster_.operate(CreateNode{Path("/chorale/revisions/000001.0000000001"), "another"});
  leader().offer("one");
  cluster_.settle();
  ASSERT_TRUE(cluster_.state().committed);
  EXPECT_EQ(cluster_.state().committed->identity.revision, Revision{2});
}

TEST_F(PublisherTest, OnlyChangedChunksAreWritten) {
  leader().offer("one");
  cluster_.settle();
  leader().sent.clear();
  leader().offer("two");
  cluster_.settle();
  const auto creates = std::count_if(leader().sent.begin(), leader().sent.end(), [](const Operation& operation) {
    return std::holds_alternative<CreateNode>(operation);
  });
  EXPECT_EQ(creates, 3);  // nginx.conf's, routes.json's, the manifest
  leader().sent.clear();
  leader().offer("one");
  cluster_.settle();
  EXPECT_EQ(std::count_if(leader().sent.begin(), leader().sent.end(),
                          [](const Operation& operation) { return std::holds_alternative<CreateNode>(operation); }),
            1);
}

TEST_F(PublisherTest, OfferOutsideATermIsAbandoned) {
  agent(1).offer("one");
  ASSERT_THAT(agent(1).closed, SizeIs(1));
  EXPECT_EQ(agent(1).closed[0].fate, Fate::kAbandoned);
}

TEST_F(UntestedPublisherTest, CommitsWithoutWaitingForVotes) {
  for (const auto& each : cluster_.agents) each->answer = std::nullopt;
  leader().offer("one");
  cluster_.settle();
  EXPECT_TRUE(cluster_.state().committed);
  for (const auto& each : cluster_.agents) {
    each->step(StageFinished{each->staged.back().identity, VoteResult::kAck, ""});
  }
  cluster_.settle();
  for (const auto& each : cluster_.agents) EXPECT_EQ(each->applied, cluster_.state().committed->identity);
}

}  // namespace
}  // namespace chorale::coordination
