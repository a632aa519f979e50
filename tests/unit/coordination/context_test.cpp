#include "coordination/context.h"

#include <gtest/gtest.h>

#include <set>

namespace chorale::coordination {
namespace {

using std::chrono::milliseconds;

CoordinatorOptions options_of(const std::string& id) {
  CoordinatorOptions options;
  options.id = id;
  return options;
}

class ContextTest : public testing::Test {
 protected:
  void check() {
    context_.send(scope_, CheckNode{Path("/a")},
                  [this](Reply<CheckNode> reply) { replies_.push_back(std::move(reply)); });
  }
  std::uint64_t request(std::size_t index) const {
    return std::get<SendRequest>(std::get<StoreEffect>(context_.effects[index])).request;
  }

  Context context_{options_of("a")};
  Scope scope_{"tester"};
  std::vector<Reply<CheckNode>> replies_;
};

TEST_F(ContextTest, WhileNotConnectedNothingIsSentAndTheAnswerIsConnectionLoss) {
  check();
  EXPECT_TRUE(context_.effects.empty());
  EXPECT_TRUE(replies_.empty()) << "never from inside send()";
  context_.answer_unsent();
  ASSERT_EQ(replies_.size(), 1U);
  EXPECT_EQ(replies_[0].error().kind, ErrorKind::kConnectionLoss);
  context_.answer_unsent();
  EXPECT_EQ(replies_.size(), 1U);
}

TEST_F(ContextTest, AnswerFindsItsQuestionOnce) {
  context_.link.connected = true;
  check();
  check();
  ASSERT_NE(request(0), request(1));
  context_.reply(StoreReplied{request(1), Answer(Checked{Stat{}})});
  context_.reply(StoreReplied{request(1), Answer(Checked{})});
  ASSERT_EQ(replies_.size(), 1U);
  EXPECT_TRUE(replies_[0]->stat);
  context_.reply(StoreReplied{request(0), tl::unexpected(Error{ErrorKind::kNoAuth, "no"})});
  ASSERT_EQ(replies_.size(), 2U);
  EXPECT_EQ(replies_[1].error().kind, ErrorKind::kNoAuth);
}

TEST_F(ContextTest, AnswerOfAnotherKindIsAnError) {
  context_.link.connected = true;
  check();
  context_.reply(StoreReplied{request(0), Answer(Synced{})});
  ASSERT_EQ(replies_.size(), 1U);
  EXPECT_EQ(replies_[0].error().kind, ErrorKind::kBadRequest);
}

TEST_F(ContextTest, ForgottenQuestionsAreNeverAnswered) {
  check();
  context_.link.connected = true;
  check();
  const std::uint64_t forgotten = request(0);
  context_.forget_requests();
  context_.answer_unsent();
  context_.reply(StoreReplied{forgotten, Answer(Checked{})});
  EXPECT_TRUE(replies_.empty());
  check();
  EXPECT_GT(request(1), forgotten) << "a number is never used twice";
}

TEST_F(ContextTest, AnAnswerToAnEndedScopeIsDropped) {
  context_.link.connected = true;
  check();
  scope_.end();
  check();
  context_.reply(StoreReplied{request(0), Answer(Checked{Stat{}})});
  EXPECT_TRUE(replies_.empty());
  context_.reply(StoreReplied{request(1), Answer(Checked{Stat{}})});
  EXPECT_EQ(replies_.size(), 1U);
}

TEST_F(ContextTest, TellsWhatIsWaitedFor) {
  context_.link.connected = true;
  check();
  EXPECT_EQ(context_.describe_requests(), std::vector<std::string>{"tester: check /a"});
  scope_.end();
  EXPECT_TRUE(context_.describe_requests().empty());
}

TEST(ContextSpreadTest, StaysBelowItsLimitAndIsFixedForEachAgentAndSalt) {
  std::set<milliseconds> spread;
  for (int agent = 0; agent < 100; ++agent) {
    const Context context(options_of("agent-" + std::to_string(agent)));
    const milliseconds first = context.spread(milliseconds(1'000), 1);
    EXPECT_GE(first, milliseconds(0));
    EXPECT_LT(first, milliseconds(1'000));
    EXPECT_EQ(first, context.spread(milliseconds(1'000), 1));
    spread.insert(first);
    spread.insert(context.spread(milliseconds(1'000), 2));
  }
  EXPECT_GT(spread.size(), 150U);
}

TEST(ContextSpreadTest, OfNothingIsNothing) {
  const Context context(options_of("a"));
  EXPECT_EQ(context.spread(milliseconds(0), 1), milliseconds(0));
  EXPECT_EQ(context.spread(milliseconds(-1), 1), milliseconds(0));
  EXPECT_EQ(context.spread(milliseconds(1), 1), milliseconds(0));
}

}  // namespace
}  // namespace chorale::coordination
