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

TEST_F(SessionTest, GivesTheHandleUpAfterThreeTimeouts) {
  (void)tell(SessionState::kConnected);
  (void)tell(SessionState::kConnecting);
  EXPECT_EQ(pass(milliseconds(17'999)), Session::Change::kNone);
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

TEST_F(SessionTest, ReconnectingInTimeKeepsTheHandle) {
  (void)tell(SessionState::kConnected);
  for (int flap = 0; flap < 10; ++flap) {
    (void)tell(SessionState::kConnecting);
    EXPECT_EQ(pass(seconds(5)), Session::Change::kNone);
    EXPECT_EQ(tell(SessionState::kConnected), Session::Change::kConnected);
  }
  EXPECT_EQ(handles_opened(), 1U);
}

}  // namespace
}  // namespace chorale::coordination
