// Seen on real parts: the ensemble was wiped together with Marathon's own state, a fresh proxy connected first, led,
// and published what Marathon said, nothing; every proxy answered 503.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/fakes/coordinator_cluster.h"

namespace chorale::coordination {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Contains;
using testing::HasSubstr;

constexpr seconds kSessionTimeout{10};                         // as the memory store has it
constexpr milliseconds kFirstStateWait = 4 * kSessionTimeout;  // without a word from an agent that serves something

Identity served(std::int64_t revision) { return Identity{Epoch{3}, Revision{revision}, std::string(64, '5')}; }

class FreshAgentTest : public testing::Test {
 protected:
  FreshAgentTest() {
    cluster_.after_each = [this] {
      const auto committed = cluster_.ensemble->nodes().find(Path("/chorale/state"));
      if (committed == nullptr) return;
      const auto state = decode_state(committed->data);
      emptied_ = emptied_ || (state && state->committed && state->committed->apps == 0);
    };
  }

  TestAgent& start_fresh(const std::string& id) {
    TestAgent& agent = cluster_.add(id);
    agent.knows_content = false;
    agent.start();
    return agent;
  }
  TestAgent& start_serving(const std::string& id, bool knows_content = true) {
    TestAgent& agent = cluster_.add(id);
    agent.knows_content = knows_content;
    agent.start(served(7));
    return agent;
  }
  // Lets time pass; whoever leads offers what its Marathon says, again and again: `apps`, or, where it knows what was
  // served, at least that.
  void follow_marathon(milliseconds duration, std::int64_t apps = 0) {
    for (milliseconds passed{0}; passed < duration; passed += milliseconds{500}) {
      cluster_.advance(milliseconds{500});
      TestAgent* leader = cluster_.leader();
      if (leader == nullptr) continue;
      leaders_.insert(leader->options().id);
      const bool guarded = leader->knows_content && leader->applied;
      const std::int64_t offered = guarded ? std::max<std::int64_t>(apps, 20) : apps;
      leader->offer(std::to_string(offered) + " apps", offered);
    }
  }
  [[nodiscard]] std::string leader_id() {
    const TestAgent* leader = cluster_.leader();
    return leader == nullptr ? "none" : leader->options().id;
  }

  CoordinatorCluster cluster_;
  bool emptied_ = false;
  std::set<std::string> leaders_;
};

TEST_F(FreshAgentTest, ThatLeadsFirstHandsOverToOneThatServesSomething) {
  const TestAgent& fresh = start_fresh("fresh");
  follow_marathon(3 * kSessionTimeout);  // the servers refuse the sessions of the others for so long
  EXPECT_EQ(leader_id(), "fresh");
  const TestAgent& old = start_serving("old");
  follow_marathon(seconds(5));
  EXPECT_EQ(leader_id(), "old");
  EXPECT_FALSE(emptied_);
  ASSERT_TRUE(cluster_.state().committed);
  EXPECT_EQ(cluster_.state().committed->apps, 20);
  EXPECT_EQ(fresh.applied, cluster_.state().committed->identity);
  EXPECT_EQ(old.applied, fresh.applied);
  EXPECT_THAT(fresh.lost.at(0).reason, HasSubstr("old has applied 3.7"));
}

TEST_F(FreshAgentTest, NeverFollowsMarathonWhereAnotherServesSomething) {
  const TestAgent& old = start_serving("old");
  cluster_.advance(kSessionTimeout + seconds(3));  // a state that is gone is created again only then
  ASSERT_EQ(leader_id(), "old");
  const TestAgent& fresh = start_fresh("fresh");
  cluster_.settle();
  for (const std::string& name : cluster_.list("/chorale/election")) {
    if (name.starts_with("old.")) {
      ASSERT_TRUE(cluster_.operate(DeleteNode{Path("/chorale/election/" + name), kAnyVersion}));
    }
  }
  cluster_.settle();
  ASSERT_TRUE(cluster_.operate(DeleteNode{Path("/chorale/state"), kAnyVersion}));
  follow_marathon(3 * kSessionTimeout);
  EXPECT_EQ(cluster_.state().leader, "old");
  EXPECT_EQ(cluster_.state().epoch, Epoch{6}) << "the fresh one has led in the one before";
  EXPECT_TRUE(fresh.gained.empty());
  EXPECT_EQ(old.gained.size(), 2U);
  EXPECT_FALSE(emptied_);
}

TEST_F(FreshAgentTest, OffersAnEmptyFirstStateOnlyAfterFourSessionTimeouts) {
  TestAgent& fresh = start_fresh("fresh");
  cluster_.advance(seconds(1));
  ASSERT_TRUE(fresh.leading());
  follow_marathon(kFirstStateWait - seconds(2));
  EXPECT_FALSE(emptied_);
  ASSERT_FALSE(fresh.closed.empty());
  EXPECT_EQ(fresh.closed.back().fate, Fate::kAbandoned);
  EXPECT_THAT(fresh.closed.back().reason, HasSubstr("has no apps"));
  follow_marathon(seconds(2));
  EXPECT_TRUE(emptied_);
  EXPECT_EQ(fresh.lost.size(), 0U);
}

TEST_F(FreshAgentTest, OffersAFirstStateWithAppsAtOnce) {
  TestAgent& fresh = start_fresh("fresh");
  cluster_.settle();
  ASSERT_TRUE(fresh.leading());
  fresh.offer("one", 1);
  cluster_.settle();
  EXPECT_TRUE(cluster_.state().committed);
  fresh.offer("none", 0);
  cluster_.settle();
  EXPECT_TRUE(emptied_) << "no first state: the guard has judged it against the one before";
}

TEST_F(FreshAgentTest, WithoutAnyOtherOffersAnEmptyFirstStateAtOnce) {
  cluster_.defaults.alone = true;
  TestAgent& fresh = start_fresh("fresh");
  cluster_.settle();
  fresh.offer("none", 0);
  cluster_.settle();
  EXPECT_TRUE(emptied_);
}

TEST_F(FreshAgentTest, ThatKnowsWhatItServedOffersAnEmptyStateAtOnce) {
  TestAgent& old = start_serving("old");
  cluster_.settle();
  old.offer("none", 0);
  cluster_.advance(kSessionTimeout + seconds(3));  // a state that is gone is created again only then
  old.offer("none", 0);
  cluster_.settle();
  EXPECT_TRUE(emptied_) << "its guard has judged it";
}

// Their files were lost, or are of a format that this version cannot read.
TEST_F(FreshAgentTest, AgentsThatServeSomethingUnknownDoNotPassTheLeadOnForEver) {
  start_serving("a", false);
  start_serving("b", false);
  start_serving("c", false);
  follow_marathon(10 * kSessionTimeout);
  EXPECT_NE(leader_id(), "none");
  EXPECT_LE(cluster_.state().epoch.value, 20);
  EXPECT_FALSE(emptied_) << "while another agent serves something";
  follow_marathon(seconds(1), 3);
  ASSERT_TRUE(cluster_.state().committed);
  EXPECT_EQ(cluster_.state().committed->apps, 3);
}

TEST_F(FreshAgentTest, EveryAgentThatServesSomethingIsAskedBeforeAnythingIsOffered) {
  start_serving("a", false);
  start_serving("b", false);
  start_fresh("c");
  start_serving("d");
  follow_marathon(6 * kSessionTimeout);
  EXPECT_EQ(leader_id(), "d");
  EXPECT_EQ(cluster_.state().committed->apps, 20);
}

TEST_F(FreshAgentTest, AnAgentThatComesBackIsAskedAgain) {
  start_fresh("fresh");
  follow_marathon(seconds(2));
  TestAgent& old = start_serving("old", false);
  follow_marathon(seconds(3));
  ASSERT_EQ(leader_id(), "old");
  cluster_.kill_and_expire(old);
  follow_marathon(seconds(2));
  ASSERT_EQ(leader_id(), "fresh");
  start_serving("old");
  follow_marathon(seconds(5));
  EXPECT_EQ(leader_id(), "old");
  EXPECT_FALSE(emptied_);
}

}  // namespace
}  // namespace chorale::coordination
