// What becomes of an offer, and what stands in the tree because of it.
#include <gmock/gmock.h>

#include "coordination/publisher.h"
#include "pool.h"

namespace chorale::coordination {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

// a leads, b and c follow.
class OffersTest : public PoolTest {
 protected:
  OffersTest() : PoolTest({"a", "b", "c"}) {}
  TestAgent& c() { return agent(2); }
  Manifest manifest_of(const RevisionHeader& header) {
    const auto text =
        cluster_.read("/chorale/revisions/" + manifest_name(header.identity.epoch, header.identity.revision));
    return decode_manifest(text.value_or("")).value_or(Manifest{});
  }
  void answer_all(std::optional<VoteResult> result) {
    for (const auto& each : cluster_.agents) each->answer = result;
  }
};

TEST_F(OffersTest, ManifestSaysWhatWasOffered) {
  a().offer("zero");
  cluster_.settle();
  const Identity parent = cluster_.state().committed->identity;
  StateOffered offered;
  offered.offer = 7;
  offered.content = described({{"nginx.conf", std::make_shared<const std::string>("conf\n"), {{0, "/app"}}},
                               {"routes.json", std::make_shared<const std::string>("routes\n"), {{0, "/app"}}}});
  offered.cause = std::string(2'000, 'x');
  offered.apps = 20;
  offered.servers = 61;
  offered.quarantined = {{"/bad", "the label x", "d-1"}};
  offered.created_at = "2026-11-22T12:00:00.000Z";
  offered.event_at = "2026-11-22T11:59:59.860Z";
  a().step(offered);
  cluster_.settle();
  const auto committed = cluster_.state().committed;
  ASSERT_TRUE(committed);
  EXPECT_EQ(committed->apps, 20);
  EXPECT_EQ(committed->servers, 61);
  EXPECT_EQ(committed->quarantined, 1);
  EXPECT_EQ(committed->created_at, offered.created_at);
  EXPECT_EQ(committed->cause, std::string(1'024, 'x'));
  const Manifest manifest = manifest_of(*committed);
  EXPECT_EQ(manifest.header, *committed);
  EXPECT_EQ(manifest.parent, parent);
  EXPECT_EQ(manifest.event_at, offered.event_at);
  EXPECT_EQ(manifest.quarantined, offered.quarantined);
  EXPECT_EQ(manifest.files.at("nginx.conf").bytes, 5);
  EXPECT_EQ(manifest.files.at("nginx.conf").chunks[0].bytes, 5);
  EXPECT_EQ(manifest.files.at("nginx.conf").chunks[0].first_app, "");
  EXPECT_EQ(manifest.files.at("routes.json").chunks[0].first_app, "/app");
  EXPECT_EQ(a().closed.back().offer, 7U);
  EXPECT_EQ(a().closed.back().identity, committed->identity);
}

TEST_F(OffersTest, ReasonOfAnUntakenOfferIsGiven) {
  b().offer("one");
  ASSERT_THAT(b().closed, SizeIs(1));
  EXPECT_EQ(b().closed[0].reason, "not the leader");
  a().answer = std::nullopt;
  a().offer("one");
  cluster_.settle();
  a().offer("two");
  a().offer("three");
  ASSERT_THAT(a().closed, SizeIs(1));
  EXPECT_EQ(a().closed[0].reason, "a newer offer took its place");
}

TEST_F(OffersTest, RefusedContentIsTakenAgainAfterThirtySeconds) {
  answer_all(VoteResult::kNack);
  a().offer("one");
  cluster_.settle();
  answer_all(VoteResult::kAck);
  a().offer("two");
  cluster_.settle();
  ASSERT_THAT(a().closed, SizeIs(2));
  EXPECT_EQ(a().closed[1].fate, Fate::kCommitted) << "another content";
  cluster_.advance(milliseconds(29'900));
  a().offer("one");
  cluster_.settle();
  ASSERT_THAT(a().closed, SizeIs(3));
  EXPECT_EQ(a().closed[2].fate, Fate::kRejected);
  EXPECT_EQ(a().closed[2].reason, "the same content was refused a moment ago");
  cluster_.advance(milliseconds(100));
  a().offer("one");
  cluster_.settle();
  EXPECT_EQ(a().closed.back().fate, Fate::kCommitted);
}

TEST_F(OffersTest, RefusedContentIsTakenAgainAtOnceWhenTheAnswersAreOutdated) {
  answer_all(VoteResult::kNack);
  a().offer("one");
  cluster_.settle();
  answer_all(VoteResult::kAck);
  a().step(AnswersOutdated{});
  a().offer("one");
  cluster_.settle();
  EXPECT_EQ(a().closed.back().fate, Fate::kCommitted);
}

TEST_F(OffersTest, AnotherTermTakesRefusedContentAtOnce) {
  answer_all(VoteResult::kNack);
  a().offer("one");
  cluster_.settle();
  answer_all(VoteResult::kAck);
  cluster_.ensemble->disconnect(a().session());
  cluster_.advance(seconds(7));
  cluster_.ensemble->reconnect(a().session());
  cluster_.advance(seconds(1));
  ASSERT_TRUE(a().leading());
  a().offer("one");
  cluster_.settle();
  EXPECT_EQ(a().closed.back().fate, Fate::kCommitted);
}

TEST_F(OffersTest, NacksOfAnEarlierProposalAreNotNamedAgain) {
  c().answer = VoteResult::kNack;
  a().offer("one");
  cluster_.settle();
  EXPECT_THAT(a().closed.back().nacked, ElementsAre("c"));
  c().answer = VoteResult::kAck;
  a().offer("two");
  cluster_.settle();
  EXPECT_THAT(a().closed.back().nacked, IsEmpty());
  a().offer("two");
  cluster_.settle();
  EXPECT_THAT(a().closed.back().nacked, IsEmpty());
}

TEST_F(OffersTest, DeadlineIsTheStageTimeout) {
  c().answer = std::nullopt;
  a().offer("one");
  cluster_.advance(milliseconds(2'900));
  EXPECT_FALSE(cluster_.state().committed);
  cluster_.advance(milliseconds(100));
  EXPECT_TRUE(cluster_.state().committed);
}

TEST_F(OffersTest, AgentThatComesDuringTheVoteIsNotWaitedFor) {
  a().answer = std::nullopt;
  a().offer("one");
  cluster_.settle();
  TestAgent& d = cluster_.add("d");
  d.answer = std::nullopt;
  d.start();
  cluster_.advance(seconds(1));
  ASSERT_THAT(d.staged, SizeIs(1));
  a().step(StageFinished{a().staged.back().identity, VoteResult::kAck, ""});
  cluster_.settle();
  EXPECT_TRUE(cluster_.state().committed);
}

TEST_F(OffersTest, SilentAgentThatOnlyRepeatsAnOlderAnswerIsNotWaitedFor) {
  a().offer("zero");
  cluster_.settle();
  c().answer = std::nullopt;
  a().offer("one");
  cluster_.advance(seconds(4));
  c().step(StatusChanged{Condition::kOk, "still here, and its vote is on zero", "t", true});
  cluster_.settle();
  a().offer("two");
  cluster_.settle();
  EXPECT_EQ(cluster_.state().committed->cause, "two");
}

TEST_F(OffersTest, LateAnswerToTheSilentRevisionIsNoReasonToWaitAgain) {
  c().answer = std::nullopt;
  a().offer("one");
  cluster_.advance(seconds(4));
  c().step(StageFinished{c().staged.back().identity, VoteResult::kAck, ""});
  cluster_.advance(seconds(1));
  a().offer("two");
  cluster_.settle();
  EXPECT_EQ(cluster_.state().committed->cause, "two") << "it takes too long";
}

TEST_F(OffersTest, AnotherTermWaitsForEverybodyAgain) {
  c().answer = std::nullopt;
  a().offer("one");
  cluster_.advance(seconds(4));
  cluster_.ensemble->disconnect(a().session());
  cluster_.advance(seconds(7));
  cluster_.ensemble->reconnect(a().session());
  cluster_.advance(seconds(1));
  ASSERT_TRUE(a().leading());
  a().offer("two");
  cluster_.advance(seconds(1));
  EXPECT_EQ(cluster_.state().committed->cause, "one");
  cluster_.advance(seconds(3));
  EXPECT_EQ(cluster_.state().committed->cause, "two");
}

TEST_F(OffersTest, EveryWriteOfTheStateThatNeverHappenedIsRepeated) {
  for (int which = 0; which < 2; ++which) {  // the proposal, then the commit or the withdrawal
    for (const VoteResult result : {VoteResult::kAck, VoteResult::kNack}) {
      answer_all(result);
      int writes = 0;
      a().refuse = [&](const Operation& operation) -> std::optional<ErrorKind> {
        if (!asks<WriteNode>(operation, kState) || writes++ != which) return std::nullopt;
        return ErrorKind::kConnectionLoss;
      };
      a().offer("write " + std::to_string(which) + (result == VoteResult::kAck ? " ack" : " nack"));
      cluster_.settle();
      EXPECT_EQ(a().closed.back().fate, result == VoteResult::kAck ? Fate::kCommitted : Fate::kRejected) << which;
      EXPECT_EQ(writes, 3);
      EXPECT_FALSE(cluster_.state().proposed);
      EXPECT_TRUE(a().leading());
    }
  }
}

TEST_F(OffersTest, LostReplyOfTheWithdrawalLosesNothing) {
  answer_all(VoteResult::kNack);
  int writes = 0;
  a().lose_reply = [&](const Operation& operation) { return asks<WriteNode>(operation, kState) && writes++ == 1; };
  a().offer("one");
  cluster_.settle();
  ASSERT_THAT(a().closed, SizeIs(1));
  EXPECT_EQ(a().closed[0].fate, Fate::kRejected);
  EXPECT_EQ(writes, 2);
  EXPECT_THAT(cluster_.list("/chorale/revisions"), IsEmpty());
}

TEST_F(OffersTest, OfferOfADisconnectedLeaderWaitsForTheConnection) {
  cluster_.ensemble->disconnect(a().session());
  cluster_.settle();
  a().offer("one");
  cluster_.advance(seconds(1));
  EXPECT_THAT(a().closed, IsEmpty());
  cluster_.ensemble->reconnect(a().session());
  cluster_.advance(seconds(1));
  ASSERT_THAT(a().closed, SizeIs(1));
  EXPECT_EQ(a().closed[0].fate, Fate::kCommitted);
}

TEST_F(OffersTest, EndOfATermClosesTheCurrentAndTheWaitingOffer) {
  a().answer = std::nullopt;
  const std::uint64_t current = a().offer("one");
  cluster_.settle();
  const std::uint64_t waiting = a().offer("two");
  a().step(HandoverRequested{});
  ASSERT_THAT(a().closed, SizeIs(2));
  EXPECT_EQ(a().closed[0].offer, current);
  EXPECT_EQ(a().closed[1].offer, waiting);
  for (const OfferClosed& closed : a().closed) {
    EXPECT_EQ(closed.fate, Fate::kAbandoned);
    EXPECT_EQ(closed.reason, "handing over");
  }
}

TEST_F(OffersTest, EndedLeadershipUploadsNoMore) {
  std::string text;
  for (int line = 0; line < 400; ++line) text += std::to_string(line) + std::string(16'000, 'x') + "\n";
  StateOffered big;
  big.offer = 1;
  big.content = described({PublishedFile{"nginx.conf", std::make_shared<const std::string>(text), {}}});
  ASSERT_GT(big.content.entries.at("nginx.conf").chunks.size(), kPipelineLimit);
  a().hold_replies(true);
  a().step(big);
  a().step(HandoverRequested{});
  a().sent.clear();
  a().hold_replies(false);
  cluster_.settle();
  EXPECT_EQ(std::count_if(a().sent.begin(), a().sent.end(),
                          [](const Operation& operation) { return std::holds_alternative<CreateNode>(operation); }),
            0);
}

TEST_F(OffersTest, RepeatedCollisionsBurnANumberEach) {
  for (const char* name : {"000001.0000000001", "000001.0000000002"}) {
    create(std::string("/chorale/revisions/") + name, "another");
  }
  a().offer("one");
  cluster_.settle();
  ASSERT_TRUE(cluster_.state().committed);
  EXPECT_EQ(cluster_.state().committed->identity.revision, Revision{3});
  EXPECT_EQ(cluster_.state().last_revision, Revision{3});
  EXPECT_EQ(manifest_of(*cluster_.state().committed).header, *cluster_.state().committed);
}

}  // namespace
}  // namespace chorale::coordination
