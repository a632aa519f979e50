// Seen on real parts: `realm = "prdo"` on one proxy. Nothing was said for weeks; the day that it led, every proxy
// answered 503 for every app, all healthy.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fakes/coordinator_cluster.h"

namespace chorale::coordination {
namespace {

using std::chrono::seconds;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

const PolicyValues kProd{{"marathon", "framework-1"}, {"realm", "prod"}};
const PolicyValues kPrdo{{"marathon", "framework-1"}, {"realm", "prdo"}};

class AnotherPolicyTest : public testing::Test {
 protected:
  TestAgent& start(const std::string& id, const PolicyValues& policy) {
    TestAgent& agent = cluster_.add(id);
    agent.announce(policy);
    agent.start(served_[id]);
    cluster_.advance(seconds(1));
    return agent;
  }
  // As an operator would, after an edit of its configuration.
  TestAgent& restart(TestAgent& agent, const PolicyValues& policy) {
    const std::string id = agent.options().id;
    stop(agent);
    return start(id, policy);
  }
  void stop(TestAgent& agent) {
    served_[agent.options().id] = agent.applied;
    cluster_.kill_and_expire(agent);
    cluster_.advance(seconds(1));
  }
  [[nodiscard]] std::string leader_id() {
    const TestAgent* leader = cluster_.leader();
    return leader == nullptr ? "none" : leader->options().id;
  }
  // The leader offers it; what became of that.
  OfferClosed publish(const std::string& text) {
    TestAgent* leader = cluster_.leader();
    if (leader == nullptr) return OfferClosed{0, Fate::kAbandoned, {}, "nobody leads", {}};
    leader->offer(text);
    cluster_.settle();
    return leader->closed.back();
  }
  Outcome accept(const std::string& what) {
    return cluster_.operate(CreateNode{Path("/chorale/accept"), encode(AcceptDocument{what, "jo"})});
  }
  [[nodiscard]] static std::optional<std::string> difference_seen_by(const TestAgent& agent) {
    return agent.view->policy_difference;
  }

  CoordinatorCluster cluster_;
  std::map<std::string, std::optional<Identity>> served_;
};

TEST_F(AnotherPolicyTest, ItLeavesItsPlaceToTheNextAndIsNamed) {
  TestAgent& a = start("a", kProd);
  const TestAgent& c = start("c", kPrdo);
  const TestAgent& b = start("b", kProd);
  ASSERT_EQ(publish("one").fate, Fate::kCommitted);
  EXPECT_EQ(cluster_.state().committed->policy, policy_digest(kProd));
  stop(a);
  cluster_.advance(seconds(3));
  EXPECT_EQ(leader_id(), "b");
  EXPECT_EQ(cluster_.state().epoch, Epoch{2}) << "it has not even taken over";
  EXPECT_THAT(c.gained, IsEmpty());
  EXPECT_EQ(difference_seen_by(c), "realm is \"prdo\" here and \"prod\" in the pool");
  EXPECT_EQ(difference_seen_by(b), std::nullopt);
  EXPECT_THAT(c.notes, Contains(HasSubstr("does not lead: another policy than the pool's")));
  EXPECT_EQ(publish("two").fate, Fate::kCommitted);
  EXPECT_EQ(c.applied, b.applied) << "it follows all the same";
  cluster_.advance(seconds(30));
  EXPECT_EQ(cluster_.state().epoch, Epoch{2});
}

TEST_F(AnotherPolicyTest, WithoutACommittedStateTheMajorityDecides) {
  start("c", kPrdo);
  EXPECT_EQ(leader_id(), "c") << "the first is the first leader's";
  start("a", kProd);
  EXPECT_EQ(leader_id(), "c");
  start("b", kProd);
  cluster_.advance(seconds(3));
  EXPECT_EQ(leader_id(), "a");
}

TEST_F(AnotherPolicyTest, EditedFileByFileItChangesOnceMoreThanHalfHaveIt) {
  TestAgent& a = start("a", kProd);
  TestAgent& b = start("b", kProd);
  TestAgent& c = start("c", kProd);
  ASSERT_EQ(publish("one").fate, Fate::kCommitted);
  restart(c, kPrdo);
  cluster_.advance(seconds(3));
  EXPECT_EQ(leader_id(), "a");
  restart(b, kPrdo);
  cluster_.advance(seconds(3));
  EXPECT_EQ(leader_id(), "c") << "the first in the election that has what most have";
  EXPECT_THAT(a.lost.back().reason, HasSubstr("another policy than the pool's"));
  EXPECT_TRUE(difference_seen_by(a));
  EXPECT_EQ(publish("one").fate, Fate::kCommitted);
  EXPECT_EQ(cluster_.state().committed->policy, policy_digest(kPrdo)) << "published anew, though the text is the same";
  EXPECT_EQ(cluster_.state().committed->identity.revision, Revision{2});
  EXPECT_EQ(publish("one").fate, Fate::kCommitted);
  EXPECT_EQ(cluster_.state().committed->identity.revision, Revision{2}) << "once";
}

TEST_F(AnotherPolicyTest, AMemberThatIsNotRegisteredCountsForTheMajority) {
  start("a", kProd);
  TestAgent& b = start("b", kProd);
  TestAgent& c = start("c", kProd);
  TestAgent& d = start("d", kProd);
  ASSERT_EQ(publish("one").fate, Fate::kCommitted);
  stop(d);
  restart(b, kPrdo);
  restart(c, kPrdo);
  cluster_.advance(seconds(3));
  EXPECT_EQ(leader_id(), "a") << "2 of 4";
  ASSERT_TRUE(cluster_.operate(DeleteNode{Path("/chorale/members/d"), kAnyVersion}));
  cluster_.advance(seconds(12));
  EXPECT_EQ(leader_id(), "b") << "2 of 3";
}

class NobodyHasThePolicyTest : public AnotherPolicyTest {
 protected:
  NobodyHasThePolicyTest() {
    TestAgent& a = start("a", kProd);
    TestAgent& b = start("b", kProd);
    EXPECT_EQ(publish("one").fate, Fate::kCommitted);
    stop(a);
    stop(b);
    c_ = &start("c", kPrdo);
    cluster_.advance(seconds(3));
  }

  TestAgent* c_ = nullptr;
};

TEST_F(NobodyHasThePolicyTest, NothingIsPublishedUntilOneComes) {
  ASSERT_EQ(leader_id(), "c");
  const OfferClosed closed = publish("no apps of this realm");
  EXPECT_EQ(closed.fate, Fate::kAbandoned);
  EXPECT_THAT(closed.reason, HasSubstr("no registered agent has the pool's policy: realm is \"prdo\" here"));
  EXPECT_THAT(c_->notes, Contains(HasSubstr("not published: no registered agent has the pool's policy")));
  EXPECT_EQ(cluster_.state().committed->identity.revision, Revision{1});
  start("a", kProd);
  cluster_.advance(seconds(3));
  EXPECT_EQ(leader_id(), "a");
  EXPECT_EQ(publish("two").fate, Fate::kCommitted);
}

TEST_F(NobodyHasThePolicyTest, AnOperatorMayAcceptAnother) {
  ASSERT_TRUE(accept("policy"));
  cluster_.advance(seconds(1));
  EXPECT_FALSE(cluster_.read("/chorale/accept")) << "it is taken once";
  EXPECT_THAT(c_->notes, Contains("jo has accepted this agent's policy for the pool: realm is \"prdo\" here and "
                                  "\"prod\" in the pool"));
  EXPECT_EQ(publish("two").fate, Fate::kCommitted);
  EXPECT_EQ(cluster_.state().committed->policy, policy_digest(kPrdo));
  cluster_.advance(seconds(2));
  EXPECT_EQ(decode_history(*cluster_.read("/chorale/history"))->front().by, "jo");
  EXPECT_EQ(publish("three").fate, Fate::kCommitted);
  cluster_.advance(seconds(2));
  EXPECT_EQ(decode_history(*cluster_.read("/chorale/history"))->front().by, "") << "what follows is nobody's doing";
  start("a", kProd);
  cluster_.advance(seconds(3));
  EXPECT_EQ(leader_id(), "c") << "it has the pool's now";
  EXPECT_EQ(difference_seen_by(*c_), std::nullopt);
}

// What was asked for is done: `status` must not go on asking for it until the leader offers again.
TEST_F(NobodyHasThePolicyTest, OnceAcceptedBlockedDoesNotAskForItAgain) {
  ASSERT_EQ(publish("two").fate, Fate::kAbandoned);
  cluster_.advance(seconds(6));
  ASSERT_TRUE(c_->view->blocked);
  EXPECT_THAT(c_->view->blocked->reason, HasSubstr("`chorale accept policy` makes"));
  ASSERT_TRUE(accept("policy"));
  cluster_.advance(seconds(1));
  ASSERT_TRUE(c_->view->blocked) << "nothing was offered since";
  EXPECT_EQ(c_->view->blocked->reason, "the policy is accepted, and the routes are offered again in a moment");
  EXPECT_EQ(publish("two").fate, Fate::kCommitted);
  EXPECT_FALSE(c_->view->blocked);
}

TEST_F(NobodyHasThePolicyTest, WhatWasAcceptedHoldsForOneLeadership) {
  ASSERT_TRUE(accept("policy"));
  cluster_.advance(seconds(1));
  c_ = &restart(*c_, kPrdo);
  cluster_.advance(seconds(3));
  ASSERT_EQ(leader_id(), "c");
  EXPECT_EQ(publish("two").fate, Fate::kAbandoned);
}

// The deletion happens and its reply is lost: the word is taken all the same, since nobody else can have it.
TEST_F(NobodyHasThePolicyTest, WordWhoseDeletionWasNotAnsweredIsTakenOnce) {
  c_->lose_reply = [lost = false](const Operation& operation) mutable {
    return std::holds_alternative<DeleteNode>(operation) && path_of(operation).name() == "accept" &&
           !std::exchange(lost, true);
  };
  ASSERT_TRUE(accept("0123456789ab"));
  cluster_.advance(seconds(2));
  EXPECT_FALSE(cluster_.read("/chorale/accept"));
  ASSERT_EQ(c_->losses_accepted.size(), 1U);
  EXPECT_EQ(c_->losses_accepted[0].digest, "0123456789ab");
  cluster_.advance(seconds(30));
  EXPECT_EQ(c_->losses_accepted.size(), 1U);
}

// It would stand in the way of the next word, for as long as nobody looks.
TEST_F(NobodyHasThePolicyTest, WordThatMeansNothingIsNamedAndDeleted) {
  for (const std::string& text : {encode(AcceptDocument{"0123456789abc", "jo"}), std::string("{\"accept\"")}) {
    ASSERT_TRUE(cluster_.operate(CreateNode{Path("/chorale/accept"), text}));
    cluster_.advance(seconds(1));
    EXPECT_FALSE(cluster_.read("/chorale/accept")) << text;
  }
  EXPECT_THAT(c_->notes,
              Contains("\"0123456789abc\" at /chorale/accept is neither \"policy\" nor the digest of a loss, "
                       "and was deleted"));
  EXPECT_THAT(c_->notes, Contains(HasSubstr("{\"accept\"\" at /chorale/accept is neither")));
  EXPECT_TRUE(c_->losses_accepted.empty());
  ASSERT_TRUE(accept("0123456789ab"));
  cluster_.advance(seconds(1));
  EXPECT_EQ(c_->losses_accepted.size(), 1U);
}

TEST_F(NobodyHasThePolicyTest, ALossIsTakenOnceAndAcceptsNoPolicy) {
  ASSERT_TRUE(accept("0123456789ab"));
  cluster_.advance(seconds(12));
  EXPECT_FALSE(cluster_.read("/chorale/accept"));
  ASSERT_EQ(c_->losses_accepted.size(), 1U);
  EXPECT_EQ(c_->losses_accepted[0].digest, "0123456789ab");
  EXPECT_EQ(c_->losses_accepted[0].by, "jo");
  EXPECT_EQ(publish("two").fate, Fate::kAbandoned);
  // As zkCli writes it.
  ASSERT_TRUE(cluster_.operate(CreateNode{Path("/chorale/accept"), "ba9876543210"}));
  cluster_.advance(seconds(1));
  EXPECT_FALSE(cluster_.read("/chorale/accept"));
  ASSERT_EQ(c_->losses_accepted.size(), 2U);
  EXPECT_EQ(c_->losses_accepted[1].digest, "ba9876543210");
}

TEST_F(NobodyHasThePolicyTest, AManifestThatIsGoneNamesNoPolicy) {
  cluster_.kill_and_expire(*c_);
  ASSERT_TRUE(cluster_.operate(DeleteNode{Path("/chorale/revisions/000001.0000000001"), kAnyVersion}));
  const TestAgent& d = start("d", kPrdo);
  cluster_.advance(seconds(3));
  EXPECT_EQ(publish("two").fate, Fate::kCommitted);
  EXPECT_THAT(d.notes, Contains(HasSubstr("of the committed revision cannot be read")));
}

// An answer that was lost says nothing about the policy: who does not know it yet does not lead.
TEST_F(NobodyHasThePolicyTest, AManifestThatCouldNotBeReadIsReadAgain) {
  cluster_.kill_and_expire(*c_);
  TestAgent& d = cluster_.add("d");
  d.announce(kPrdo);
  int lost = 0;
  d.refuse = [&lost](const Operation& operation) -> std::optional<ErrorKind> {
    const bool is_manifest = std::holds_alternative<ReadNode>(operation) &&
                             path_of(operation) == Path("/chorale/revisions/000001.0000000001");
    if (!is_manifest || lost == 2) return std::nullopt;
    ++lost;
    return ErrorKind::kConnectionLoss;
  };
  d.start({});
  cluster_.advance(seconds(10));
  EXPECT_EQ(lost, 2);
  EXPECT_EQ(difference_seen_by(d), "realm is \"prdo\" here and \"prod\" in the pool");
  EXPECT_EQ(publish("two").fate, Fate::kAbandoned);
}

TEST_F(AnotherPolicyTest, AWordThatNobodyWaitsForIsTakenAndChangesNothing) {
  const TestAgent& a = start("a", kProd);
  ASSERT_EQ(publish("one").fate, Fate::kCommitted);
  ASSERT_TRUE(accept("policy"));
  cluster_.advance(seconds(1));
  EXPECT_FALSE(cluster_.read("/chorale/accept"));
  EXPECT_THAT(a.notes, Contains("a policy was accepted by jo, and none waits for it"));
}

TEST_F(AnotherPolicyTest, WhatIsUnknownDiffersFromNothing) {
  TestAgent& a = start("a", kProd);
  ASSERT_EQ(publish("one").fate, Fate::kCommitted);
  TestAgent& b = start("b", {{"realm", "prod"}});  // its Marathon has not answered
  stop(a);
  cluster_.advance(seconds(3));
  ASSERT_EQ(leader_id(), "b");
  EXPECT_EQ(publish("two").fate, Fate::kCommitted);
  EXPECT_EQ(cluster_.state().committed->policy, policy_digest(kProd)) << "what it does not know stays";
  b.announce({{"marathon", "framework-2"}, {"realm", "prod"}});
  cluster_.settle();
  EXPECT_EQ(publish("three").fate, Fate::kAbandoned) << "now it is known to be another Marathon";
  TestAgent& c = start("c", {});
  cluster_.advance(seconds(3));
  EXPECT_EQ(leader_id(), "b") << "one of an older version announces nothing: it is not known to have it";
  stop(c);
  start("d", kProd);
  cluster_.advance(seconds(3));
  EXPECT_EQ(leader_id(), "d");
}

TEST_F(AnotherPolicyTest, AgentsThatAnnounceNothingAreHeldToNothing) {
  TestAgent& a = start("a", kProd);
  ASSERT_EQ(publish("one").fate, Fate::kCommitted);
  stop(a);
  start("b", {});
  cluster_.advance(seconds(3));
  ASSERT_EQ(leader_id(), "b");
  EXPECT_EQ(publish("one").fate, Fate::kCommitted);
  EXPECT_EQ(cluster_.state().committed->identity.revision, Revision{1});
}

TEST_F(AnotherPolicyTest, MembersOutliveTheirAgentsAndAreWrittenAgain) {
  TestAgent& a = start("a", kProd);
  start("b", kProd);
  EXPECT_THAT(cluster_.list("/chorale/members"), ElementsAre("a", "b"));
  EXPECT_EQ(decode_member(*cluster_.read("/chorale/members/b"))->host, "host-of-instance-of-b");
  stop(a);
  EXPECT_THAT(cluster_.list("/chorale/members"), ElementsAre("a", "b"));
  ASSERT_TRUE(cluster_.operate(DeleteNode{Path("/chorale/members/a"), kAnyVersion}));
  ASSERT_TRUE(cluster_.operate(DeleteNode{Path("/chorale/members/b"), kAnyVersion}));
  cluster_.advance(seconds(1));
  EXPECT_THAT(cluster_.list("/chorale/members"), ElementsAre("b"));
}

TEST_F(AnotherPolicyTest, MembersThatCannotBeListedStopNoLeader) {
  TestAgent& a = cluster_.add("a");
  a.announce(kProd);
  a.refuse = [](const Operation& operation) -> std::optional<ErrorKind> {
    if (std::holds_alternative<ListChildren>(operation) && path_of(operation) == Path("/chorale/members")) {
      return ErrorKind::kNoAuth;
    }
    return std::nullopt;
  };
  a.start();
  cluster_.advance(seconds(1));
  EXPECT_EQ(publish("one").fate, Fate::kCommitted);
  EXPECT_THAT(a.notes, Contains(HasSubstr("members cannot be listed")));
}

}  // namespace
}  // namespace chorale::coordination
