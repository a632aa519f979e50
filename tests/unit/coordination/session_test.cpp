#include "coordination/session.h"

#include <gtest/gtest.h>

namespace chorale::coordination {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class SessionTest : public testing::Test {
 protected:
  SessionTest() : context_(CoordinatorOptions{}), session_(context_) {
    context_.now = TimePoint(std::chrono::hours(1));
    session_.start();
  }

  Session::Change tell(SessionState state, Generation generation) {
    return session_.on_event(SessionEvent{generation, state, SessionId{7}, milliseconds(6'000)});
  }
  Session::Change tell(SessionState state) { return tell(state, context_.link.generation); }
  Session::Change pass(milliseconds duration) {
    context_.now += duration;
    return session_.drive();
  }
  std::size_t handles_opened() const {
    std::size_t opened = 0;
    for (const Effect& effect : context_.effects) {
      const auto* for_store = std::get_if<StoreEffect>(&effect);
      opened += for_store != nullptr && std::holds_alternative<OpenHandle>(*for_store) ? 1 : 0;
    }
    return opened;
  }

  std::size_t lines() const {
    std::size_t written = 0;
    for (const Effect& effect : context_.effects) {
      const auto* for_agent = std::get_if<AgentEffect>(&effect);
      written += for_agent != nullptr && std::holds_alternative<LogLine>(*for_agent) ? 1 : 0;
    }
    return written;
  }

  Context context_;
  Session session_;
};

TEST_F(SessionTest, NegotiatedTimeoutRules) {
  EXPECT_EQ(context_.link.timeout, seconds(10));
  EXPECT_EQ(tell(SessionState::kConnected), Session::Change::kConnected);
  EXPECT_EQ(context_.link.timeout, seconds(6));
}

TEST_F(SessionTest, TwoThirdsOfTheTimeoutIsQuietForTooLong) {
  (void)tell(SessionState::kConnected);
  (void)tell(SessionState::kConnecting);
  EXPECT_EQ(pass(milliseconds(3'999)), Session::Change::kNone);
  EXPECT_FALSE(session_.quiet_for_too_long());
  (void)pass(milliseconds(1));
  EXPECT_TRUE(session_.quiet_for_too_long());
}

// Others take the session for dead by then; the ensemble may be one that refuses this handle without a word.
TEST_F(SessionTest, GivesASessionUpAfterOneAndAHalfTimeouts) {
  (void)tell(SessionState::kConnected);
  (void)tell(SessionState::kConnecting);
  EXPECT_EQ(pass(milliseconds(8'999)), Session::Change::kNone);
  EXPECT_EQ(pass(milliseconds(1)), Session::Change::kEnded);
  (void)pass(seconds(1));
  EXPECT_EQ(handles_opened(), 2U);
}

TEST_F(SessionTest, ExpiredHandleIsReplacedAndItsLateWordsAreDropped) {
  (void)tell(SessionState::kConnected);
  const Generation old = context_.link.generation;
  EXPECT_EQ(tell(SessionState::kExpired), Session::Change::kEnded);
  (void)pass(seconds(1));
  ASSERT_EQ(handles_opened(), 2U);
  EXPECT_EQ(tell(SessionState::kConnected, old), Session::Change::kNone);
  EXPECT_FALSE(context_.link.connected);
  EXPECT_EQ(tell(SessionState::kConnected), Session::Change::kConnected);
}

TEST_F(SessionTest, RefusedCredentialsAreNotTriedInALoop) {
  EXPECT_EQ(tell(SessionState::kAuthFailed), Session::Change::kEnded);
  (void)pass(milliseconds(4'900));
  EXPECT_EQ(handles_opened(), 1U);
  (void)pass(seconds(1));
  EXPECT_EQ(handles_opened(), 2U);
}

// At boot, before the network: a second later it may be there.
TEST_F(SessionTest, NamesThatDoNotResolveAreTriedAgainAfterASecond) {
  EXPECT_EQ(tell(SessionState::kUnresolved), Session::Change::kEnded);
  EXPECT_EQ(session_.message(), "no host name of the connect string can be resolved");
  (void)pass(milliseconds(900));
  EXPECT_EQ(handles_opened(), 1U);
  (void)pass(milliseconds(400));
  EXPECT_EQ(handles_opened(), 2U);
  for (int i = 0; i < 20; ++i) {
    (void)tell(SessionState::kUnresolved);
    (void)pass(milliseconds(5'300));
  }
  EXPECT_EQ(handles_opened(), 22U) << "at most 5 s apart, however often";
  EXPECT_EQ(lines(), 1U) << "told once, however often";
  EXPECT_EQ(tell(SessionState::kAuthFailed), Session::Change::kEnded);
  EXPECT_EQ(lines(), 2U) << "another reason";
  (void)pass(milliseconds(5'300));
  (void)tell(SessionState::kConnected);
  EXPECT_EQ(tell(SessionState::kExpired), Session::Change::kEnded);
  (void)pass(milliseconds(5'300));
  (void)tell(SessionState::kUnresolved);
  EXPECT_EQ(lines(), 4U) << "it had been connected";
}

TEST_F(SessionTest, ReconnectingInTimeKeepsTheHandle) {
  (void)tell(SessionState::kConnected);
  for (int flap = 0; flap < 10; ++flap) {
    (void)tell(SessionState::kConnecting);
    EXPECT_EQ(pass(seconds(5)), Session::Change::kNone);
    EXPECT_EQ(tell(SessionState::kConnected), Session::Change::kConnected);
  }
  EXPECT_EQ(handles_opened(), 1U);
}

TEST_F(SessionTest, StartedTwiceOpensOneHandle) {
  session_.start();
  EXPECT_EQ(handles_opened(), 1U);
}

TEST(IdleSessionTest, HearsNothingBeforeItIsStarted) {
  Context context(CoordinatorOptions{});
  Session session(context);
  const SessionEvent connected{context.link.generation, SessionState::kConnected, SessionId{7}, seconds(6)};
  EXPECT_EQ(session.on_event(connected), Session::Change::kNone);
  EXPECT_EQ(session.drive(), Session::Change::kNone);
  EXPECT_FALSE(context.link.connected);
  EXPECT_EQ(session.message(), "not started");
}

TEST_F(SessionTest, SaysHowItIs) {
  EXPECT_EQ(session_.message(), "connecting");
  (void)tell(SessionState::kConnected);
  EXPECT_EQ(session_.message(), "OK");
  EXPECT_EQ(context_.link.session, SessionId{7});
  (void)tell(SessionState::kConnecting);
  EXPECT_EQ(session_.message(), "connection lost, reconnecting");
  EXPECT_FALSE(context_.link.connected);
  (void)tell(SessionState::kExpired);
  EXPECT_EQ(session_.message(), "session expired");
}

TEST_F(SessionTest, WithoutANegotiatedTimeoutTheOneAskedForRules) {
  (void)session_.on_event(SessionEvent{context_.link.generation, SessionState::kConnected, SessionId{7}, {}});
  EXPECT_EQ(context_.link.timeout, seconds(10));
}

TEST_F(SessionTest, ANewHandleBeginsWithTheTimeoutThatIsAskedForAndItsOwnDeadline) {
  (void)tell(SessionState::kConnected);
  (void)pass(seconds(60));
  (void)tell(SessionState::kExpired);
  (void)pass(seconds(1));
  ASSERT_EQ(handles_opened(), 2U);
  EXPECT_EQ(context_.link.timeout, seconds(10));
  EXPECT_EQ(pass(milliseconds(29'999)), Session::Change::kNone);
  EXPECT_EQ(pass(milliseconds(1)), Session::Change::kEnded);
}

TEST_F(SessionTest, BrokenHandleIsEndedOnce) {
  (void)tell(SessionState::kConnected);
  const Generation old = context_.link.generation;
  (void)tell(SessionState::kExpired);
  EXPECT_FALSE(context_.link.connected);
  EXPECT_EQ(tell(SessionState::kExpired, old), Session::Change::kNone);
  EXPECT_EQ(tell(SessionState::kExpired), Session::Change::kNone);
}

TEST_F(SessionTest, QuietCountsFromTheLossOfTheConnection) {
  (void)tell(SessionState::kConnected);
  (void)pass(seconds(60));
  EXPECT_FALSE(session_.quiet_for_too_long());
  (void)tell(SessionState::kExpired);
  EXPECT_FALSE(session_.quiet_for_too_long()) << "it was connected a moment ago";
  context_.now += seconds(4);
  EXPECT_TRUE(session_.quiet_for_too_long());
}

TEST_F(SessionTest, EndWhileDisconnectedDoesNotBeginTheQuietAnew) {
  (void)tell(SessionState::kConnected);
  (void)tell(SessionState::kConnecting);
  (void)pass(milliseconds(3'999));
  (void)tell(SessionState::kExpired);
  context_.now += milliseconds(1);
  EXPECT_TRUE(session_.quiet_for_too_long());
}

// How long after a break the next handle is opened, in steps of 10 ms; the spread of at most 200 ms included.
class SessionBackOffTest : public SessionTest {
 protected:
  milliseconds break_and_reopen() {
    EXPECT_EQ(pass(seconds(30)), Session::Change::kEnded);
    const std::size_t before = handles_opened();
    milliseconds waited{0};
    while (handles_opened() == before && waited < seconds(20)) {
      (void)pass(milliseconds(10));
      waited += milliseconds(10);
    }
    return waited;
  }
};

TEST_F(SessionBackOffTest, HandlesThatNeverConnectAreReplacedMoreAndMoreSlowly) {
  for (const int least : {0, 200, 400, 800, 1'600, 3'200, 5'000, 5'000}) {
    const milliseconds waited = break_and_reopen();
    EXPECT_GE(waited, milliseconds(least));
    EXPECT_LE(waited, milliseconds(least + 210));
    EXPECT_EQ(session_.message(), "no server answers") << "the reason stays until it connects";
  }
}

TEST_F(SessionBackOffTest, AConnectionEndsTheBackOff) {
  for (int i = 0; i < 3; ++i) (void)break_and_reopen();
  (void)tell(SessionState::kConnected);
  (void)tell(SessionState::kConnecting);
  EXPECT_LE(break_and_reopen(), milliseconds(210));
  EXPECT_LE(break_and_reopen(), milliseconds(210)) << "a handle that was connected is no failure";
  EXPECT_GE(break_and_reopen(), milliseconds(200));
}

}  // namespace
}  // namespace chorale::coordination
