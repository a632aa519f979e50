#include "coordination/mirror.h"

#include <gtest/gtest.h>

namespace chorale::coordination {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class MirrorTest : public testing::Test {
 protected:
  MirrorTest() : context_(CoordinatorOptions{}), mirror_(context_, "tester") {
    context_.now = TimePoint(std::chrono::hours(1));
    context_.link.connected = true;
    mirror_.reset();
  }
  void look() {
    mirror_.look(ReadNode{context_.paths.state}, [this](const Reply<ReadNode>&) { ++answers_; });
  }
  void answer() {
    context_.reply({std::get<SendRequest>(std::get<StoreEffect>(context_.effects.back())).request, NodeRead{}});
  }
  void pass(milliseconds duration) { context_.now += duration; }

  Context context_;
  Mirror mirror_;
  int answers_ = 0;
};

TEST_F(MirrorTest, OneLookAtATime) {
  EXPECT_TRUE(mirror_.due());
  look();
  mirror_.suspect();
  EXPECT_FALSE(mirror_.may_look());
  mirror_.fresh();
  EXPECT_TRUE(mirror_.due()) << "what was suspected during a look is looked at again";
}

TEST_F(MirrorTest, NoLookWhileNotConnected) {
  context_.link.connected = false;
  EXPECT_FALSE(mirror_.may_look());
}

TEST_F(MirrorTest, WhatIsFreshIsReadAgainAfterTheInterval) {
  look();
  mirror_.fresh();
  pass(seconds(10) - milliseconds(1));
  EXPECT_FALSE(mirror_.due());
  EXPECT_TRUE(mirror_.may_look());
  pass(milliseconds(1));
  EXPECT_TRUE(mirror_.due());
}

TEST_F(MirrorTest, ALostReplyIsTriedAgainSoonAndARefusalLater) {
  look();
  mirror_.again(Error{ErrorKind::kConnectionLoss, ""});
  EXPECT_FALSE(mirror_.due());
  pass(kRetryDelay);
  EXPECT_TRUE(mirror_.due());
  look();
  mirror_.again(Error{ErrorKind::kNoAuth, ""});
  pass(kRefusedDelay - milliseconds(1));
  mirror_.suspect();
  EXPECT_FALSE(mirror_.due()) << "a watch does not shorten the wait";
  pass(milliseconds(1));
  EXPECT_TRUE(mirror_.due());
}

TEST_F(MirrorTest, ResetDropsTheLookUnderWay) {
  look();
  mirror_.reset();
  EXPECT_TRUE(mirror_.due());
  answer();
  EXPECT_EQ(answers_, 0);
  look();
  answer();
  EXPECT_EQ(answers_, 1);
}

}  // namespace
}  // namespace chorale::coordination
