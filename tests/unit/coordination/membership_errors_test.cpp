// The own agent znode when its operations fail: what is tried again, when, and what is said about it.
#include <gmock/gmock.h>

#include "coordination/membership.h"
#include "pool.h"

namespace chorale::coordination {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::_;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

const std::string kOwn = "/chorale/agents/b";

// a leads; b's own znode is the subject.
class MembershipErrorsTest : public PoolTest {
 protected:
  AgentDocument document() { return decode_agent(cluster_.read(kOwn).value_or("")).value_or(AgentDocument{}); }
  void say(const std::string& message) { b().step(StatusChanged{Condition::kOk, message, "t", true}); }
  // The roster reads the same path, but sets a watch.
  static std::ptrdiff_t own_looks(const TestAgent& agent) {
    return std::count_if(agent.sent.begin(), agent.sent.end(), [](const Operation& operation) {
      return asks<ReadNode>(operation, kOwn) && !std::get<ReadNode>(operation).watch;
    });
  }
  std::ptrdiff_t complaints() {
    return std::count_if(b().notes.begin(), b().notes.end(),
                         [](const std::string& note) { return note.find("own znode " + kOwn) != std::string::npos; });
  }
};

TEST_F(MembershipErrorsTest, CreateIsRetriedEachErrorInItsTime) {
  const struct {
    ErrorKind kind;
    milliseconds delay;
  } cases[] = {{ErrorKind::kNoNode, milliseconds(100)},
               {ErrorKind::kConnectionLoss, milliseconds(100)},
               {ErrorKind::kNoAuth, seconds(5)}};
  for (const auto& [kind, delay] : cases) {
    TestAgent& agent = cluster_.add(std::string(to_string(kind)));
    const std::string path = "/chorale/agents/" + agent.options().id;
    agent.refuse = refusing<CreateNode>(path, kind, 1);
    agent.start();
    cluster_.settle();
    EXPECT_FALSE(cluster_.read(path));
    cluster_.advance(delay - milliseconds(100));
    EXPECT_EQ(times_asked<CreateNode>(agent, path), 1) << to_string(kind);
    cluster_.advance(milliseconds(100));
    EXPECT_TRUE(cluster_.read(path)) << to_string(kind);
    EXPECT_EQ(agent.notes.empty(), kind != ErrorKind::kNoAuth);
  }
}

TEST_F(MembershipErrorsTest, RefusalIsReportedOnceUntilItWasOvercome) {
  b().refuse = refusing<WriteNode>(kOwn, ErrorKind::kNoAuth, 3);
  say("one");
  cluster_.advance(seconds(10));
  EXPECT_EQ(times_asked<WriteNode>(b(), kOwn), 3);
  EXPECT_EQ(complaints(), 1);
  cluster_.advance(seconds(5));
  EXPECT_EQ(document().message, "one");
  b().refuse = refusing<WriteNode>(kOwn, ErrorKind::kNoAuth, 1);
  say("two");
  cluster_.advance(seconds(5));
  EXPECT_EQ(complaints(), 2);
  EXPECT_EQ(document().message, "two");
}

TEST_F(MembershipErrorsTest, RefusedWriteIsRetriedAfterFiveSeconds) {
  b().refuse = refusing<WriteNode>(kOwn, ErrorKind::kNoAuth, 1);
  say("one");
  expect_asked_after<WriteNode>(b(), kOwn, seconds(5));
  EXPECT_EQ(document().message, "one");
}

TEST_F(MembershipErrorsTest, LostWriteIsReadBackAfterAMoment) {
  b().refuse = refusing<WriteNode>(kOwn, ErrorKind::kConnectionLoss, 1);
  say("one");
  expect_asked_after<WriteNode>(b(), kOwn, milliseconds(100));
  EXPECT_EQ(document().message, "one");
}

TEST_F(MembershipErrorsTest, WriteAtAnotherVersionReadsTheOwnZnodeAndWritesOverIt) {
  write(kOwn, "an operator was here");
  say("one");
  cluster_.settle();
  EXPECT_EQ(document().message, "one");
}

TEST_F(MembershipErrorsTest, WriteOfADeletedZnodeCreatesIt) {
  b().deaf = true;
  remove(kOwn);
  say("one");
  cluster_.settle();
  EXPECT_EQ(document().message, "one");
}

TEST_F(MembershipErrorsTest, WhatChangesWhileAWriteIsUnderWayIsWrittenNext) {
  b().sent.clear();
  say("one");
  say("two");
  say("three");
  EXPECT_EQ(times_asked<WriteNode>(b(), kOwn), 1);
  cluster_.settle();
  EXPECT_EQ(times_asked<WriteNode>(b(), kOwn), 2);
  EXPECT_EQ(document().message, "three");
}

TEST_F(MembershipErrorsTest, OwnZnodeIsReadBackOnTheSlowTimer) {
  b().deaf = true;  // its roster reads the same path; the own look is the one without a watch
  cluster_.ensemble->expire(b().session());
  cluster_.advance(seconds(1));
  write(kOwn, "{");
  cluster_.advance(seconds(11));
  EXPECT_EQ(document().id, "b") << "unreadable, but of the own session: written anew";
}

TEST_F(MembershipErrorsTest, OwnZnodeIsReadBackAtMostOnceInTenSeconds) {
  b().sent.clear();
  cluster_.advance(seconds(40));
  EXPECT_EQ(own_looks(b()), 4);
}

TEST_F(MembershipErrorsTest, GhostThatChangesWhileItIsDeletedIsReadAgain) {
  for (const ErrorKind kind : {ErrorKind::kBadVersion, ErrorKind::kNoNode, ErrorKind::kConnectionLoss}) {
    TestAgent& killed = *cluster_.agents.back();
    cluster_.kill(killed);
    TestAgent& again = cluster_.add("b");
    again.refuse = refusing<DeleteNode>(kOwn, kind, 1);
    again.start();
    cluster_.settle();
    EXPECT_EQ(document().instance, "instance-of-b");
    cluster_.advance(milliseconds(100));
    const Outcome owner = cluster_.operate(ReadNode{Path(kOwn)});
    ASSERT_TRUE(owner) << to_string(kind);
    EXPECT_EQ(std::get<NodeRead>(*owner).stat.ephemeral_owner, again.session()) << to_string(kind);
  }
}

TEST_F(MembershipErrorsTest, StrangersZnodeIsLookedAtTwiceASecondAndReportedOnce) {
  TestAgent& stranger = cluster_.add("b", "elsewhere");
  stranger.start();
  cluster_.settle();
  for (int look = 0; look < 3; ++look) expect_asked_after<ReadNode>(stranger, kOwn, milliseconds(500));
  EXPECT_THAT(stranger.notes, ElementsAre(HasSubstr("held by an agent on host-of-instance-of-b")));
  EXPECT_EQ(times_asked<DeleteNode>(stranger, kOwn), 0);
}

TEST_F(MembershipErrorsTest, IdIsTakenWhenTheTimeoutAndTwoSecondsHavePassed) {
  TestAgent& stranger = cluster_.add("b", "elsewhere");
  stranger.start();
  cluster_.advance(milliseconds(11'900));
  EXPECT_THAT(stranger.notes, SizeIs(1));
  cluster_.advance(milliseconds(100));
  EXPECT_THAT(stranger.notes, ElementsAre(_, HasSubstr("uses the id b")));
  stranger.sent.clear();
  cluster_.advance(seconds(20));
  EXPECT_EQ(own_looks(stranger), 4) << "every 5 s";
  EXPECT_EQ(times_asked<CreateNode>(stranger, kOwn), 0);
  EXPECT_EQ(times_asked<DeleteNode>(stranger, kOwn), 0);
  EXPECT_THAT(stranger.notes, SizeIs(2));
  EXPECT_THAT(stranger.refused, IsEmpty());
}

TEST_F(MembershipErrorsTest, ANewSessionWaitsForTheStrangerAnew) {
  TestAgent& stranger = cluster_.add("b", "elsewhere");
  stranger.start();
  cluster_.advance(seconds(8));
  cluster_.ensemble->expire(stranger.session());
  cluster_.advance(seconds(8));
  EXPECT_THAT(stranger.notes, Not(Contains(HasSubstr("uses the id b"))));
  cluster_.advance(seconds(6));
  EXPECT_THAT(stranger.notes, Contains(HasSubstr("uses the id b")));
}

TEST_F(MembershipErrorsTest, UnreadableZnodeOfAnotherSessionIsAStrangers) {
  create("/chorale/agents/c", "{");
  TestAgent& c = cluster_.add("c");
  c.start();
  cluster_.advance(seconds(13));
  EXPECT_THAT(c.notes, Contains(HasSubstr("another agent, on an unknown host, uses the id c")));
  EXPECT_EQ(cluster_.read("/chorale/agents/c"), "{");
}

TEST_F(MembershipErrorsTest, HandoverDeletesOnlyWhatIsOwn) {
  TestAgent& stranger = cluster_.add("b", "elsewhere");
  stranger.start();
  cluster_.advance(seconds(1));
  stranger.step(HandoverRequested{});
  cluster_.settle();
  EXPECT_TRUE(stranger.handed_over);
  EXPECT_TRUE(cluster_.read(kOwn));

  cluster_.ensemble->disconnect(b().session());
  cluster_.settle();
  b().step(HandoverRequested{});
  EXPECT_TRUE(b().handed_over) << "not connected: nobody can know";
}

TEST_F(MembershipErrorsTest, HandoverWhileAWriteIsUnderWayDeletesTheZnode) {
  say("one");
  b().step(HandoverRequested{});
  cluster_.settle();
  EXPECT_FALSE(cluster_.read(kOwn));
  EXPECT_TRUE(b().handed_over);
  b().sent.clear();
  say("two");
  cluster_.advance(seconds(20));
  EXPECT_THAT(b().sent, IsEmpty()) << "it has left for ever";
}

TEST_F(MembershipErrorsTest, ZnodeThatAnotherSessionTookIsNotDeletedByTheHandover) {
  b().deaf = true;
  remove(kOwn);
  create(kOwn, "theirs");
  b().step(HandoverRequested{});
  cluster_.settle();
  EXPECT_EQ(cluster_.read(kOwn), "theirs");
  EXPECT_TRUE(b().handed_over);
}

}  // namespace
}  // namespace chorale::coordination
