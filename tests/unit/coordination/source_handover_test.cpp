// A leader that alone cannot reach where the routes come from hands over, and nobody plays ping-pong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/coordination/pool.h"

namespace chorale::coordination {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class SourceHandoverTest : public PoolTest {
 protected:
  void say(TestAgent& agent, bool reaches, Condition condition = Condition::kOk) {
    StatusChanged status;
    status.condition = condition;
    status.marathon_reachable = reaches;
    agent.step(status);
    cluster_.settle();
  }
  bool leads(const TestAgent& agent) { return cluster_.leader() == &agent; }
};

TEST_F(SourceHandoverTest, ALeaderThatDoesNotReachMarathonHandsOverAfterFifteenSeconds) {
  say(b(), true);
  say(a(), true);
  cluster_.advance(seconds(30));
  ASSERT_TRUE(leads(a()));
  say(a(), false);
  cluster_.advance(milliseconds(14'800));
  EXPECT_TRUE(leads(a()));
  ASSERT_TRUE(cluster_.wait([&] { return leads(b()); }, seconds(2)));
  EXPECT_THAT(cluster_.list("/chorale/election"), SizeIs(1)) << "it stays away for a second";
  cluster_.advance(milliseconds(500));
  EXPECT_THAT(cluster_.list("/chorale/election"), SizeIs(1));
  cluster_.advance(seconds(2));
  EXPECT_THAT(cluster_.list("/chorale/election"), SizeIs(2));
  EXPECT_TRUE(leads(b()));
  ASSERT_EQ(a().lost.size(), 1U);
  EXPECT_THAT(a().lost[0].reason, HasSubstr("Marathon cannot be reached from here, and b reaches it"));
  cluster_.advance(seconds(60));
  EXPECT_TRUE(leads(b()));
}

TEST_F(SourceHandoverTest, WhereNobodyReachesItTheLeaderStays) {
  say(b(), true);
  say(a(), false);
  cluster_.advance(seconds(10));
  say(b(), false);
  cluster_.advance(seconds(60));
  EXPECT_TRUE(leads(a()));
  say(b(), true);  // first, but it counts anew
  cluster_.advance(seconds(14));
  EXPECT_TRUE(leads(a()));
  say(a(), true);
  cluster_.advance(seconds(60));
  EXPECT_TRUE(leads(a()));
}

TEST_F(SourceHandoverTest, WhoCouldNotLeadIsNoReason) {
  a().announce({{"realm", "prod"}});
  b().announce({{"realm", "prod"}});
  cluster_.advance(seconds(1));
  a().offer("one");
  cluster_.advance(seconds(1));
  say(b(), true, Condition::kDown);
  say(a(), false);
  cluster_.advance(seconds(30));
  EXPECT_TRUE(leads(a())) << "b is down";
  b().announce({{"realm", "other"}});
  say(b(), true);
  cluster_.advance(seconds(30));
  EXPECT_TRUE(leads(a())) << "b has another policy";
}

// Their words are not to be relied on; going to and fro would not make it better.
TEST_F(SourceHandoverTest, TheSameAgentHandsOverOnceInFiveMinutes) {
  say(b(), true);
  say(a(), false);
  cluster_.advance(seconds(20));
  ASSERT_TRUE(leads(b()));
  say(a(), true);
  say(b(), false);
  cluster_.advance(seconds(20));
  ASSERT_TRUE(leads(a()));
  say(b(), true);
  say(a(), false);
  cluster_.advance(seconds(240));
  EXPECT_TRUE(leads(a()));
  cluster_.advance(seconds(60));
  EXPECT_TRUE(leads(b()));
}

// Its tree ends with its process: no older leader can be about to write there.
TEST(StandaloneRestartTest, WaitsForNoOlderSession) {
  CoordinatorCluster cluster;
  cluster.defaults.alone = true;
  TestAgent& agent = cluster.add("a");
  agent.start(identity(7, 41));
  EXPECT_TRUE(cluster.wait([&] { return agent.leading(); }, seconds(1)));
  EXPECT_GT(cluster.state().epoch, Epoch{7});
}

TEST_F(SourceHandoverTest, DrainedIsNotIllSoItTakesOver) {
  StatusChanged drained;
  drained.condition = Condition::kDown;
  drained.marathon_reachable = true;
  drained.drained = Drained{"jo", "", "2026-11-22T12:00:00.000Z"};
  b().step(drained);
  say(a(), true);
  cluster_.advance(seconds(30));
  ASSERT_TRUE(leads(a()));
  say(a(), false);
  EXPECT_TRUE(cluster_.wait([&] { return leads(b()); }, seconds(20)));
}

}  // namespace
}  // namespace chorale::coordination
