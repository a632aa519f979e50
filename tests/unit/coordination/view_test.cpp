// What an agent knows of the others without asking.
#include "coordination/view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/coordination/pool.h"

namespace chorale::coordination {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ViewTest : public PoolTest {
 protected:
  void SetUp() override {
    a().offer("one");
    cluster_.advance(seconds(3));
    ASSERT_EQ(a().applied, b().applied);
    ASSERT_TRUE(b().applied);
  }
  void say(TestAgent& agent, Condition condition) {
    StatusChanged status;
    status.condition = condition;
    agent.step(status);
    cluster_.advance(seconds(3));
  }
};

TEST_F(ViewTest, NamesTheOthersAndWhereTheyListen) {
  EXPECT_THAT(a().view->peers, ElementsAre(PeerAddress{"b", b().options().admin}));
  EXPECT_THAT(b().view->peers, ElementsAre(PeerAddress{"a", a().options().admin}));
  cluster_.kill_and_expire(b());
  cluster_.advance(seconds(3));
  EXPECT_THAT(a().view->peers, ElementsAre());
}

TEST_F(ViewTest, NamesMembersThatAreMissing) {
  EXPECT_THAT(a().view->missing_members, ElementsAre());
  create("/chorale/members/c", "{}");
  cluster_.advance(seconds(3));
  EXPECT_THAT(a().view->missing_members, ElementsAre("c"));
  EXPECT_THAT(b().view->missing_members, ElementsAre("c"));
  cluster_.kill_and_expire(b());
  cluster_.advance(seconds(3));
  EXPECT_THAT(a().view->missing_members, ElementsAre("b", "c"));
  remove("/chorale/members/c");
  cluster_.advance(seconds(3));
  EXPECT_THAT(a().view->missing_members, ElementsAre("b"));
}

TEST_F(ViewTest, AFollowerKnowsFromTheLeaderWhetherATemplateIsPushed) {
  EXPECT_EQ(b().view->template_pushed, false);
  EXPECT_EQ(a().view->template_pushed, std::nullopt) << "it knows itself";
  StatusChanged status;
  status.template_pushed = true;
  a().step(status);
  cluster_.advance(seconds(3));
  EXPECT_EQ(b().view->template_pushed, true);
  cluster_.kill_and_expire(a());
  cluster_.advance(seconds(3));
  EXPECT_EQ(b().view->template_pushed, std::nullopt);
}

TEST_F(ViewTest, WhatADownAgentHasAppliedIsServedByNobody) {
  say(b(), Condition::kOk);
  EXPECT_EQ(a().view->peer_applied, b().applied);
  say(b(), Condition::kDegraded);
  EXPECT_EQ(a().view->peer_applied, b().applied);
  say(b(), Condition::kDown);
  EXPECT_EQ(a().view->peer_applied, std::nullopt);
  say(b(), Condition::kOk);
  EXPECT_EQ(a().view->peer_applied, b().applied);
}

TEST_F(ViewTest, SaysWhyItIsNotRegistered) {
  EXPECT_TRUE(b().view->registered);
  EXPECT_EQ(b().view->registration_message, "");
  b().refuse = refusing<CreateNode>("/chorale/agents/b", ErrorKind::kNoAuth);
  remove("/chorale/agents/b");
  cluster_.advance(seconds(2));
  EXPECT_FALSE(b().view->registered);
  EXPECT_NE(b().view->registration_message, "");
  b().refuse = nullptr;
  cluster_.advance(seconds(30));
  EXPECT_TRUE(b().view->registered);
  EXPECT_EQ(b().view->registration_message, "");
}

}  // namespace
}  // namespace chorale::coordination
