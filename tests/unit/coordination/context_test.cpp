// Asking the store: what becomes of the answers.
#include "coordination/context.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace chorale::coordination {
namespace {

using testing::HasSubstr;
using testing::Not;

class ContextTest : public testing::Test {
 protected:
  ContextTest() { context_.link.connected = true; }

  void read_state() {
    context_.send(scope_, ReadNode{context_.paths.state}, [this](const Reply<ReadNode>& reply) {
      ++answers_;
      failed_ = !reply;
    });
  }
  // The number of the last request that was sent.
  std::uint64_t request() const {
    return std::get<SendRequest>(std::get<StoreEffect>(context_.effects.back())).request;
  }

  Context context_{CoordinatorOptions{}};
  Scope scope_{"tester"};
  int answers_ = 0;
  bool failed_ = false;
};

TEST_F(ContextTest, AnAnswerIsHandedOverOnce) {
  read_state();
  context_.reply({request(), NodeRead{}});
  context_.reply({request(), NodeRead{}});
  EXPECT_EQ(answers_, 1);
  EXPECT_FALSE(failed_);
}

TEST_F(ContextTest, AnAnswerToAnEndedScopeIsDropped) {
  read_state();
  scope_.end();
  context_.reply({request(), NodeRead{}});
  EXPECT_EQ(answers_, 0);
  read_state();
  context_.reply({request(), NodeRead{}});
  EXPECT_EQ(answers_, 1);
}

TEST_F(ContextTest, AnAnswerOfAnEarlierHandleIsDropped) {
  read_state();
  context_.forget_requests();
  context_.reply({request(), NodeRead{}});
  EXPECT_EQ(answers_, 0);
}

TEST_F(ContextTest, NothingIsSentWhileNotConnected) {
  context_.link.connected = false;
  read_state();
  EXPECT_TRUE(context_.effects.empty());
  EXPECT_EQ(answers_, 0);
  context_.answer_unsent();
  EXPECT_EQ(answers_, 1);
  EXPECT_TRUE(failed_);
}

TEST_F(ContextTest, TellsWhatIsWaitedFor) {
  read_state();
  EXPECT_THAT(context_.describe_requests(), HasSubstr("tester: read /chorale/state"));
  scope_.end();
  EXPECT_THAT(context_.describe_requests(), Not(HasSubstr("read")));
}

}  // namespace
}  // namespace chorale::coordination
